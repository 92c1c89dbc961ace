import { beforeEach, expect, test } from 'vitest'
import type { IncidentTimer } from '../../../shared/aws/buffer/timer-message.ts'
import { DynamoIncidents } from '../../../shared/aws/incidents/dynamo-incidents.ts'
import { IncidentChecks } from '../../../shared/aws/incidents/incident-checks.ts'
import { incidentContext } from '../../../shared/aws/incidents/incident-context.ts'
import { armCheck, firstLookMs, type LookDeps, lookAtIncident } from '../../../shared/aws/incidents/look.ts'
import { incidentKey } from '../../../shared/incidents/incident.ts'
import { takeSignal } from '../../../shared/incidents/open-incident.ts'
import { oneByOne } from '../../../shared/incidents/store-steps.ts'
import { ruleSetOf } from '../../../shared/pipeline/rule-set.ts'
import { incidentTables } from '../../emulators/incident-table.ts'
import { signalOf, type TestSignal } from '../../incidents/events.ts'

const MINUTE_MS = 60_000
const QUIET_MS = 30 * MINUTE_MS
/** A whole minute. */
const START_MS = 1_764_000_000_000
const RULES = '// Signal: A (critical)\ntrace.has(a)\n\n// Signal: B (critical)\n// Alert: 10 % in 2m\ntrace.has(b)\n'
const KEY = incidentKey('A', undefined)
const tables = incidentTables()

let nowMs: number
let armed: IncidentTimer[]
let deps: LookDeps & { readonly incidents: DynamoIncidents }
beforeEach(async () => {
  const table = await tables()
  nowMs = START_MS
  armed = []
  deps = {
    incidents: new DynamoIncidents(table, () => nowMs),
    checks: new IncidentChecks(table, () => nowMs),
    timers: { arm: async (timers) => void armed.push(...(timers as readonly IncidentTimer[])) },
    rules: { current: async () => ruleSetOf([{ file: 'test.rules', text: RULES }]) },
    settings: { quietMs: QUIET_MS, cooldownMs: 4 * QUIET_MS, maxGroups: 50 },
    clock: () => nowMs,
  }
})

const take = async (given: Partial<TestSignal> = {}) =>
  oneByOne(takeSignal(signalOf({ atMs: nowMs, ...given }), await incidentContext(deps)), deps.incidents)
const head = (key = KEY) => deps.incidents.readHead(key)
const exercise = (held: number, rule = 'A', exercised = held) =>
  deps.incidents.addExercise([{ rule, minuteMs: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS, exercised, held }])

/** What the dispatcher does after a change. */
async function dispatch(key = KEY): Promise<IncidentTimer> {
  const changed = await head(key)
  if (changed === undefined) throw new Error('no head')
  const dueAtMs = firstLookMs(changed, nowMs)
  if (dueAtMs !== undefined) await armCheck(deps, { key, version: changed.version, dueAtMs })
  return armed.at(-1) as IncidentTimer
}

test('an incident is looked at when it may be over, then until the rule was exercised, and ends', async () => {
  await take()
  const timer = await dispatch()
  expect(timer).toEqual({ kind: 'incident', key: KEY, version: 1, dueAtMs: START_MS + QUIET_MS, attempt: 0 })
  nowMs = timer.dueAtMs
  expect(await lookAtIncident(deps, timer)).toBe('looked')
  expect(armed.at(-1)).toMatchObject({ version: 1, dueAtMs: nowMs + MINUTE_MS })
  await exercise(3)
  nowMs += MINUTE_MS
  await lookAtIncident(deps, armed.at(-1) as IncidentTimer)
  expect(await head()).toMatchObject({ state: 'resolved', ended: 'held' })
  expect(armed).toHaveLength(2)
  expect(await deps.checks.all()).toEqual([])
})

test('a timer that comes before it is due is armed again as it is', async () => {
  await take()
  const timer = await dispatch()
  nowMs = timer.dueAtMs - 1
  expect(await lookAtIncident(deps, timer)).toBe('early')
  expect(armed.at(-1)).toEqual(timer)
})

test('a timer that comes twice goes on once', async () => {
  await take()
  const timer = await dispatch()
  nowMs = timer.dueAtMs
  expect(await lookAtIncident(deps, timer)).toBe('looked')
  expect(await lookAtIncident(deps, timer)).toBe('superseded')
  expect(armed).toHaveLength(2)
})

test('a look at an older version leaves the look of the newer one alone', async () => {
  await take({ severity: 'low' })
  const old = await dispatch()
  await take({ severity: 'high', trace: 2 })
  await dispatch()
  nowMs = old.dueAtMs
  await lookAtIncident(deps, old)
  expect(armed).toHaveLength(2)
  expect(await deps.checks.all()).toMatchObject([{ key: KEY, version: 2 }])
  await lookAtIncident(deps, armed.at(-1) as IncidentTimer)
  expect(armed.at(-1)).toMatchObject({ version: 2, dueAtMs: nowMs + MINUTE_MS })
})

test('an end that was begun and left is finished at once', async () => {
  await take()
  nowMs += QUIET_MS
  await exercise(3)
  const begun = await head()
  if (begun === undefined) throw new Error('no head')
  await deps.incidents.writeHead(KEY, { ...begun, version: 2, state: 'resolving', changedAtMs: nowMs })
  const timer = await dispatch()
  expect(timer).toMatchObject({ version: 2, dueAtMs: nowMs })
  await lookAtIncident(deps, timer)
  expect(await head()).toMatchObject({ state: 'resolved', ended: 'held' })
})

test('a share is looked at every minute while it may open', async () => {
  const key = incidentKey('B', undefined)
  await exercise(8, 'B', 9)
  await take({ rule: 'B' })
  let timer = await dispatch(key)
  expect(timer).toMatchObject({ dueAtMs: START_MS + MINUTE_MS })
  nowMs = timer.dueAtMs
  await lookAtIncident(deps, timer)
  timer = armed.at(-1) as IncidentTimer
  expect(timer).toMatchObject({ version: 1, dueAtMs: START_MS + 2 * MINUTE_MS })
  await exercise(8, 'B', 11)
  for (const trace of [2, 3]) await take({ rule: 'B', trace })
  nowMs = timer.dueAtMs
  await lookAtIncident(deps, timer)
  expect(await head(key)).toMatchObject({ state: 'open', version: 2 })
  expect(armed).toHaveLength(2)
})

test('a share that did not open is looked at no more after its time', async () => {
  const key = incidentKey('B', undefined)
  await take({ rule: 'B' })
  await dispatch(key)
  for (let looks = 0; looks < 20; looks++) {
    const timer = armed.at(-1) as IncidentTimer
    nowMs = Math.max(nowMs, timer.dueAtMs)
    await lookAtIncident(deps, timer)
  }
  expect(armed.length).toBeLessThan(10)
  expect(await deps.checks.all()).toEqual([])
})
