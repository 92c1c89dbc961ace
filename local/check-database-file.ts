import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { StorageError } from '../shared/pipeline/storage-error.ts'
import { readWal } from './recovery/wal.ts'
import { RUNBOOK } from './runbook.ts'

/**
 * Throws a StorageError where SQLite would begin anew or forget acknowledged writes without a word: over a file that
 * was emptied, and past damage in the write-ahead log.
 */
export function checkDatabaseFile(path: string): void {
  if (existsSync(recoveredPath(path))) {
    throw new StorageError('corrupt', `the recovery of ${path} was cut short`, { hint: recoverHint(path) })
  }
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === 0 && existsSync(join(dirname(path), 'archive-journal'))) {
    throw new StorageError('corrupt', `${path} is empty, though a server has used it`, {
      hint: `put back a copy of it, or run: betrace recover --data ${dirname(path)} (${RUNBOOK.database})`,
    })
  }
  const frame = readWal(path)?.damagedFrame
  if (frame === undefined) return
  throw new StorageError('corrupt', `${path}-wal is damaged at frame ${frame}; SQLite would forget what follows`, {
    hint: recoverHint(path),
  })
}

/** Where a recovered database waits to take its place. */
export function recoveredPath(path: string): string {
  return `${path}.recovered`
}

const OURS = ['chunks', 'markers', 'timers', 'signals']

/** Throws a StorageError for a database that has tables, and not ours. */
export function checkTables(connection: DatabaseSync, path: string): void {
  const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const names = new Set(tables.map(({ name }) => name))
  if (names.size === 0 || OURS.every((name) => names.has(name))) return
  const known = OURS.some((name) => names.has(name))
  throw new StorageError(
    'corrupt',
    known ? `${path} lacks tables: its schema is damaged` : `${path} is a database of another program`,
    { hint: known ? recoverHint(path) : `give betrace a data folder without a ${basename(path)} of others` },
  )
}

export function recoverHint(path: string): string {
  return `stop the server and run: betrace recover --data ${dirname(path)} (${RUNBOOK.database})`
}
