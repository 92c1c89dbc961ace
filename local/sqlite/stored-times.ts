import type { ClockStep } from '../../shared/pipeline/ports.ts'
import type { RuntimeSettings } from '../settings.ts'
import type { Database } from './database.ts'

/** The longest wait before failed work is tried again. */
const MAX_RETRY_MS = 900_000

/**
 * Moves the times at which something is due by a step of the clock, so that it neither waits for the clock to get there
 * again nor happens too early. What was armed after the step is due in a quiet period, and stays.
 */
export async function shiftStoredTimes(
  database: Database,
  { beforeMs, afterMs }: ClockStep,
  quietPeriodMs: number,
): Promise<void> {
  const byMs = Math.round(afterMs - beforeMs)
  const newMs = afterMs + quietPeriodMs
  const isOld = byMs > 0 ? '< ?' : '> ? + 1000'
  const shift = "timer = json_set(timer, '$.dueAtMs', json_extract(timer, '$.dueAtMs') + ?)"
  await database.write(() => {
    const timers = `UPDATE timers SET visible_ms = visible_ms + ?, ${shift} WHERE json_extract(timer, '$.dueAtMs') ${isOld}`
    database.run(timers, byMs, byMs, newMs)
    database.run(`UPDATE deliveries SET due_ms = due_ms + ? WHERE failed = 0 AND due_ms ${isOld}`, byMs, afterMs)
    const leases = 'UPDATE markers SET lease_until_ms = lease_until_ms + ? WHERE lease_token IS NOT NULL'
    database.run(leases, byMs)
  })
}

/** For a start: nothing waits longer than it ever would; where it does, the clock was put back since. */
export async function capStoredTimes(database: Database, nowMs: number, settings: RuntimeSettings): Promise<void> {
  const { quietPeriodMs, incompleteWaitMs, leaseMs } = settings
  const latestMs = nowMs + Math.max(MAX_RETRY_MS, incompleteWaitMs, leaseMs)
  const dueMs = nowMs + quietPeriodMs
  await database.write(() => {
    const timers = `UPDATE timers SET visible_ms = ?, timer = json_set(timer, '$.dueAtMs', ?)
      WHERE json_extract(timer, '$.dueAtMs') > ?`
    database.run(timers, dueMs, dueMs, latestMs)
    database.run('UPDATE deliveries SET due_ms = ? WHERE failed = 0 AND due_ms > ?', nowMs, latestMs)
  })
}
