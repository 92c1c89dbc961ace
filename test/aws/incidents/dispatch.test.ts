import { expect, test } from 'vitest'
import { dispatchIncident } from '../../../shared/aws/incidents/dispatch.ts'
import { incidentWorld, KEY, routesTo, START_MS } from './world.ts'

const world = incidentWorld()
const dispatch = (again = false) => dispatchIncident(world(), KEY, again)
const rows = async () =>
  (await world().deliveries.of(KEY)).map(({ id, row }) => [id.episode, id.receiver, row.version] as const)
const receiversOf = (messages = world().messages) => messages.map(({ receiver }) => receiver).toSorted()

test('an incident that opened gets a delivery for each receiver, and a look once it may be over', async () => {
  await world().take()
  await dispatch()
  expect(await rows()).toEqual([
    [1, 'one', 1],
    [1, 'topic', 1],
    [1, 'two', 1],
  ])
  expect(receiversOf()).toEqual(['one', 'topic', 'two'])
  expect(world().armed).toMatchObject([{ kind: 'incident', key: KEY, version: 1, dueAtMs: START_MS + 1_800_000 }])
})

test('a change that is delivered again adds no delivery', async () => {
  await world().take()
  await Promise.all([dispatch(), dispatch()])
  await dispatch()
  expect((await rows()).map(([, receiver]) => receiver)).toEqual(['one', 'topic', 'two'])
})

test('the end goes to those that know of the opening, and no look is left', async () => {
  await world().take()
  await dispatch()
  world().routes = () => routesTo(['late'])
  await world().endByHand()
  world().messages.length = 0
  await dispatch()
  expect(receiversOf()).toEqual(['one', 'topic', 'two'])
  expect(await world().checks.all()).toEqual([])
})

test('a delivery that is worked on is left alone, and looked at when the work is over or given up', async () => {
  await world().take()
  await dispatch()
  const { deliveries, messages } = world()
  const id = { key: KEY, episode: 1, receiver: 'one' }
  const row = await deliveries.read(id)
  if (row === undefined) throw new Error('no row')
  const leaseUntilMs = START_MS + 120_000
  await deliveries.write(id, { ...row, version: 2, doing: 'open', leaseUntilMs, dueAtMs: leaseUntilMs })
  await world().take({ trace: 2, severity: 'critical' })
  messages.length = 0
  await dispatch()
  expect(messages.find(({ receiver }) => receiver === 'one')).toMatchObject({ dueAtMs: leaseUntilMs })
  expect(await deliveries.read(id)).toMatchObject({ version: 2, leaseUntilMs })
})

test('deliveries of an earlier episode that are over are not looked at again', async () => {
  await world().take()
  await dispatch()
  await world().endByHand()
  await dispatch()
  world().nowMs += 24 * 3_600_000
  await world().take({ trace: 2 })
  world().messages.length = 0
  await dispatch()
  expect(world().messages.map(({ episode }) => episode)).toEqual([2, 2, 2])
})

test('what a receiver refused stays refused until it is asked again', async () => {
  await world().take()
  await dispatch()
  const id = { key: KEY, episode: 1, receiver: 'one' }
  const row = await world().deliveries.read(id)
  if (row === undefined) throw new Error('no row')
  await world().deliveries.write(id, { ...row, version: 2, refused: true })
  await dispatch()
  expect(await world().deliveries.read(id)).toMatchObject({ refused: true })
  await dispatch(true)
  expect(await world().deliveries.read(id)).toMatchObject({ refused: false, dueAtMs: START_MS })
})
