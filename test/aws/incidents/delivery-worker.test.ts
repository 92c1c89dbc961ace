import { beforeEach, expect, test } from 'vitest'
import type { DeliveryMessage } from '../../../shared/aws/incidents/delivery-message.ts'
import { type DeliveryOutcome, DeliveryWorker } from '../../../shared/aws/incidents/delivery-worker.ts'
import { dispatchIncident } from '../../../shared/aws/incidents/dispatch.ts'
import { incidentKey } from '../../../shared/incidents/incident.ts'
import type { PlacedMute } from '../../../shared/incidents/notify/read-mutes.ts'
import { FakeReceiver, incidentWorld, KEY, START_MS } from './world.ts'

const world = incidentWorld()
const ID = { key: KEY, episode: 1, receiver: 'one' }
let one: FakeReceiver
let worker: DeliveryWorker
let counted: DeliveryOutcome[]
let receiverNames: string[]
let fileMutes: readonly PlacedMute[]
beforeEach(async () => {
  one = new FakeReceiver('one')
  counted = []
  fileMutes = []
  receiverNames = ['one']
  const { incidents, deliveries, floods, mutes, send, clock, source } = world()
  worker = new DeliveryWorker({
    incidents,
    deliveries,
    mutes,
    floods,
    sendDeliveries: send,
    clock,
    source,
    config: async () => ({
      receivers: new Map(receiverNames.includes('one') && one !== undefined ? [['one', one]] : []),
      receiverNames,
      routes: [],
      mutes: fileMutes,
      traceLink: undefined,
    }),
    everything: [new FakeReceiver('topic')],
    send: async () => ({ status: 200, body: '' }),
    random: () => 0,
    log: () => {},
    count: (outcome) => counted.push(outcome),
  })
  await world().take()
  await dispatchIncident(world(), KEY)
})

const message = (dueAtMs = world().nowMs): DeliveryMessage => ({ ...ID, dueAtMs })
const row = () => world().deliveries.read(ID)

/** Delivers the messages about `one` that are due, and those that follow from them. */
async function deliverDue(): Promise<void> {
  for (let rounds = 0; rounds < 50; rounds++) {
    const { messages, nowMs } = world()
    const due = messages.filter(({ receiver, dueAtMs }) => receiver === 'one' && dueAtMs <= nowMs)
    if (due.length === 0) return
    for (const each of due) messages.splice(messages.indexOf(each), 1)
    for (const each of due) await worker.handle(each, false)
  }
  throw new Error('messages without end')
}

test('a receiver is notified of the opening and of the end, each once, however often messages come', async () => {
  for (let copies = 0; copies < 3; copies++) await worker.handle(message(), copies > 0)
  await deliverDue()
  expect(one.told).toEqual(['opened 1.1'])
  await world().endByHand()
  await dispatchIncident(world(), KEY)
  await deliverDue()
  await worker.handle(message(), true)
  expect(one.told).toEqual(['opened 1.1', 'resolved 1.1'])
  expect(counted).toEqual(['Notified', 'Notified'])
})

test('functions that get the same message at the same time notify once', async () => {
  await Promise.all(Array.from({ length: 5 }, () => worker.handle(message(), false)))
  expect(one.told).toEqual(['opened 1.1'])
})

test('a message that comes before it is due is sent on as it is', async () => {
  world().messages.length = 0
  await worker.handle(message(START_MS + 1), false)
  expect(world().messages).toEqual([message(START_MS + 1)])
  expect(one.told).toEqual([])
})

test('of several messages for a delivery that waits one goes on', async () => {
  one.answer = { outcome: 'failed', reason: 'busy', unsure: false }
  await deliverDue()
  const waiting = () => world().messages.filter(({ receiver }) => receiver === 'one')
  expect(waiting()).toHaveLength(1)
  await worker.handle(message(), false)
  await worker.handle(message(), false)
  expect(waiting()).toHaveLength(1)
  expect(counted).toEqual(['Failed'])
  one.answer = { outcome: 'taken' }
  world().nowMs = waiting()[0]?.dueAtMs ?? 0
  await deliverDue()
  expect(one.told).toEqual(['opened 1.1', 'opened 1.1'])
  expect(await row()).toMatchObject({ notified: 'open', attempts: 0 })
})

test('what a function left when it was killed is taken up by its message once its lease is over', async () => {
  one.answer = () => Promise.reject(new Error('killed'))
  await expect(worker.handle(message(), false)).rejects.toThrow('killed')
  one.answer = { outcome: 'taken' }
  world().messages.length = 0
  await worker.handle(message(), true)
  const [later] = world().messages
  expect(later?.dueAtMs).toBe(START_MS + 120_000)
  world().nowMs = START_MS + 120_001
  await worker.handle(later as DeliveryMessage, false)
  expect(one.told).toEqual(['opened 1.1', 'opened 1.1'])
})

test('a receiver that is gone from the file is given up, and counted if it knows of the opening', async () => {
  await deliverDue()
  receiverNames = []
  await world().endByHand()
  await dispatchIncident(world(), KEY)
  await deliverDue()
  expect(counted).toEqual(['Notified', 'Abandoned'])
  expect(await row()).toMatchObject({ notified: 'resolved' })
})

test('a receiver whose settings cannot be used now is tried later, and nobody else waits for it', async () => {
  const usable = one
  one = undefined as unknown as FakeReceiver
  await deliverDue()
  expect(counted).toEqual(['Failed'])
  const { dueAtMs = 0 } = (await row()) ?? {}
  expect(dueAtMs).toBe(START_MS + 900_000)
  one = usable
  world().nowMs = dueAtMs
  await deliverDue()
  expect(one.told).toEqual(['opened 1.1'])
})

const MUTE = { id: 'm1', when: 'rule == A', madeMs: START_MS, untilMs: START_MS + 60_000, why: 'moving' }

test('a mute of the table holds a receiver back until it ends', async () => {
  await world().mutes.add(MUTE)
  await world().mutes.add({ ...MUTE, id: 'm2', when: 'rule == B', untilMs: START_MS + 90_000 })
  await deliverDue()
  expect([one.told, counted]).toEqual([[], ['Held']])
  expect(await row()).toMatchObject({ heldBy: 'm1', dueAtMs: MUTE.untilMs })
  world().nowMs = MUTE.untilMs
  await deliverDue()
  expect(one.told).toEqual(['opened 1.1'])
})

test('of a mute of the table and one of the file the later end counts, and the row names it', async () => {
  await world().mutes.add(MUTE)
  const at = { offset: 0, line: 4, column: 5 }
  fileMutes = [{ when: 'everything', untilMs: START_MS + 120_000, why: 'also', range: { start: at, end: at } }]
  await deliverDue()
  expect(await row()).toMatchObject({ heldBy: 'notify.yaml:4', dueAtMs: START_MS + 120_000 })
})

test('a mute that was removed holds nothing back, though the clock of whoever removed it is ahead', async () => {
  await world().mutes.add(MUTE)
  await world().mutes.remove('m1', START_MS + 30_000)
  await deliverDue()
  expect(one.told).toEqual(['opened 1.1'])
})

test('past ten openings in ten minutes one notice stands for all that follow, until none of them is open', async () => {
  const regions = Array.from({ length: 13 }, (_, at) => ({ name: 'cloud.region', value: `r${at}` }))
  const keys = regions.map((group) => incidentKey('A', group))
  for (const [at, group] of regions.entries()) {
    await world().take({ trace: 100 + at, group })
    await dispatchIncident(world(), keys[at] as string)
  }
  await deliverDue()
  expect(one.told.filter((told) => told === 'opened 1.1')).toHaveLength(11)
  expect(counted.filter((outcome) => outcome === 'Flooded')).toHaveLength(4)
  for (const key of keys) {
    await world().endByHand(key)
    await dispatchIncident(world(), key)
  }
  await deliverDue()
  world().nowMs += 60_000
  await deliverDue()
  // Nine alone, and the flood.
  expect(one.told.filter((told) => told === 'resolved 1.1')).toHaveLength(10)
  world().nowMs += 3_600_000
  await deliverDue()
  expect(one.told).toHaveLength(21)
})

test('what opened together is one notice for a receiver that does not page', async () => {
  one = new FakeReceiver('one', { ...one.traits, pages: false })
  const keys = ['B', 'C', 'D'].map((rule) => incidentKey(rule, undefined))
  for (const [at, rule] of ['B', 'C', 'D'].entries()) {
    await world().take({ rule, severity: 'high', trace: 7 })
    await dispatchIncident(world(), keys[at] as string)
  }
  await deliverDue()
  // A critical rule waits for nobody.
  expect(one.told).toEqual(['opened 1.1'])
  world().nowMs += 30_000
  await deliverDue()
  expect(one.told).toEqual(['opened 1.1', 'opened 1.1'])
  for (const key of keys) {
    await world().endByHand(key)
    await dispatchIncident(world(), key)
  }
  world().nowMs += 60_000
  await deliverDue()
  expect(one.told.slice(2)).toEqual(['resolved 1.1'])
})
