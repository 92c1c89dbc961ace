import { expect, test } from 'vitest'
import { DynamoIncidents } from '../../../shared/aws/incidents/dynamo-incidents.ts'
import { incidentKey } from '../../../shared/incidents/incident.ts'
import { takeSignal } from '../../../shared/incidents/open-incident.ts'
import { oneByOne } from '../../../shared/incidents/store-steps.ts'
import { incidentTables } from '../../emulators/incident-table.ts'
import { signalOf } from '../../incidents/events.ts'
import { incidentStoreContract } from '../../incidents/incident-contract.ts'

const NOW_MS = 1_764_000_000_000
const tables = incidentTables()
const open = async () => new DynamoIncidents(await tables(), () => NOW_MS)

incidentStoreContract(async () => {
  const steps = await open()
  return {
    steps,
    atomic: false,
    run: (protocol) => oneByOne(protocol, steps),
    async exercise(rule, atMs, held, broken = 0) {
      const minuteMs = Math.floor(atMs / 60_000) * 60_000
      expect(await steps.addExercise([{ rule, minuteMs, exercised: held + broken, held }])).toEqual([])
    },
  }
})

const KEY = incidentKey('A', undefined)

test('of evaluators that take signals at the same time one opens the incident, and none is missed at a count', async () => {
  for (const alert of [{ kind: 'each' }, { kind: 'count', count: 20, windowMs: 600_000 }] as const) {
    const steps = await open()
    const settings = { quietMs: 1_800_000, cooldownMs: 7_200_000, maxGroups: 50 }
    const context = { settings, nowMs: NOW_MS, atomic: false, ruleOf: () => ({ alert }) }
    const traces = Array.from({ length: 20 }, (_, trace) => signalOf({ trace: trace + 1, atMs: NOW_MS }))
    await Promise.all(traces.map((signal) => oneByOne(takeSignal(signal, context), steps)))
    expect(await steps.readHead(KEY)).toMatchObject({ version: 1, state: 'open', opening: 1 })
    expect(await steps.liveMembers(KEY, 0)).toEqual({ count: 20, newestMs: NOW_MS })
  }
})

test('the latest members are those of all partitions, without what was retracted', async () => {
  const steps = await open()
  for (let at = 0; at < 40; at++) {
    const member = { signalId: at.toString(16).padStart(32, '0'), firedAtMs: at, traceId: `t${at}`, service: 's' }
    await steps.putMember(KEY, member)
    if (at >= 35) await steps.retractMember(KEY, member.signalId, at)
  }
  const latest = await steps.latest(KEY, 10, 3)
  expect(latest.map(({ traceId, firedAtMs }) => [traceId, firedAtMs])).toEqual([
    ['t34', 34],
    ['t33', 33],
    ['t32', 32],
  ])
})

test('rules with open incidents are known, those of ended ones are not', async () => {
  const steps = await open()
  expect(await steps.openRules()).toEqual([])
  const settings = { quietMs: 1, cooldownMs: 2, maxGroups: 50 }
  const context = { settings, nowMs: NOW_MS, atomic: false, ruleOf: () => ({ alert: { kind: 'each' } as const }) }
  const given = { atMs: NOW_MS, trace: 1 }
  await oneByOne(takeSignal(signalOf(given), context), steps)
  expect(await steps.openRules()).toHaveLength(1)
  const retracted = { ...given, status: 'retracted', sequence: 2, firedAtMs: NOW_MS } as const
  await oneByOne(takeSignal(signalOf(retracted), context), steps)
  expect(await steps.openRules()).toEqual([])
})
