import type { Log } from '../../shared/pipeline/ports.ts'
import type { Database } from './database.ts'
import type { SqliteTimers } from './sqlite-timers.ts'

/** Lets what waited for the disk go on at once when the disk takes writes again; to be asked every second or so. */
export function storageWatch(database: Database, timers: SqliteTimers, log: Log): () => Promise<void> {
  let seen = 0
  return async () => {
    const { failures } = database
    if (failures === seen) return
    try {
      await database.touch()
    } catch {
      return
    }
    seen = failures
    const woken = await timers.wake()
    if (woken > 0) log('warn', 'the database takes writes again; traces that waited for it are judged now', { woken })
  }
}
