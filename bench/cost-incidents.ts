import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dispatchIncident } from '../shared/aws/incidents/dispatch.ts'
import { DynamoDeliveries } from '../shared/aws/incidents/dynamo-deliveries.ts'
import { DynamoIncidents } from '../shared/aws/incidents/dynamo-incidents.ts'
import { DynamoIncidentLedger } from '../shared/aws/incidents/dynamo-ledger.ts'
import { IncidentChecks } from '../shared/aws/incidents/incident-checks.ts'
import { lookAtIncident } from '../shared/aws/incidents/look.ts'
import { incidentSettings } from '../shared/incidents/context.ts'
import { incidentKey } from '../shared/incidents/incident.ts'
import { ruleSetOf } from '../shared/pipeline/rule-set.ts'
import { judgingSettings } from '../shared/pipeline/settings.ts'
import { startDynalite } from '../test/emulators/emulators.ts'
import { createIncidentTable } from '../test/emulators/incident-table.ts'
import { signalOf } from '../test/incidents/events.ts'
import { countUnits, type Units } from './cost-run.ts'

/** What one incident takes, in units of DynamoDB as the emulator bills them. */
export interface IncidentUsage {
  readonly traces: number
  /** To take the signals of all traces in, the opening with them. */
  readonly taken: Units
  /** To dispatch the opening to three receivers and arm the first look. */
  readonly dispatched: Units
  /** To look at it once, with all its members. */
  readonly looked: Units
}

/** Traces that an evaluator works on side by side. */
const TOGETHER = 16
const RECEIVERS = ['one', 'two', 'three']

/** Takes signals of one rule in as an evaluator does, and counts what the table is asked. */
export async function measureIncident(traces: number): Promise<IncidentUsage> {
  const running = await startDynalite()
  try {
    await createIncidentTable(running.client, 'incidents')
    return await usageOf(traces, running.client)
  } finally {
    await running.stop()
  }
}

async function usageOf(traces: number, client: DynamoDBClient): Promise<IncidentUsage> {
  const units = countUnits(client)
  const startMs = Date.now()
  let nowMs = startMs
  const clock = () => nowMs
  const table = { client, name: 'incidents', backoff: { attempts: 9, firstWaitMs: 1, pause: async () => {} } }
  const rules = { current: async () => ruleSetOf([{ file: 'a.rules', text: '// Signal: A (high)\ntrace.has(a)\n' }]) }
  const stores = { incidents: new DynamoIncidents(table, clock), checks: new IncidentChecks(table, clock) }
  const timers = { arm: async () => {} }
  const deps = { ...stores, timers, rules, clock, settings: incidentSettings(judgingSettings({})), log: () => {} }
  const ledger = new DynamoIncidentLedger(deps)
  const signals = Array.from({ length: traces }, (_, at) => signalOf({ rule: 'A', trace: at + 1, atMs: startMs + at }))
  const measured = async (work: () => Promise<unknown>): Promise<Units> => {
    const before = { ...units }
    await work()
    return { writes: units.writes - before.writes, reads: units.reads - before.reads }
  }
  const taken = await measured(async () => {
    for (let at = 0; at < traces; at += TOGETHER) {
      await Promise.all(signals.slice(at, at + TOGETHER).map((signal) => ledger.take([signal])))
    }
  })
  const key = incidentKey('A', undefined)
  const dispatched = await measured(() =>
    dispatchIncident(
      {
        ...deps,
        deliveries: new DynamoDeliveries(table, clock),
        send: async () => {},
        routes: async () => ({ routes: [] }),
        everything: RECEIVERS,
        source: '/betrace',
      },
      key,
    ),
  )
  nowMs = startMs + 3_600_000
  const looked = await measured(() =>
    lookAtIncident(deps, { kind: 'incident', key, version: 1, dueAtMs: nowMs, attempt: 0 }),
  )
  return { traces, taken, dispatched, looked }
}
