import { arrivalMs } from '../../shared/pipeline/chunk.ts'
import type { Evaluator } from '../../shared/pipeline/evaluator.ts'
import { onChunksRemoved } from '../../shared/pipeline/rescue.ts'
import type { RuntimeSettings } from '../settings.ts'
import type { Database } from '../sqlite/database.ts'
import type { SqliteBuffer } from '../sqlite/sqlite-buffer.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'
import { removeJudgedChunks } from './judged-chunks.ts'

/** Traces whose chunks are removed in one sweep; the next goes on. */
const TRACES_PER_SWEEP = 200
/** The longest time that a condition looks back, and a quiet time of 8 times the setting, and more. */
const EXERCISE_RETENTION_MS = 3 * 24 * 3_600_000
/** Whoever wonders about a past silence finds it. */
const MUTE_RETENTION_MS = 30 * 24 * 3_600_000

interface SweptStores {
  readonly database: Database
  readonly buffer: SqliteBuffer
  readonly incidents: SqliteIncidents
}

/**
 * Removes what has had its time: chunks of judged traces after the judge window, for then nothing re-opens them, all
 * others after `chunkRetentionMs`. Chunks that no verdict took in are judged first; if that fails they stay, though not
 * for good: after `failureRetentionMs` more they are dropped, and counted.
 */
export async function sweep(
  evaluator: Evaluator,
  { database, buffer, incidents }: SweptStores,
  settings: RuntimeSettings,
): Promise<void> {
  const nowMs = evaluator.clock()
  for (const traceId of buffer.expiredTraces(nowMs - settings.chunkRetentionMs, TRACES_PER_SWEEP)) {
    await removeChunks(evaluator, buffer, traceId, nowMs - settings.chunkRetentionMs, settings.failureRetentionMs)
  }
  const windowMs = Math.min(settings.judgeWindowMs, settings.chunkRetentionMs)
  await removeJudgedChunks(database, { beforeMs: nowMs - windowMs, isEnough: () => false })
  await database.writeRepeatable(() => {
    database.run('DELETE FROM markers WHERE written_ms < ?', nowMs - settings.markerRetentionMs)
    database.run('DELETE FROM signals WHERE time_ms < ?', nowMs - settings.signalRetentionMs)
    database.run('DELETE FROM signal_counts WHERE hour_ms < ?', nowMs - settings.signalRetentionMs)
    incidents.removeOld(nowMs - settings.signalRetentionMs, nowMs - EXERCISE_RETENTION_MS)
    database.run('DELETE FROM incident_mutes WHERE until_ms < ?', nowMs - MUTE_RETENTION_MS)
    const experimentsMs = nowMs - settings.signalRetentionMs
    const old = 'SELECT experiment FROM experiment_events GROUP BY experiment HAVING max(at_ms) < ?'
    database.run(`DELETE FROM experiment_verdicts WHERE experiment IN (${old})`, experimentsMs)
    database.run(`DELETE FROM experiment_late WHERE experiment IN (${old})`, experimentsMs)
    database.run(`DELETE FROM experiment_events WHERE experiment IN (${old})`, experimentsMs)
    const failuresMs = nowMs - settings.failureRetentionMs
    database.run('DELETE FROM deliveries WHERE failed = 1 AND queued_ms < ?', failuresMs)
    database.run('DELETE FROM buried_timers WHERE buried_ms < ?', failuresMs)
  })
}

async function removeChunks(
  evaluator: Evaluator,
  buffer: SqliteBuffer,
  traceId: string,
  beforeMs: number,
  failureRetentionMs: number,
): Promise<void> {
  const expired = buffer.expiredChunks(traceId, beforeMs)
  try {
    const outcome = await onChunksRemoved(evaluator, traceId, expired)
    if (outcome !== 'seen') evaluator.log('warn', 'chunks of a trace ran out of time', { traceId, outcome })
    await buffer.remove(expired)
  } catch (error) {
    const hopeless = expired.filter(({ key }) => arrivalMs(key) < beforeMs - failureRetentionMs)
    await buffer.remove(hopeless)
    evaluator.metrics.add('chunksDropped', {}, hopeless.length)
    const fields = { traceId, dropped: hopeless.length, reason: String(error) }
    evaluator.log('error', 'chunks that ran out of time could not be judged', fields)
  }
}
