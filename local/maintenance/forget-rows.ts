import type { Database } from '../database.ts'

/** What was removed beside the archive. */
export interface ForgottenRows {
  readonly chunks: number
  readonly signals: number
}

/** Removes chunks of traces, their signals, and deliveries of these; the file keeps no bytes of them. */
export async function forgetRows(database: Database, traceIds: readonly string[]): Promise<ForgottenRows> {
  const removed = await database.write(() => {
    const sum = { chunks: 0, signals: 0 }
    for (const traceId of traceIds) {
      const events = 'SELECT event_id FROM signals WHERE trace_id = ?'
      database.run(`DELETE FROM deliveries WHERE event_id IN (${events})`, traceId)
      sum.chunks += database.run('DELETE FROM chunks WHERE trace_id = ?', traceId)
      sum.signals += database.run('DELETE FROM signals WHERE trace_id = ?', traceId)
    }
    return sum
  })
  // What was updated or deleted before still lies in free space of the file, until that is written anew.
  database.all('VACUUM')
  database.all('PRAGMA wal_checkpoint(TRUNCATE)')
  return removed
}
