import { arrivalMs } from '../../shared/pipeline/chunk.ts'
import type { Clock, Timer } from '../../shared/pipeline/ports.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { isClosed } from '../maintenance/judged-chunks.ts'
import { recoverHint } from './check-database-file.ts'
import type { Database } from './database.ts'
import type { SqliteBuffer } from './sqlite-buffer.ts'

/**
 * Throws a StorageError where a chunk that armed a timer cannot be found, is in no verdict, and is too young to have
 * been removed: a damaged index hides it. A verdict without it might be wrong and nobody would know.
 */
export function presentChunks(database: Database, buffer: SqliteBuffer, clock: Clock, retentionMs: number) {
  const sql = 'SELECT 1 FROM chunks WHERE trace_id = ? AND key = ?'
  return async (timer: Timer): Promise<void> => {
    if (timer.kind !== 'trace') return
    const { traceId } = timer
    const missing = timer.chunkKeys.filter((key) => database.get(sql, traceId, key) === undefined)
    if (missing.length === 0) return
    const young = missing.filter((key) => arrivalMs(key) >= clock() - retentionMs)
    const { seen = [], verdicts = 0 } = (await buffer.readMarker(traceId)) ?? {}
    if (isClosed({ seen, verdicts }) || young.every((key) => seen.includes(key))) return
    const hint = recoverHint(database.path)
    throw new StorageError('corrupt', `${database.path}: a chunk of trace ${traceId} is not found`, { hint })
  }
}
