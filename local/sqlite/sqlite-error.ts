import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { RUNBOOK } from '../server/runbook.ts'
import { recoverHint } from './check-database-file.ts'

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that tell us what to do. */
const CODES = new Map<number, ConstructorParameters<typeof StorageError>[0]>([
  [3, 'denied'],
  [5, 'unavailable'],
  [6, 'unavailable'],
  [8, 'read-only'],
  [10, 'unavailable'],
  [11, 'corrupt'],
  [13, 'full'],
  [14, 'denied'],
  [18, 'too-large'],
  [23, 'denied'],
  [26, 'corrupt'],
])

const HINTS = {
  throttled: undefined,
  unavailable: () => 'look at the disk, and for other programs that hold the file open',
  full: () => `free some space on the disk; spans are refused until then, nothing stored is lost (${RUNBOOK.full})`,
  'read-only': () => `make the data folder writable for this user (${RUNBOOK.readOnly})`,
  denied: () => `give this user access to the data folder (${RUNBOOK.readOnly})`,
  corrupt: recoverHint,
  'too-large': undefined,
} as const

/** What SQLite said about a file, as the StorageError the pipeline knows; any other error stays as it is. */
export function storageError(cause: unknown, path: string): unknown {
  const { code: kind, errcode, message } = cause as { code?: string; errcode?: number; message?: string }
  // A column that we stored as JSON is JSON, unless its bytes changed on the disk.
  if (cause instanceof SyntaxError) {
    return new StorageError('corrupt', `${path}: a stored value is damaged: ${message}`, {
      cause,
      hint: recoverHint(path),
    })
  }
  if (kind !== 'ERR_SQLITE_ERROR') return cause
  const isDamagedJson = message === 'malformed JSON'
  const code = isDamagedJson ? 'corrupt' : (CODES.get((errcode ?? 0) & 0xff) ?? 'unavailable')
  const hint = HINTS[code]?.(path)
  return new StorageError(code, `${path}: ${message}`, { cause, ...(hint === undefined ? {} : { hint }) })
}
