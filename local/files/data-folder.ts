import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { InputError } from '../../shared/errors.ts'
import { RUNBOOK } from '../server/runbook.ts'
import { fileKindOf } from './input-file.ts'
import { makeFolder, PRIVATE } from './make-folder.ts'

/** A folder that is ours alone until `unlock`. */
export interface DataFolder {
  readonly databasePath: string
  unlock(): void
}

/** SQLite's result code for a file that somebody else has locked. */
const BUSY = 5

/**
 * Makes the folder where it is missing and locks it; throws an InputError where that cannot be, or another process has
 * it. The lock is the operating system's (through SQLite), so that none is left behind by a process that was killed.
 */
export function openDataFolder(folder: string): DataFolder {
  try {
    // Spans lie there, and the addresses of webhooks.
    makeFolder(folder, PRIVATE)
  } catch (error) {
    throw unusable(folder, (error as Error).message)
  }
  requireOurs(folder)
  const lock = lockFile(folder)
  return { databasePath: join(folder, 'betrace.db'), unlock: () => lock.close() }
}

const FOLDERS = ['archive', 'archive-journal']

/**
 * Throws an InputError where something else has the name of a file or folder of ours: SQLite would wait for the writer
 * of a pipe, and believe what a device says.
 */
export function requireOurs(folder: string): void {
  for (const name of readdirSync(folder)) {
    const isFile = name === 'lock' || name.startsWith('betrace.db') || name.startsWith('rules-in-force.json')
    const stats = isFile || FOLDERS.includes(name) ? statSync(join(folder, name), { throwIfNoEntry: false }) : undefined
    if (stats === undefined || (isFile ? stats.isFile() : stats.isDirectory())) continue
    const reason = `${name} is in the way: it is ${fileKindOf(stats)}, not a ${isFile ? 'file' : 'folder'}`
    throw unusable(folder, reason, `move ${join(folder, name)} elsewhere, or name another folder`)
  }
}

function lockFile(folder: string): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    const { errcode, message } = error as { errcode?: number; message: string }
    if (errcode !== BUSY) throw unusable(folder, message)
    throw new InputError({
      code: 'data-folder-in-use',
      message: `the data folder ${folder} is in use by another betrace`,
      hint: 'stop that one, or give this one a folder of its own',
    })
  }
}

const UNWRITABLE = `name a folder this user may write to, on a disk that is neither read-only nor full (${RUNBOOK.readOnly})`

function unusable(folder: string, reason: string, hint = UNWRITABLE): InputError {
  return new InputError({
    code: 'data-folder-unusable',
    message: `the data folder ${folder} cannot be used: ${reason}`,
    hint,
  })
}
