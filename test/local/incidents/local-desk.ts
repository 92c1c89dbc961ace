import { localIncidentDesk } from '../../../local/incidents/incident-desk.ts'
import { LocalIncidents } from '../../../local/incidents/local-incidents.ts'
import { Database } from '../../../local/sqlite/database.ts'
import { SqliteDeliveries } from '../../../local/sqlite/sqlite-deliveries.ts'
import { SqliteIncidents } from '../../../local/sqlite/sqlite-incidents.ts'
import { SqliteMutes } from '../../../local/sqlite/sqlite-mutes.ts'
import { ruleSetOf } from '../../../shared/pipeline/rule-set.ts'
import type { DeskWorld } from '../../incidents/api/desk-contract.ts'

const RULES = '// Signal: SHARE (low)\n// Alert: 1 % in 10m\ntrace.has(a)\n'

/** The desk of the local runtime over a database in memory, without a file of receivers. */
export function openLocalDesk(): DeskWorld & { readonly database: Database } {
  const database = new Database(':memory:', 1024 ** 3)
  const store = new SqliteIncidents(database)
  const deliveries = new SqliteDeliveries(database)
  const rules = ruleSetOf([{ file: 'test.rules', text: RULES }])
  let nowMs = 0
  const incidents = new LocalIncidents({
    database,
    store,
    clock: () => nowMs,
    rules: () => rules,
    settings: { quietMs: 1_800_000, cooldownMs: 7_200_000, maxGroups: 50 },
  })
  const config = { current: () => ({ receivers: new Map(), routes: [], mutes: [], traceLink: undefined }) }
  return {
    database,
    desk: localIncidentDesk({ incidents, store, deliveries, mutes: new SqliteMutes(database, deliveries), config }),
    async take(signals, atMs) {
      nowMs = atMs
      await incidents.take(signals)
    },
    putDelivery: (id, row) => database.write(() => deliveries.put(id, row)),
  }
}
