import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dynamoDesk } from '../../shared/aws/incidents/dynamo-desk.ts'
import { incidentKey } from '../../shared/incidents/incident.ts'
import { IMPATIENT } from '../emulators/dynamo-table.ts'
import { type IncidentStack, startIncidentStack } from '../emulators/incident-stack.ts'
import { newReceiver, type Receiver } from '../local/sinks/receiver.ts'
import { type TestSpan, tracesData } from '../pipeline/traces.ts'
import { captureTold } from './told.ts'

const MINUTE_MS = 60_000
const RULES = '// Signal: UNVALIDATED (critical)\ntrace.has(payment.charge) and not trace.has(cart.validate)\n'

let stack: IncidentStack
let hook: Receiver
beforeEach(async () => {
  stack = await startIncidentStack({ rules: RULES, judging: { incidentQuietMs: 10 * MINUTE_MS } })
  hook = await newReceiver()
})
afterEach(async () => {
  await hook.close()
  await stack.stop()
})

const CHARGE = { name: 'payment.charge', id: 1 }
const VALIDATION = { name: 'cart.validate', id: 2, parent: 1 }
const file = () => `version: 1
receivers:
  hook: { type: webhook, url: "${hook.url}" }
routes:
  - { otherwise: true, to: [hook], updates: true, ended: true }
`

async function send(first: number, traces: number, spans: readonly TestSpan[]): Promise<void> {
  const at = { startMs: Date.now() - 10, endMs: Date.now() }
  for (let trace = first; trace < first + traces; trace++) {
    const sent = spans.map((span) => ({ ...span, ...at }))
    await stack.send(tracesData(sent, trace.toString(16).padStart(32, '0')))
  }
}

interface IncidentEventData {
  readonly type: string
  readonly data: { readonly count: number; readonly why?: string }
}

function told(events: readonly unknown[] = hook.received.map(({ event }) => event)) {
  return (events as readonly IncidentEventData[]).map(({ type, data }) => [
    type.split('.').at(-1),
    data.count,
    data.why,
  ])
}

test('40 broken traces are one page, an update, and one end once the rule was quiet and kept', async () => {
  await stack.notify(file())
  await send(1, 40, [CHARGE])
  await stack.pass(2 * MINUTE_MS)
  expect(told()).toEqual([['opened', expect.any(Number), undefined]])
  await stack.pass(6 * MINUTE_MS)
  expect(told().slice(1)).toEqual([['updated', 40, undefined]])
  // Quiet alone is no proof.
  await stack.pass(15 * MINUTE_MS)
  expect(told()).toHaveLength(2)
  await send(1_000, 3, [CHARGE, VALIDATION])
  await stack.pass(4 * MINUTE_MS)
  expect(told().slice(2)).toEqual([['resolved', 40, 'held']])
  expect(told(stack.incidentEvents()).map(([status]) => status)).toEqual(['opened', 'resolved'])
  await stack.pass(30 * MINUTE_MS)
  expect(told()).toHaveLength(3)
}, 60_000)

test('event sources that deliver everything twice, at the same time, page once and end once', async () => {
  await stack.notify(file())
  await send(1, 12, [CHARGE])
  await stack.pass(2 * MINUTE_MS, 2)
  await send(1_000, 40, [CHARGE, VALIDATION])
  await stack.pass(20 * MINUTE_MS, 2)
  const statuses = told().map(([status]) => status)
  expect([statuses[0], statuses.at(-1)]).toEqual(['opened', 'resolved'])
  expect(statuses.filter((status) => status !== 'updated')).toEqual(['opened', 'resolved'])
  expect(told(stack.incidentEvents()).map(([status]) => status)).toEqual(['opened', 'resolved'])
}, 60_000)

test('a receiver that fails is notified later, by the same event, and others at once', async () => {
  await stack.notify(file())
  hook.answer = 503
  await send(1, 1, [CHARGE])
  await stack.pass(MINUTE_MS)
  expect(told(stack.incidentEvents())).toHaveLength(1)
  expect(hook.received.length).toBeGreaterThan(1)
  hook.answer = 200
  await stack.pass(5 * MINUTE_MS)
  expect(new Set(hook.received.map(({ event }) => event.id)).size).toBe(1)
}, 60_000)

test('what a receiver refuses or fails to take, and how many incidents are open, is counted for the alarms', async () => {
  await stack.stop()
  const told = captureTold()
  stack = await startIncidentStack({ rules: RULES, environment: { POWERTOOLS_METRICS_DISABLED: 'false' } })
  await stack.notify(file())
  await stack.pass(MINUTE_MS)
  await told.run(async () => {
    hook.answer = 503
    await send(1, 1, [CHARGE])
    await stack.pass(MINUTE_MS)
    hook.answer = 400
    await stack.pass(2 * MINUTE_MS)
    await stack.notify('version: 1\nreceivers: { hook: { type: webhook, url: nowhere } }\nroutes: []\n')
    await stack.pass(2 * MINUTE_MS)
  })
  for (const metric of ['NotificationsFailed', 'NotificationsRefused', 'ReceiversRejected', 'IncidentsOpen']) {
    expect(told.text()).toMatch(new RegExp(`"${metric}":[1-9]`))
  }
  vi.restoreAllMocks()
}, 60_000)

test('receivers of a new file are notified of what is open, and what was refused is tried again', async () => {
  await stack.notify(file())
  await stack.pass(MINUTE_MS)
  hook.answer = 400
  await send(1, 1, [CHARGE])
  await stack.pass(2 * MINUTE_MS)
  expect(hook.received).toHaveLength(1)
  const other = await newReceiver()
  hook.answer = 200
  const receivers = `  other: { type: webhook, url: "${other.url}" }\nroutes:`
  await stack.notify(file().replace('to: [hook]', 'to: [hook, other]').replace('routes:', receivers))
  await stack.pass(3 * MINUTE_MS)
  expect(hook.received).toHaveLength(2)
  expect(other.received).toHaveLength(1)
  await other.close()
}, 60_000)

const nobody = { receivers: new Map(), routes: [], mutes: [], traceLink: undefined }

/** What commands on the stack do, with the same table. */
const desk = () => dynamoDesk({ ...stack.incidents, backoff: IMPATIENT }, Date.now, async () => nobody)

test('an incident that a person ends is over at its receivers within seconds', async () => {
  await stack.notify(file())
  await send(1, 1, [CHARGE])
  await stack.pass(MINUTE_MS)
  expect(await desk().endByHand(incidentKey('UNVALIDATED', undefined), { why: 'rolled back', by: 'ana' })).toBe(true)
  await stack.pass(1_000)
  expect(told()).toEqual([
    ['opened', 1, undefined],
    ['resolved', 1, 'by-hand'],
  ])
}, 60_000)

test('a mute holds receivers back, and they are notified within seconds once it is removed', async () => {
  await stack.notify(file())
  const madeMs = Date.now()
  const untilMs = madeMs + 120 * MINUTE_MS
  await desk().addMute({ id: 'm1', when: 'rule == UNVALIDATED', madeMs, untilMs, why: 'moving' })
  await send(1, 1, [CHARGE])
  await stack.pass(20 * MINUTE_MS)
  expect([told(), told(stack.incidentEvents())]).toEqual([[], []])
  await desk().removeMute('m1', Date.now())
  await stack.pass(1_000)
  const opened = [['opened', 1, undefined]]
  expect([told(), told(stack.incidentEvents())]).toEqual([opened, opened])
}, 60_000)

test('when a mute ends by itself, receivers are notified of what is open, once', async () => {
  await stack.notify(file())
  const madeMs = Date.now()
  await desk().addMute({ id: 'm1', madeMs, untilMs: madeMs + 40 * MINUTE_MS, why: 'moving' })
  await send(1, 1, [CHARGE])
  await stack.pass(39 * MINUTE_MS)
  expect(told()).toEqual([])
  await stack.pass(3 * MINUTE_MS)
  expect(told()).toEqual([['opened', 1, undefined]])
}, 60_000)
