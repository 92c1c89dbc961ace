import { beforeEach, expect, test } from 'vitest'
import { dispatchIncident } from '../../../shared/aws/incidents/dispatch.ts'
import { sweepIncidents } from '../../../shared/aws/incidents/sweep.ts'
import { incidentWorld, KEY, routesTo, START_MS } from './world.ts'

const world = incidentWorld()
let version: string
const sweep = () => sweepIncidents({ ...world(), notifyVersion: async () => version })
const MINUTE_MS = 60_000

beforeEach(async () => {
  version = 'v1'
  await sweep()
  await world().take()
})

/** Empties the queues, as if what was in them was lost. */
function lose(): void {
  world().messages.length = 0
  world().armed.length = 0
}

test('a change that nobody dispatched is dispatched, once', async () => {
  expect(await sweep()).toBe(1)
  expect(world().messages).toHaveLength(3)
  expect(world().armed).toHaveLength(1)
  lose()
  await sweep()
  expect([world().messages, world().armed]).toEqual([[], []])
})

test('a look whose timer was lost is armed again once it is overdue, and not again at once', async () => {
  await dispatchIncident(world(), KEY)
  lose()
  world().nowMs = START_MS + 30 * MINUTE_MS + 10 * MINUTE_MS
  await sweep()
  expect(world().armed).toEqual([])
  world().nowMs++
  await sweep()
  await sweep()
  expect(world().armed).toMatchObject([{ key: KEY, version: 1, dueAtMs: world().nowMs }])
})

test('a delivery whose message was lost is sent again once it is overdue', async () => {
  await dispatchIncident(world(), KEY)
  lose()
  world().nowMs += 9 * MINUTE_MS
  await sweep()
  expect(world().messages).toEqual([])
  world().nowMs += 2 * MINUTE_MS
  await sweep()
  expect(
    world()
      .messages.map(({ receiver }) => receiver)
      .toSorted(),
  ).toEqual(['one', 'topic', 'two'])
})

test('a receiver that was notified of what has ended meanwhile is found', async () => {
  await dispatchIncident(world(), KEY)
  const id = { key: KEY, episode: 1, receiver: 'one' }
  const { dueAtMs: _, ...row } = (await world().deliveries.read(id)) ?? {}
  await world().deliveries.write(id, { ...row, version: 2, notified: 'open' } as Parameters<
    ReturnType<typeof world>['deliveries']['write']
  >[1])
  lose()
  await sweep()
  expect(world().messages).toEqual([])
  await world().endByHand()
  await sweep()
  expect(world().messages).toMatchObject([id])
})

test('once the file of receivers has changed, what is open goes to its receivers', async () => {
  await dispatchIncident(world(), KEY)
  lose()
  world().routes = () => routesTo(['one', 'new'])
  await sweep()
  expect(world().messages).toEqual([])
  version = 'v2'
  await sweep()
  expect(
    world()
      .messages.map(({ receiver }) => receiver)
      .toSorted(),
  ).toEqual(['new', 'one', 'topic', 'two'])
  lose()
  await sweep()
  expect(world().messages).toEqual([])
})

test('what a look held back while its mute was being removed is sent again, and nothing else', async () => {
  await dispatchIncident(world(), KEY)
  lose()
  const { deliveries, mutes } = world()
  const untilMs = START_MS + 30 * MINUTE_MS
  await mutes.add({ id: 'm1', madeMs: START_MS, untilMs, why: 'moving' })
  await mutes.remove('m1', START_MS + 1)
  for (const [receiver, heldBy] of [
    ['one', 'm1'],
    ['two', 'm2'],
  ] as const) {
    const id = { key: KEY, episode: 1, receiver }
    const row = await deliveries.read(id)
    if (row !== undefined) await deliveries.write(id, { ...row, version: row.version + 1, heldBy, dueAtMs: untilMs })
  }
  world().nowMs += MINUTE_MS
  await sweep()
  await sweep()
  expect(world().messages).toEqual([{ key: KEY, episode: 1, receiver: 'one', dueAtMs: world().nowMs }])
})
