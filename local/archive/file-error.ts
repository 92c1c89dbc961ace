import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { RUNBOOK } from '../server/runbook.ts'

const CODES: Readonly<Record<string, readonly [ConstructorParameters<typeof StorageError>[0], string]>> = {
  ENOSPC: ['full', `free some space on the disk; traces are not archived until then (${RUNBOOK.full})`],
  EDQUOT: ['full', `free some space within the quota; traces are not archived until then (${RUNBOOK.full})`],
  EACCES: ['denied', `give this user access to the data folder (${RUNBOOK.readOnly})`],
  EPERM: ['denied', `give this user access to the data folder (${RUNBOOK.readOnly})`],
  EROFS: ['read-only', `make the data folder writable for this user (${RUNBOOK.readOnly})`],
}

/** What the operating system said about a file, as the StorageError the pipeline knows. */
export function fileError(cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const [failure, hint] = CODES[code ?? ''] ?? ['unavailable', 'look at the disk']
  return new StorageError(failure, `the archive cannot be written: ${message}`, { cause, hint })
}
