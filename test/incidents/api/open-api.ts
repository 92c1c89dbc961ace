import { answerIncidents, type IncidentApiDeps } from '../../../shared/incidents/api/api.ts'
import type { IncidentDesk } from '../../../shared/incidents/api/desk.ts'
import type { ApiRequest, ApiResponse } from '../../../shared/pipeline/api-message.ts'
import { openLocalDesk } from '../../local/incidents/local-desk.ts'
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
  const { desk, database, take } = openLocalDesk()
  await take([signalOf({ atMs: NOW_MS })], NOW_MS)
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
