import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { DynamoDeliveries } from '../../../shared/aws/incidents/dynamo-deliveries.ts'
import { dynamoDesk } from '../../../shared/aws/incidents/dynamo-desk.ts'
import { DynamoIncidents } from '../../../shared/aws/incidents/dynamo-incidents.ts'
import { headItemKey } from '../../../shared/aws/incidents/incident-items.ts'
import { newDelivery } from '../../../shared/incidents/delivery.ts'
import { incidentKey } from '../../../shared/incidents/incident.ts'
import { takeSignal } from '../../../shared/incidents/open-incident.ts'
import { rulesInForce } from '../../../shared/incidents/rules-in-force.ts'
import { oneByOne } from '../../../shared/incidents/store-steps.ts'
import { ruleSetOf } from '../../../shared/pipeline/rule-set.ts'
import { incidentTables } from '../../emulators/incident-table.ts'
import { incidentDeskContract } from '../../incidents/api/desk-contract.ts'
import { signalOf } from '../../incidents/events.ts'

const START_MS = 1_764_000_000_000
const RULES = ruleSetOf([{ file: 'test.rules', text: '// Signal: SHARE (low)\n// Alert: 1 % in 10m\ntrace.has(a)\n' }])
const SETTINGS = { quietMs: 1_800_000, cooldownMs: 7_200_000, maxGroups: 50 }
const tables = incidentTables()

async function open() {
  let nowMs = START_MS
  const clock = () => nowMs
  const table = await tables()
  const incidents = new DynamoIncidents(table, clock)
  const deliveries = new DynamoDeliveries(table, clock)
  const nobody = { receivers: new Map(), routes: [], mutes: [], traceLink: undefined }
  return {
    table,
    incidents,
    desk: dynamoDesk(table, clock, async () => nobody),
    async take(signals: readonly ReturnType<typeof signalOf>[], atMs: number) {
      nowMs = atMs
      const ruleOf = (rule: string) => rulesInForce(RULES).get(rule)
      const context = { settings: SETTINGS, nowMs, atomic: false, ruleOf }
      for (const signal of signals) await oneByOne(takeSignal(signal, context), incidents)
    },
    async putDelivery(...[id, row]: Parameters<DynamoDeliveries['write']>) {
      expect(await deliveries.write(id, row)).toBe(true)
    },
  }
}

incidentDeskContract(open)

const KEY = incidentKey('A', undefined)
const MUTE = { id: 'm1', untilMs: START_MS + 60_000, madeMs: START_MS, why: 'moving' }

describe('the list', () => {
  test('finds ended incidents without a look at any other item, the newest as many as asked for', async () => {
    const { desk, take } = await open()
    for (let at = 1; at <= 5; at++) {
      await take([signalOf({ rule: `R${at}`, trace: at, atMs: START_MS + at })], START_MS + at)
      await desk.endByHand(incidentKey(`R${at}`, undefined), { why: 'done' })
    }
    expect((await desk.list('ended', 2)).map(({ head }) => head.about.rule)).toEqual(['R5', 'R4'])
  })

  test('has an incident that opened again among the open ones alone', async () => {
    const { desk, take } = await open()
    await take([signalOf({ rule: 'A', trace: 1, atMs: START_MS })], START_MS)
    await desk.endByHand(KEY, { why: 'done' })
    await take([signalOf({ rule: 'A', trace: 2, atMs: START_MS + 1 })], START_MS + 1)
    expect(await desk.list('open', 10)).toMatchObject([{ head: { opening: 2 } }])
    expect(await desk.list('ended', 10)).toEqual([])
    expect(await desk.list('all', 10)).toHaveLength(1)
  })

  test('holds more incidents than one request reads', async () => {
    const { desk, take } = await open()
    const signals = Array.from({ length: 120 }, (_, at) => signalOf({ rule: `R${at}`, trace: at + 1, atMs: START_MS }))
    await take(signals, START_MS)
    expect(await desk.list('open', 500)).toHaveLength(120)
  })
})

test('a removed mute changes the item of what it held back, so that the stream wakes the dispatcher', async () => {
  const { table, desk, take, putDelivery } = await open()
  await take([signalOf({ rule: 'A', trace: 1, atMs: START_MS })], START_MS)
  await desk.addMute(MUTE)
  const row = { ...newDelivery({ updates: true, ended: true }, START_MS), heldBy: 'm1', dueAtMs: MUTE.untilMs }
  await putDelivery({ key: KEY, episode: 1, receiver: 'one' }, row)
  const item = async () =>
    (await table.client.send(new GetItemCommand({ TableName: table.name, Key: headItemKey(KEY) }))).Item
  const before = await item()
  await desk.removeMute('m1', START_MS + 1)
  const after = await item()
  expect(after).not.toEqual(before)
  expect(after?.v).toEqual(before?.v)
})

test('ended mutes are listed for 30 days', async () => {
  const { desk, take } = await open()
  await desk.addMute(MUTE)
  const days = 24 * 3_600_000
  await take([], MUTE.untilMs + 30 * days - 1)
  expect(await desk.mutes(10)).toEqual([MUTE])
  await take([], MUTE.untilMs + 30 * days)
  expect(await desk.mutes(10)).toEqual([])
})
