import { Database } from '../../local/sqlite/database.ts'
import { SqliteExperiments } from '../../local/sqlite/sqlite-experiments.ts'
import type { ApiDeps } from '../../shared/experiments/api.ts'
import { judgingSettings } from '../../shared/pipeline/settings.ts'
import { violate } from './target.ts'

/** What the paths of experiments need, over a real store in memory. */
export function openApi(): { readonly deps: ApiDeps; close(): void } {
  const database = new Database(':memory:', 1024 ** 3)
  let ids = 0
  const deps: ApiDeps = {
    experiments: new SqliteExperiments(database),
    firing: { firingSince: async () => [] },
    settings: judgingSettings({}),
    clock: () => 1_760_486_400_000,
    metrics: { add: () => {}, observe: () => {} },
    newId: () => `exp-${++ids}`,
    onStorageFailure: (error) => violate(`the store failed: ${String(error)}`),
  }
  return { deps, close: () => database.close() }
}
