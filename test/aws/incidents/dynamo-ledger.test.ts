import { beforeEach, expect, test } from 'vitest'
import { DynamoIncidents } from '../../../shared/aws/incidents/dynamo-incidents.ts'
import { DynamoIncidentLedger } from '../../../shared/aws/incidents/dynamo-ledger.ts'
import { type IncidentHead, incidentKey } from '../../../shared/incidents/incident.ts'
import { ruleSetOf } from '../../../shared/pipeline/rule-set.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { incidentTables } from '../../emulators/incident-table.ts'
import { signalOf } from '../../incidents/events.ts'

const START_MS = 1_764_000_000_000
const KEY = incidentKey('A', undefined)
const RULES = '// Signal: A (critical)\ntrace.has(a)\n\n// Signal: B (critical)\n// Alert: 10 % in 2m\ntrace.has(b)\n'
const tables = incidentTables()

/** Counts what is asked of the table. */
class CountedIncidents extends DynamoIncidents {
  headReads = 0
  memberWrites = 0
  failing: string | undefined

  override readHead(key: string): Promise<IncidentHead | undefined> {
    this.headReads++
    return super.readHead(key)
  }

  override putMember(...[key, member]: Parameters<DynamoIncidents['putMember']>) {
    this.memberWrites++
    if (member.traceId === this.failing) throw new Error('lost')
    return super.putMember(key, member)
  }
}

let incidents: CountedIncidents
let ledger: DynamoIncidentLedger
let nowMs: number
beforeEach(async () => {
  nowMs = START_MS
  incidents = new CountedIncidents(await tables(), () => nowMs)
  ledger = newLedger()
})

function newLedger(): DynamoIncidentLedger {
  const rules = { current: async () => ruleSetOf([{ file: 'test.rules', text: RULES }]) }
  const settings = { quietMs: 1_800_000, cooldownMs: 7_200_000, maxGroups: 2 }
  return new DynamoIncidentLedger({ incidents, rules, settings, clock: () => nowMs, log: () => {} })
}

const firing = (trace: number, rest: Partial<Parameters<typeof signalOf>[0]> = {}) =>
  signalOf({ trace, atMs: START_MS, ...rest })
const takeAll = (ledgers: readonly DynamoIncidentLedger[], lists: readonly (readonly SignalEvent[])[]) =>
  Promise.all(lists.map((signals, at) => ledgers[at % ledgers.length]?.take(signals)))

test('signals of many traces at the same time cost a write each, and hardly a look at the incident', async () => {
  const lists = Array.from({ length: 130 }, (_, trace) => [firing(trace + 1)])
  await takeAll([ledger], lists)
  expect(await incidents.readHead(KEY)).toMatchObject({ version: 1, state: 'open' })
  expect(await incidents.liveMembers(KEY, 0)).toMatchObject({ count: 130 })
  expect(incidents.memberWrites).toBe(130)
  expect(incidents.headReads).toBeLessThan(10)
})

test('evaluators that are at work at the same time open one incident, whose members are all counted', async () => {
  const lists = Array.from({ length: 60 }, (_, trace) => [firing((trace % 40) + 1)])
  await takeAll([ledger, newLedger(), newLedger()], lists)
  expect(await incidents.readHead(KEY)).toMatchObject({ version: 1, state: 'open' })
  expect(await incidents.liveMembers(KEY, 0)).toMatchObject({ count: 40 })
})

test('a signal that fires and is retracted in one judgement leaves nothing behind', async () => {
  const retracted = { status: 'retracted', sequence: 2, firedAtMs: START_MS, atMs: START_MS + 1 } as const
  await ledger.take([firing(1), firing(1, retracted)])
  expect(await incidents.readHead(KEY)).toMatchObject({ state: 'resolved', ended: 'withdrawn' })
  await ledger.take([firing(1)])
  expect(await incidents.readHead(KEY)).toMatchObject({ state: 'resolved', ended: 'withdrawn' })
})

test('a trace whose signal cannot be taken fails alone, and is taken the next time', async () => {
  incidents.failing = firing(2).data.traceId
  const results = await Promise.allSettled([1, 2, 3].map((trace) => ledger.take([firing(trace)])))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  incidents.failing = undefined
  await ledger.take([firing(2)])
  expect(await incidents.liveMembers(KEY, 0)).toMatchObject({ count: 3 })
})

test('signals of a group look for their incident once', async () => {
  const group = { name: 'region', value: 'eu' }
  for (let trace = 1; trace <= 20; trace++) await ledger.take([firing(trace, { group })])
  expect(await incidents.readHead(incidentKey('A', group))).toMatchObject({ state: 'open' })
  // The first two looks find the group new or known; each signal then looks whether the incident is open.
  expect(incidents.headReads).toBeLessThanOrEqual(20 + 3)
})

test('exercise is written for open incidents and shares, every ten seconds at most, and nothing is lost meanwhile', async () => {
  const exercised = (rule: string) => ledger.countExercise([{ rule, held: true }])
  exercised('A')
  exercised('B')
  await ledger.flush()
  expect(await incidents.exercise('A', 0)).toMatchObject({ exercised: 0 })
  expect(await incidents.exercise('B', 0)).toMatchObject({ exercised: 1, held: 1 })
  await ledger.take([firing(1)])
  exercised('A')
  nowMs += 9_999
  exercised('A')
  await ledger.flush()
  expect(await incidents.exercise('A', 0)).toMatchObject({ exercised: 0 })
  nowMs += 1
  await ledger.flush()
  expect(await incidents.exercise('A', 0)).toMatchObject({ exercised: 2 })
  nowMs += 10_000
  exercised('A')
  await ledger.flush()
  expect(await incidents.exercise('A', 0)).toMatchObject({ exercised: 3 })
})
