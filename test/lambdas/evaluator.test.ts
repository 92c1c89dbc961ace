import type { Context } from 'aws-lambda'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type IncidentTimer, timerMessage, timerOf } from '../../shared/aws/buffer/timer-message.ts'
import { DynamoIncidents } from '../../shared/aws/incidents/dynamo-incidents.ts'
import { incidentKey } from '../../shared/incidents/incident.ts'
import { newChunk } from '../../shared/pipeline/chunk.ts'
import type { TraceTimer } from '../../shared/pipeline/ports.ts'
import { CONTEXT, type LocalStack, START_MS, startLocalStack } from '../emulators/local-stack.ts'
import { streamRecord } from '../emulators/stream-records.ts'
import { TRACE_ID, tracesData } from '../pipeline/traces.ts'

const RULES = `
// Signal: ANY_CHARGE (high)
trace.has(payment.charge)
`
let stack: LocalStack
beforeEach(async () => {
  stack = await startLocalStack({ rules: RULES, judging: { maxAttempts: 3, retryDelayMs: 1_000 } })
})
afterEach(() => stack.stop())

const CHARGE = { name: 'payment.charge', id: 1, startMs: START_MS - 10, endMs: START_MS }
const timer = (traceId: string, attempt = 0): TraceTimer => {
  const chunkKeys = [newChunk(traceId, START_MS - 60_000, Buffer.from(traceId), 1).key]
  return { kind: 'trace', traceId, chunkKeys, dueAtMs: START_MS, attempt }
}
const message = (messageId: string, body: string, receives = 1) => ({
  messageId,
  body,
  attributes: { ApproximateReceiveCount: String(receives) },
  eventSource: 'aws:sqs',
})
const deliver = (Records: readonly object[], context: Context = CONTEXT) =>
  stack.functions.evaluator({ Records }, context)
const queuedTimers = () => stack.queued('timers').map((text) => timerOf(text) as TraceTimer)

describe('a timer', () => {
  test('judges its trace', async () => {
    await stack.send(tracesData([CHARGE]))
    await stack.settle()
    expect(stack.published().map(({ data }) => data.signal)).toEqual(['ANY_CHARGE'])
    expect(await stack.archived()).toMatchObject([
      { traceId: Buffer.from(TRACE_ID, 'hex'), revision: 1, reason: 'verdict' },
    ])
  })

  test('shares an object of the archive with the others of its batch, however many there are', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => (i + 1).toString(16).padStart(32, '0'))
    for (const id of ids) await stack.send(tracesData([CHARGE], id))
    const chunkKeys = await Promise.all(ids.map(async (id) => (await stack.items(id)).map(({ item }) => item?.S ?? '')))
    vi.setSystemTime(START_MS + 300_000)
    const records = ids.map((id, i) => message(id, timerMessage({ ...timer(id), chunkKeys: chunkKeys[i] ?? [] })))
    expect(await deliver(records)).toEqual({ batchItemFailures: [] })
    expect(await stack.archived()).toHaveLength(40)
    expect(stack.faults.calls.filter(({ action }) => action.startsWith('PUT /archive/spans/'))).toHaveLength(1)
  })

  test('that came before was with a function that was killed: it goes into a message of its own, one attempt less', async () => {
    const response = await deliver([
      message('1', timerMessage(timer('a')), 2),
      message('2', timerMessage(timer('b')), 2),
    ])
    expect(response).toEqual({ batchItemFailures: [] })
    const apart = queuedTimers()
    expect(apart.map(({ traceId, attempt }) => [traceId, attempt]).toSorted()).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    for (const { dueAtMs } of apart) expect(dueAtMs).toBeGreaterThanOrEqual(START_MS)
  })

  test('whose function was killed with its last attempt ends among the dead letters', async () => {
    await deliver([message('1', timerMessage(timer('a', 2)), 2)])
    expect(queuedTimers()).toEqual([])
    expect(stack.queued('dead').map(timerOf)).toMatchObject([{ traceId: 'a', attempt: 3 }])
  })

  test('for which too little time is left is armed again as it is', async () => {
    await deliver([message('1', timerMessage(timer('a')))], { ...CONTEXT, getRemainingTimeInMillis: () => 14_000 })
    expect(queuedTimers()).toEqual([timer('a')])
  })

  test('that is not a timer is reported, and its neighbours are handled', async () => {
    await stack.send(tracesData([CHARGE]))
    const [chunk] = await stack.items(TRACE_ID)
    const good = { ...timer(TRACE_ID), chunkKeys: [chunk?.item?.S ?? ''] }
    const response = await deliver([message('bad', '{"kind":"other"}'), message('good', timerMessage(good))])
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'bad' }] })
    expect(queuedTimers()).toMatchObject([{ traceId: TRACE_ID, dueAtMs: START_MS + 30_000 }])
  })

  test('that can neither be handled nor set back is delivered again', async () => {
    stack.faults.decide(() => 'lost')
    const response = await deliver([message('1', timerMessage(timer('a'))), message('2', timerMessage(timer('b')))])
    expect(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).toSorted()).toEqual(['1', '2'])
  })
})

describe('an incident', () => {
  const key = incidentKey('ANY_CHARGE', undefined)
  const looked = (version: number, attempt = 0): IncidentTimer => {
    return { kind: 'incident', key, version, dueAtMs: Date.now(), attempt }
  }

  test('opens with the first signal of its rule, and ends once its rule is quiet and was kept', async () => {
    await stack.send(tracesData([CHARGE]))
    await stack.settle()
    const incidents = new DynamoIncidents(stack.incidents, Date.now)
    expect(await incidents.readHead(key)).toMatchObject({ state: 'open', about: { rule: 'ANY_CHARGE' } })
    expect(await incidents.exercise('ANY_CHARGE', 0)).toMatchObject({ exercised: 1, held: 0 })
    const minuteMs = Math.floor(Date.now() / 60_000) * 60_000 + 60_000
    await incidents.addExercise([{ rule: 'ANY_CHARGE', minuteMs, exercised: 3, held: 3 }])
    vi.setSystemTime(Date.now() + 1_800_000)
    await deliver([message('1', timerMessage(looked(1)))])
    expect(await incidents.readHead(key)).toMatchObject({ state: 'resolved', ended: 'held' })
  })

  test('that cannot be looked at is looked at again later', async () => {
    stack.faults.decide(({ action }) => (action.startsWith('DynamoDB') ? 'lost' : 'served'))
    expect(await deliver([message('1', timerMessage(looked(1)))])).toEqual({ batchItemFailures: [] })
    const [timer, ...others] = stack.queued('timers').map(timerOf)
    expect([timer, others.length]).toMatchObject([{ kind: 'incident', key, version: 1, attempt: 1 }, 0])
    expect(timer?.dueAtMs).toBeGreaterThan(START_MS)
    await deliver([message('1', timerMessage(looked(1, 2)))])
    expect(stack.queued('timers')).toHaveLength(1)
  })
})

describe('chunks that expire', () => {
  test('before a verdict took them in are judged as incomplete, once', async () => {
    await stack.send(tracesData([CHARGE]))
    await stack.expire(TRACE_ID)
    await stack.settle()
    expect(stack.published().map(({ data }) => [data.signal, data.complete])).toEqual([['ANY_CHARGE', false]])
    expect(await stack.archived()).toMatchObject([{ reason: 'rescued', complete: false }])
  })

  test('after their verdict are let go', async () => {
    await stack.send(tracesData([CHARGE]))
    await stack.settle()
    const before = stack.faults.calls.length
    await stack.expire(TRACE_ID)
    expect(stack.faults.calls.slice(before).map(({ action }) => action)).toEqual(['DynamoDB_20120810.GetItem'])
    expect(stack.published()).toHaveLength(1)
  })

  test('that cannot be read are delivered again, those of other traces are rescued', async () => {
    await stack.send(tracesData([CHARGE]))
    const [good] = await stack.items(TRACE_ID)
    const damaged = { ...good, trace: { S: 'f'.repeat(32) }, p: { B: Buffer.from('garbage') } }
    const Records = [streamRecord('REMOVE', damaged), streamRecord('REMOVE', good ?? {})]
    const { batchItemFailures } = await deliver(Records)
    expect(batchItemFailures).toEqual([{ itemIdentifier: `${'f'.repeat(32)}/${good?.item?.S}` }])
    expect(stack.published()).toHaveLength(1)
  })
})

test('a trace that cannot be judged goes aside after its attempts and holds up no other', async () => {
  const poison = 'e'.repeat(32)
  await stack.send(tracesData([CHARGE], poison))
  await stack.damage(poison)
  await stack.send(tracesData([CHARGE]))
  await stack.settle()
  expect(stack.published().map(({ data }) => data.traceId)).toEqual([TRACE_ID])
  expect(stack.queued('dead').map(timerOf)).toMatchObject([{ traceId: poison, attempt: 3 }])
})
