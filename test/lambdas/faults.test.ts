import { inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SignalEvent } from '../../shared/pipeline/signal.ts'
import type { Call, Fate } from '../emulators/fault-proxy.ts'
import { type Delivery, type LocalStack, startLocalStack } from '../emulators/local-stack.ts'
import { type TestSpan, tracesData } from '../pipeline/traces.ts'

const RULES = `
// Signal: UNVALIDATED_CHARGE (critical)
trace.has(payment.charge) and not trace.has(cart.validate)
// Signal: FORGOTTEN_ROOT (low)
trace.has(payment.charge) and not trace.has(checkout)
`
let stack: LocalStack
beforeAll(async () => {
  stack = await startLocalStack({ rules: RULES })
})
afterAll(() => stack.stop())

let traces = 0
const newTraceId = () => (0xabc000 + ++traces).toString(16).padStart(32, '0')
const at = (name: string, id: number, parent?: number): TestSpan => ({
  name,
  id,
  ...(parent !== undefined && { parent }),
  startMs: Date.now() - 100,
  endMs: Date.now(),
})

/** Sends as an SDK does: again and again until the answer says that the spans are stored. */
async function deliver(spans: readonly TestSpan[], traceId: string): Promise<void> {
  const body = tracesData(spans, traceId)
  for (let tries = 0; tries < 50; tries++) {
    const { statusCode, headers } = await stack.send(body)
    if (statusCode === 200) return
    expect([statusCode, Number(headers?.['retry-after']) > 0]).toEqual([503, true])
  }
  throw new Error('never stored')
}

/** A trace that fires, and after a late span no longer does. */
async function scenario(traceId: string, delivery: Delivery = 'once'): Promise<void> {
  await deliver([at('checkout', 1), at('payment.charge', 2, 1)], traceId)
  await stack.settle(delivery)
  await deliver([at('cart.validate', 3, 1)], traceId)
  await stack.settle(delivery)
}

/** What holds in the end, whatever happened on the way. */
async function expectSettled(traceId: string): Promise<void> {
  const events = stack.published().filter(({ data }) => data.traceId === traceId)
  const byId = Map.groupBy(events, ({ id }) => id)
  const [first, ...others] = [...byId.values()].map(([event]) => event as SignalEvent)
  expect([first, ...others].map((event) => [event?.data.signal, event?.status, event?.sequence])).toEqual([
    ['UNVALIDATED_CHARGE', 'firing', 1],
    ['UNVALIDATED_CHARGE', 'retracted', 2],
  ])
  for (const same of byId.values()) expect(new Set(same.map((event) => JSON.stringify(event))).size).toBe(1)

  const stored = await stack.items(traceId)
  const marker = stored.find((item) => item.item?.S === 'm')
  expect([marker?.t, marker?.q]).toEqual([undefined, undefined])
  const archived = (await stack.archived()).filter((record) => Buffer.from(record.traceId).toString('hex') === traceId)
  const { verdicts } = JSON.parse(inflateSync(marker?.v?.B ?? new Uint8Array()).toString())
  for (const { revision } of archived) expect(revision).toBeLessThanOrEqual(verdicts)
  const newest = archived.toSorted((a, b) => b.revision - a.revision)[0]
  expect(newest?.spans.map(({ name }) => name).toSorted()).toEqual(['cart.validate', 'checkout', 'payment.charge'])
  const kept = (await stack.archivedSignals()).filter(({ subject }) => subject === traceId)
  expect(new Set(kept.map(({ id }) => id))).toEqual(new Set(byId.keys()))
}

async function surviving(fate: (call: Call) => Fate): Promise<void> {
  const traceId = newTraceId()
  stack.faults.decide(fate)
  await scenario(traceId)
  stack.faults.decide(() => 'served')
  await stack.settle()
  await expectSettled(traceId)
}

describe('no acknowledged span and no signal is lost, none gets a second id, none is archived without a verdict', () => {
  let calls: readonly Call[] = []
  beforeAll(async () => {
    const traceId = newTraceId()
    stack.faults.decide(() => 'served')
    await scenario(traceId)
    calls = stack.faults.calls
    await expectSettled(traceId)
  })

  test('when any one call to AWS is lost', async () => {
    expect(calls.length).toBeGreaterThan(20)
    for (const { number: k } of calls) await surviving(({ number }) => (number === k ? 'lost' : 'served'))
  }, 60_000)

  test('when any one write is done but its answer is lost', async () => {
    const writes = calls.filter(({ action }) => !/GetItem|Query|^GET /.test(action))
    expect(writes.length).toBeGreaterThan(10)
    for (const { number: k } of writes) await surviving(({ number }) => (number === k ? 'answer-lost' : 'served'))
  })

  test('when AWS cannot be reached for a while, from any call on', async () => {
    for (let k = 1; k <= calls.length; k += 3) {
      await surviving(({ number }) => (number >= k && number < k + 6 ? 'lost' : 'served'))
    }
  })

  test.each(['twice at once', 'newest first'] as const)('when everything is delivered %s', async (delivery) => {
    const traceId = newTraceId()
    stack.faults.decide(() => 'served')
    await scenario(traceId, delivery)
    await expectSettled(traceId)
  })

  test('when the parts of a trace are sent several times, in any order', async () => {
    const traceId = newTraceId()
    stack.faults.decide(() => 'served')
    const parts = [[at('payment.charge', 2, 1)], [at('checkout', 1)], [at('payment.charge', 2, 1)], [at('checkout', 1)]]
    for (const part of parts) await deliver(part, traceId)
    await stack.settle('newest first')
    await deliver([at('cart.validate', 3, 1)], traceId)
    for (const part of parts.toReversed()) await deliver(part, traceId)
    await stack.settle('twice at once')
    await expectSettled(traceId)
  })

  test('when any one call of a rescue is lost, or its answer', async () => {
    const rescued = async (fate: (call: Call) => Fate) => {
      const traceId = newTraceId()
      stack.faults.decide(() => 'served')
      await deliver([at('checkout', 1), at('payment.charge', 2, 1)], traceId)
      stack.faults.decide(fate)
      await stack.expire(traceId)
      const calls = stack.faults.calls
      stack.faults.decide(() => 'served')
      await stack.settle()
      const events = stack.published().filter(({ data }) => data.traceId === traceId)
      const told = events.map(({ data, status, sequence }) => [data.signal, status, sequence, data.complete])
      expect(told[0]).toEqual(['UNVALIDATED_CHARGE', 'firing', 1, false])
      expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(1)
      const archived = (await stack.archived()).filter((each) => Buffer.from(each.traceId).toString('hex') === traceId)
      expect(archived[0]?.spans.map(({ name }) => name).toSorted()).toEqual(['checkout', 'payment.charge'])
      return calls
    }
    const calls = await rescued(() => 'served')
    expect(calls.length).toBeGreaterThan(5)
    for (const { number: k } of calls) {
      for (const fate of ['lost', 'answer-lost'] as const) {
        await rescued(({ number }) => (number === k ? fate : 'served'))
      }
    }
  })
})
