import { PublishBatchCommand } from '@aws-sdk/client-sns'
import { beforeEach, describe, expect, test } from 'vitest'
import { SnsSignalPublisher } from '../../../shared/aws/signals/sns-publisher.ts'
import type { SignalEvent, VerdictEvent } from '../../../shared/pipeline/signal.ts'
import { IMPATIENT } from '../../emulators/dynamo-table.ts'
import { faux, intercepted } from '../../emulators/faux.ts'

const emulator = faux()
let arn = ''

beforeEach(() => {
  const { server } = emulator()
  server.purgeAll()
  arn = server.createTopic('signals').topicArn
  server.createQueue('inbox')
  server.subscribe({ topic: 'signals', queue: 'inbox' })
})

const publisher = (client = emulator().sns) => new SnsSignalPublisher({ client, arn, backoff: IMPATIENT })

function signal(id: string, text = '', more: Partial<SignalEvent['data']> = {}): SignalEvent {
  return {
    specversion: '1.0',
    id,
    source: '/betrace',
    type: 'dev.betrace.signal.firing',
    subject: 'trace',
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    signalid: 's',
    mode: 'live',
    status: 'firing',
    sequence: 1,
    data: {
      signal: 'NO_CHARGE',
      severity: 'critical',
      description: 'why',
      tags: [],
      ruleRevision: 'r',
      traceId: 'a'.repeat(32),
      service: 'shop',
      complete: true,
      evidence: { text, clauses: [], truncated: false },
      ...more,
    },
  }
}

interface Delivered {
  readonly Message: string
  readonly MessageAttributes?: Readonly<Record<string, { readonly Value: string }>>
}

function inbox(): readonly Delivered[] {
  const ready = emulator().server.inspectQueue('inbox')?.messages.ready ?? []
  return ready.map(({ body }) => JSON.parse(body) as Delivered)
}

function idsIn(messages: readonly Delivered[]): readonly string[] {
  return messages.map(({ Message }) => (JSON.parse(Message) as SignalEvent).id)
}

describe('a published signal', () => {
  test('is the CloudEvent itself, with attributes to filter by', async () => {
    const event = signal('one', 'because')
    expect(await publisher().publish([event])).toEqual([])
    const [message] = inbox()
    expect(JSON.parse(message?.Message ?? '')).toEqual(event)
    const attributes = Object.entries(message?.MessageAttributes ?? {}).map(([name, { Value }]) => [name, Value])
    expect(Object.fromEntries(attributes)).toEqual({
      signal: 'NO_CHARGE',
      severity: 'critical',
      service: 'shop',
      status: 'firing',
      mode: 'live',
      complete: 'true',
    })
  })

  test('of a trace that ran during experiments has their ids as an array, as many as an attribute holds', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `experiment-${i}`)
    await publisher().publish([
      signal('two', '', { experiments: ['a', 'b'] }),
      signal('many', '', { experiments: many }),
    ])
    const [two, hundred] = inbox().map(({ MessageAttributes }) => MessageAttributes?.experiments)
    expect(two).toEqual({ Type: 'String.Array', Value: '["a","b"]' })
    expect(hundred?.Value.length).toBeLessThanOrEqual(1_000)
    expect(JSON.parse(hundred?.Value ?? '')).toEqual(many.slice(0, JSON.parse(hundred?.Value ?? '[]').length))
  })

  test('whose service has no name, or one that XML cannot carry, is still sent', async () => {
    const service = 'a\u0000b\uffff'
    const events = [signal('empty', '', { service: '' }), signal('odd', 'x\u0001\ufffe', { service })]
    expect(await publisher().publish(events)).toEqual([])
    const [empty, odd] = inbox()
    expect(empty?.MessageAttributes?.service).toBeUndefined()
    expect(odd?.MessageAttributes?.service?.Value).toBe('a\\u0000b\\uffff')
    for (const char of ['\u0001', '\ufffe', '\uffff']) expect(odd?.Message).not.toContain(char)
    expect(JSON.parse(odd?.Message ?? '').data.service).toBe(service)
  })

  test('too large for a message goes without what makes it large', async () => {
    const large = signal('large', 'why', { description: 'd'.repeat(300_000), runbook: 'r' })
    expect(await publisher().publish([large, signal('small')])).toEqual([])
    const [sent] = inbox().map(({ Message }) => JSON.parse(Message) as SignalEvent)
    expect(sent).toMatchObject({ id: 'large', data: { evidence: { text: 'why' }, runbook: 'r' } })
    expect(sent?.data.description).toHaveLength(1_000)
  })
})

test('a verdict on an experiment has attributes to filter by, and is not a signal to a subscriber that filters by severity', async () => {
  const window = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T01:00:00.000Z' }
  const judged = {
    outcome: 'held',
    traces: 3,
    signals: 0,
    rules: [],
    unknownRules: [],
    failures: [],
    services: [],
  } as const
  const event: VerdictEvent = {
    specversion: '1.0',
    id: 'verdict.1',
    source: '/betrace',
    type: 'dev.betrace.experiment.verdict',
    subject: 'drill',
    time: window.to,
    datacontenttype: 'application/json',
    mode: 'replay',
    sequence: 1,
    data: { ...window, ...judged, before: { ...window, traces: 0 } },
  }
  expect(await publisher().publish([event])).toEqual([])
  const [message] = inbox()
  expect(JSON.parse(message?.Message ?? '')).toEqual(event)
  const attributes = Object.entries(message?.MessageAttributes ?? {}).map(([name, { Value }]) => [name, Value])
  expect(Object.fromEntries(attributes)).toEqual({
    experiment: 'drill',
    outcome: 'held',
    status: 'verdict',
    mode: 'replay',
  })
})

describe('many signals', () => {
  test('go in batches of ten, cut where ten would be too large together', async () => {
    const sizes: number[] = []
    const watched = intercepted(emulator().sns, ({ input }) => {
      sizes.push((input as PublishBatchCommand['input']).PublishBatchRequestEntries?.length ?? 0)
    })
    const many = Array.from({ length: 25 }, (_, i) => signal(`small-${i}`))
    const large = Array.from({ length: 5 }, (_, i) => signal(`large-${i}`, 'x'.repeat(100_000)))
    expect(await publisher(watched).publish([...many, ...large])).toEqual([])
    expect(sizes).toEqual([10, 10, 7, 2, 1])
    expect(idsIn(inbox()).toSorted()).toEqual([...many, ...large].map(({ id }) => id).toSorted())
  })

  test('are sent again one by one where the topic did not take them', async () => {
    let refusals = 1
    const moody = intercepted(emulator().sns, async (command) => {
      const [first, ...rest] = (command as PublishBatchCommand).input.PublishBatchRequestEntries ?? []
      if (refusals-- <= 0) return undefined
      await emulator().sns.send(new PublishBatchCommand({ TopicArn: arn, PublishBatchRequestEntries: rest }))
      return { Failed: [{ Id: first?.Id, Code: 'InternalError', SenderFault: false }] }
    })
    expect(await publisher(moody).publish(['a', 'b', 'c'].map((id) => signal(id)))).toEqual([])
    expect(idsIn(inbox()).toSorted()).toEqual(['a', 'b', 'c'])
  })

  test('with one that is refused for good report that one, and the others are sent', async () => {
    const refusing = intercepted(emulator().sns, async (command) => {
      const [first, ...rest] = (command as PublishBatchCommand).input.PublishBatchRequestEntries ?? []
      await emulator().sns.send(new PublishBatchCommand({ TopicArn: arn, PublishBatchRequestEntries: rest }))
      return { Failed: [{ Id: first?.Id, Code: 'InvalidParameter', SenderFault: true }] }
    })
    const failed = await publisher(refusing).publish(['a', 'b'].map((id) => signal(id)))
    expect(failed.map(({ event, reason }) => [event.id, reason])).toEqual([['a', 'InvalidParameter']])
    expect(idsIn(inbox())).toEqual(['b'])
  })

  test('with a batch that fails report its signals; only where none was sent the failure itself is thrown', async () => {
    const events = Array.from({ length: 12 }, (_, i) => signal(String(i)))
    const broken = intercepted(emulator().sns, (command) => {
      const entries = (command as PublishBatchCommand).input.PublishBatchRequestEntries ?? []
      return entries.length === 10 ? Promise.reject(new Error('no answer')) : undefined
    })
    const failed = await publisher(broken).publish(events)
    expect(failed.map(({ event }) => event.id)).toEqual(events.slice(0, 10).map(({ id }) => id))
    await expect(publisher(broken).publish(events.slice(0, 10))).rejects.toMatchObject({ transient: true })
  })
})
