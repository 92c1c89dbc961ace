import { localIncidentDesk } from '../../../local/incidents/incident-desk.ts'
import { LocalIncidents } from '../../../local/incidents/local-incidents.ts'
import { Database } from '../../../local/sqlite/database.ts'
import { SqliteDeliveries } from '../../../local/sqlite/sqlite-deliveries.ts'
import { SqliteIncidents } from '../../../local/sqlite/sqlite-incidents.ts'
import { SqliteMutes } from '../../../local/sqlite/sqlite-mutes.ts'
import { answerIncidents, type IncidentApiDeps } from '../../../shared/incidents/api/api.ts'
import type { IncidentDesk } from '../../../shared/incidents/api/desk.ts'
import type { ApiRequest, ApiResponse } from '../../../shared/pipeline/api-message.ts'
import { NO_MORE } from '../../../shared/rules/read/listing.ts'
import { signalOf } from '../events.ts'

export const NOW_MS = 1_764_000_000_000

/** The API of incidents over a real store in memory, with one incident that is open. */
export async function openIncidentApi(onStorageFailure: (error: unknown) => void = () => {}): Promise<{
  readonly desk: IncidentDesk
  ask(request: Partial<ApiRequest> & { readonly path: string }): Promise<ApiResponse>
  /** Takes the table of incidents away: every look at it fails. */
  damage(): Promise<unknown>
  close(): void
}> {
  const database = new Database(':memory:', 1024 ** 3)
  const store = new SqliteIncidents(database)
  const deliveries = new SqliteDeliveries(database)
  const incidents = new LocalIncidents({
    database,
    store,
    clock: () => NOW_MS,
    rules: () => ({
      rules: [],
      judge: () => [],
      rejected: 0,
      keptBack: [],
      problems: [],
      more: NO_MORE,
    }),
    settings: { quietMs: 1_800_000, cooldownMs: 7_200_000, maxGroups: 50 },
  })
  await incidents.take([signalOf({ atMs: NOW_MS })])
  const config = { current: () => ({ receivers: new Map(), routes: [], mutes: [], traceLink: undefined }) }
  const desk = localIncidentDesk({ incidents, store, deliveries, mutes: new SqliteMutes(database, deliveries), config })
  let ids = 0
  const deps: IncidentApiDeps = {
    desk,
    clock: () => NOW_MS,
    metrics: { add: () => {}, observe: () => {} },
    newMuteId: () => `m${++ids}`,
    source: '/betrace',
    onStorageFailure,
  }
  return {
    desk,
    ask: ({ method = 'GET', query = new URLSearchParams(), headers = {}, body = '', path }) =>
      answerIncidents({ method, path, query, headers: { 'content-type': 'application/json', ...headers }, body }, deps),
    damage: () => database.write(() => database.run('DROP TABLE incidents')),
    close: () => database.close(),
  }
}
