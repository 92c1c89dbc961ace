import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { readLogAndFile } from '../recovery/log-and-file.ts'
import { RUNBOOK } from '../server/runbook.ts'
import type { Promised } from './promise-mark.ts'

/**
 * Throws a StorageError where SQLite would lose acknowledged writes without a word, or mix pages of different times: over
 * a file that was emptied, past damage in the write-ahead log, and where the file or the log is an older copy. Returns what
 * was promised, as the mark beside the database says; undefined without a mark.
 */
export function checkDatabaseFile(path: string): Promised | undefined {
  if (existsSync(recoveredPath(path))) {
    throw new StorageError('corrupt', `the recovery of ${path} was cut short`, { hint: recoverHint(path) })
  }
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === 0 && existsSync(join(dirname(path), 'archive-journal'))) {
    throw new StorageError('corrupt', `${path} is empty, though a server has used it`, {
      hint: `put back a copy of it, or run: betrace recover --data ${dirname(path)} (${RUNBOOK.database})`,
    })
  }
  const { wal, marked, mismatch } = readLogAndFile(path)
  const problem =
    mismatch !== undefined
      ? MISMATCHES[mismatch](path)
      : wal?.damagedFrame !== undefined
        ? `${path}-wal is damaged at frame ${wal.damagedFrame}; SQLite would forget what follows`
        : size === undefined && (wal?.pages.length ?? 0) > 0
          ? `${path} is gone, and its log ${path}-wal is there; SQLite would delete that`
          : undefined
  if (problem !== undefined) throw new StorageError('corrupt', problem, { hint: recoverHint(path) })
  return marked
}

const MISMATCHES = {
  'old-log': (path: string) =>
    `${path}-wal is older than ${path}, or was cut off; SQLite would mix pages of different times`,
  'old-file': (path: string) => `${path} is older than its log ${path}-wal; SQLite would mix pages of different times`,
} as const

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
