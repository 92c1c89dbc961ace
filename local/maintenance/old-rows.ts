import type { Database } from '../sqlite/database.ts'

/** Rows removed in one transaction: no more than needed are removed. */
const PAGE = 64

/**
 * Removes signals of before a time that were copied to the archive, oldest first, but the newest of each rule: stop conditions ask
 * for it. Returns how many.
 */
export function removeCopiedSignals(database: Database, beforeMs: number, isEnough: () => boolean): Promise<number> {
  const sql = `DELETE FROM signals WHERE rowid IN (SELECT rowid FROM signals
    WHERE time_ms < ? AND archived = 1 AND lined = 1
      AND time_ms < (SELECT max(time_ms) FROM signals AS newer WHERE newer.rule = signals.rule)
    ORDER BY time_ms LIMIT ${PAGE})`
  return removePages(database, sql, beforeMs, isEnough)
}

/**
 * Removes what is known of the judging of traces that nobody has written to since a time, oldest first; returns how many.
 * A trace with chunks, signals to send or a timer that was set aside keeps it.
 */
export function removeOldMarkers(database: Database, beforeMs: number, isEnough: () => boolean): Promise<number> {
  const sql = `DELETE FROM markers WHERE trace_id IN (SELECT trace_id FROM markers
    WHERE written_ms < ? AND pending = '[]' AND lease_token IS NULL
      AND NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.trace_id = markers.trace_id)
      AND NOT EXISTS (SELECT 1 FROM buried_timers WHERE instr(timer, markers.trace_id) > 0)
    ORDER BY written_ms LIMIT ${PAGE})`
  return removePages(database, sql, beforeMs, isEnough)
}

async function removePages(
  database: Database,
  sql: string,
  beforeMs: number,
  isEnough: () => boolean,
): Promise<number> {
  let removed = 0
  while (!isEnough()) {
    const count = await database.writeRepeatable(() => database.run(sql, beforeMs))
    removed += count
    if (count < PAGE) return removed
  }
  return removed
}
