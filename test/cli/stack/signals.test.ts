import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns'
import { ListQueuesCommand } from '@aws-sdk/client-sqs'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { run } from '../../../cli/program.ts'
import { openTail } from '../../../shared/aws/signals/signal-tail.ts'
import { SnsSignalPublisher } from '../../../shared/aws/signals/sns-publisher.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { IMPATIENT } from '../../emulators/dynamo-table.ts'
import { faux } from '../../emulators/faux.ts'
import { fakeTerminal } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const { set } = deployed()
const emulator = faux()
let topic = ''

beforeEach(() => {
  emulator().server.purgeAll()
  process.env.AWS_ENDPOINT_URL_SNS = emulator().endpoint
  process.env.AWS_ENDPOINT_URL_SQS = emulator().endpoint
  topic = emulator().server.createTopic('signals').topicArn
  set({ signalTopic: topic })
})

function signal(name: string, severity: 'critical' | 'high' | 'low'): SignalEvent {
  const evidence = { text: `${name} broke`, clauses: [], truncated: false }
  const data = {
    signal: name,
    severity,
    tags: [],
    description: 'why',
    ruleRevision: 'r',
    traceId: 'a'.repeat(32),
    service: 'shop',
    complete: true,
    evidence,
  }
  const time = '2026-01-01T00:00:00.000Z'
  const head = {
    specversion: '1.0',
    id: `${name}.live.1`,
    source: '/betrace',
    type: 'dev.betrace.signal.firing',
  } as const
  return {
    ...head,
    subject: data.traceId,
    time,
    datacontenttype: 'application/json',
    signalid: name,
    mode: 'live',
    status: 'firing',
    sequence: 1,
    data,
  }
}

const publish = (...events: readonly SignalEvent[]) =>
  new SnsSignalPublisher({ client: emulator().sns, arn: topic, backoff: IMPATIENT }).publish(events)

async function left() {
  const { QueueUrls = [] } = await emulator().sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'betrace-tail-' }))
  const { Subscriptions = [] } = await emulator().sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic }))
  return { queues: QueueUrls.length, subscriptions: Subscriptions.length }
}

/** Runs a tail, publishes once it listens, stops it once `until` was shown. */
async function tailed(args: readonly string[], events: readonly SignalEvent[], until: string) {
  const terminal = fakeTerminal()
  const running = run(['signals', 'tail', ...args], terminal)
  await vi.waitFor(() => expect(terminal.stderr.text()).toContain('listening'), 5_000)
  await publish(...events)
  await vi.waitFor(() => expect(terminal.stdout.text()).toContain(until), 5_000)
  terminal.ctrlC.abort()
  return { exitCode: await running, out: terminal.stdout.text(), err: terminal.stderr.text() }
}

describe('betrace signals tail', () => {
  test('shows signals as the server does, and leaves nothing behind', async () => {
    const { exitCode, out, err } = await tailed([], [signal('ONE', 'low'), signal('TWO', 'high')], 'TWO broke')
    expect(exitCode).toBe(0)
    expect(out).toContain('LOW ONE  2026-01-01T00:00:00.000Z\n')
    expect(out).toContain(`  trace ${'a'.repeat(32)} · shop\n`)
    expect(err).toContain('stopped after 2 signals')
    expect(await left()).toEqual({ queues: 0, subscriptions: 0 })
  })

  test('shows only the severity asked for and above', async () => {
    const events = [signal('A', 'low'), signal('B', 'critical'), signal('C', 'high')]
    const { out } = await tailed(['--severity', 'high', '--format', 'jsonl'], events, '"C"')
    const names = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as SignalEvent).data.signal)
    expect(names.toSorted()).toEqual(['B', 'C'])
  })

  test('shows only the signals asked for', async () => {
    const { out } = await tailed(['--signal', 'B'], [signal('A', 'low'), signal('B', 'low')], 'B broke')
    expect(out).not.toContain('A broke')
  })
})

describe('a tail that was killed', () => {
  const place = (nowMs: number, stack = 'betrace-main') => {
    const { sns, sqs } = emulator()
    return { sns, sqs, arn: topic, stack, clock: () => nowMs }
  }
  const NOW_MS = 1_764_000_000_000

  test('is cleaned up by the next one, with its subscription', async () => {
    await openTail(place(NOW_MS), {})
    const next = await openTail(place(NOW_MS + 6 * 60_000), {})
    expect(next.staleRemoved).toBe(1)
    expect(await left()).toEqual({ queues: 1, subscriptions: 1 })
  })

  test('is distinguished from one that somebody still looks at, and from those of other stacks', async () => {
    let nowMs = NOW_MS
    const living = await openTail({ ...place(0), clock: () => nowMs }, {})
    await openTail(place(NOW_MS, 'betrace-main-2'), {})
    nowMs += 6 * 60_000
    await living.receive(AbortSignal.abort())
    expect((await openTail(place(nowMs), {})).staleRemoved).toBe(0)
    expect((await left()).queues).toBe(3)
  })
})
