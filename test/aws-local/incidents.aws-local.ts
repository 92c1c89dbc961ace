import { afterAll, beforeAll, expect, test } from 'vitest'
import { newReceiver, type Receiver } from '../local/sinks/receiver.ts'
import { type TestSpan, tracesData } from '../pipeline/traces.ts'
import { type DeployedStack, deploy } from './deployed-stack.ts'
import { newWorldClock, tellTimeBy } from './soak/clock.ts'

const MINUTE_MS = 60_000
const RULE = 'PAYMENT_INVARIANT_VIOLATION'
const machineNow = Date.now
const clock = newWorldClock(machineNow())
const time = { cell: clock.cell, skewMs: 0 }

let stack: DeployedStack
let hook: Receiver
beforeAll(async () => {
  hook = await newReceiver()
  stack = await deploy(
    { quietPeriodSeconds: 1, incompleteWaitSeconds: 1, privateReceivers: true },
    { clock: time, soonMs: 0 },
  )
  // From now on the emulators of queues go by it, too.
  tellTimeBy(time)
}, 300_000)
afterAll(async () => {
  Date.now = machineNow
  await stack?.stop()
  await hook?.close()
})

/** Time passes from one message to the next, and the function of each minute runs. */
async function pass(ms: number): Promise<void> {
  const endMs = clock.now() + ms
  for (;;) {
    await stack.settled()
    const minuteMs = Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS + MINUTE_MS
    const nextMs = Math.min(stack.nextDueMs(), minuteMs)
    clock.advance(Math.min(nextMs, endMs) - clock.now())
    if (nextMs >= endMs) return stack.settled()
    if (nextMs === minuteMs) await stack.invoke('verdicts', {})
  }
}

async function send(first: number, traces: number, names: readonly string[]): Promise<void> {
  const [startMs, endMs] = [clock.now() - 100, clock.now()]
  for (let trace = first; trace < first + traces; trace++) {
    const spans = names.map(
      (name, at): TestSpan => ({ name, id: at + 1, ...(at > 0 && { parent: 1 }), startMs, endMs }),
    )
    const body = Buffer.from(tracesData(spans, trace.toString(16).padStart(32, '0')))
    const headers = { 'content-type': 'application/x-protobuf', 'x-api-key': stack.apiKey }
    expect((await fetch(`${stack.url}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200)
  }
}

interface Told {
  readonly type: string
  readonly data: { readonly count: number; readonly why?: string }
}

function told() {
  const events = hook.received.map(({ event }) => event as unknown as Told)
  return events.map(({ type, data }) => [type.split('.').at(-1), data.count, data.why])
}

test('130 violating traces of one rule are one opening, and one end once the rule was quiet and kept', async () => {
  await stack.notify(`version: 1
receivers:
  hook: { type: webhook, url: "${hook.url}" }
routes:
  - { when: "rule == ${RULE}", to: [hook], updates: false, ended: true }
`)
  await send(1, 130, ['payment.charge'])
  await pass(2 * MINUTE_MS)
  expect(told().map(([status]) => status)).toEqual(['opened'])
  await pass(33 * MINUTE_MS)
  // Quiet alone is no proof.
  expect(told()).toHaveLength(1)
  await send(1_000, 4, ['payment.charge', 'cart.validate'])
  await pass(3 * MINUTE_MS)
  expect(told().slice(1)).toEqual([['resolved', 130, 'held']])
  expect(stack.deadLetters()).toBe(0)
}, 600_000)
