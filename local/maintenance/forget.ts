import { randomUUID } from 'node:crypto'
import { type Forgotten, type ForgottenHour, forgetHour } from '../../shared/archive/forget.ts'
import type { ObjectStore } from '../../shared/archive/object-store.ts'
import { forgetSignals } from '../../shared/archive/signal-objects.ts'
import type { Log } from '../../shared/pipeline/ports.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { folderStore } from '../archive/folder-store.ts'
import { archiveFolder, ParquetArchive } from '../archive/parquet-archive.ts'
import { openDataFolder } from '../files/data-folder.ts'
import { RUNBOOK } from '../server/runbook.ts'
import { Database } from '../sqlite/database.ts'
import { archivedHours, type HourRange } from './archived-hours.ts'
import { type ForgottenRows, forgetRows } from './forget-rows.ts'

/** What was removed from the archive, or would be. */
export interface ForgottenHours extends ForgottenHour {
  readonly hours: number
}

/** The same with what lies beside the archive. */
export interface ForgottenData extends ForgottenHours, ForgottenRows {}

export interface ForgetOptions {
  readonly dataFolder: string
  readonly forgotten: Forgotten
  readonly range: HourRange
  readonly dryRun: boolean
  readonly nowMs: number
  readonly onHour?: (done: number, hours: number) => void
}

/**
 * Removes traces from everything a data folder holds: the archive, the journal on its way there, and the database with
 * their chunks and signals. Throws an InputError while a server uses the folder.
 */
export async function forgetLocally(options: ForgetOptions): Promise<ForgottenData> {
  const { dataFolder, dryRun, nowMs } = options
  const folder = openDataFolder(dataFolder)
  try {
    await archiveJournals(dataFolder, nowMs)
    const found = await forgetArchived(folderStore(archiveFolder(dataFolder)), options)
    const { forgotten } = options
    const traceIds = forgotten.kind === 'trace' ? [forgotten.traceId] : found.traceIds
    if (dryRun) return { ...found, chunks: 0, signals: 0 }
    const database = new Database(folder.databasePath, Number.MAX_SAFE_INTEGER)
    try {
      const rows = await forgetRows(database, traceIds)
      // Files hold copies of what is in the database, which may have let go of it already.
      const copies = await forgetSignals(folderStore(archiveFolder(dataFolder)), new Set(traceIds))
      return { ...found, ...rows, signals: Math.max(rows.signals, copies) }
    } finally {
      database.close()
    }
  } finally {
    folder.unlock()
  }
}

/** Puts what a process left in its journal where it can be found. */
async function archiveJournals(dataFolder: string, nowMs: number): Promise<void> {
  const failures: string[] = []
  const log: Log = (level, message, fields) => {
    if (level === 'error') failures.push(`${message}: ${fields?.path} ${fields?.reason ?? ''}`.trimEnd())
  }
  const archive = await ParquetArchive.open({ dataFolder, clock: () => nowMs, log })
  await archive.close()
  if (failures.length > 0) {
    throw new StorageError('unavailable', failures.join('; '), { hint: `nothing was removed (${RUNBOOK.archive})` })
  }
}

/** Removes traces from the hours of an archive, wherever it lies. */
export async function forgetArchived(
  store: ObjectStore,
  options: Omit<ForgetOptions, 'dataFolder' | 'nowMs'>,
): Promise<ForgottenHours> {
  const { forgotten, range, dryRun, onHour } = options
  const hours = await archivedHours(store, range)
  const found: ForgottenHour[] = []
  for (const [index, hourMs] of hours.entries()) {
    found.push(...(await forgetUntilGone(store, hourMs, forgotten, dryRun)))
    onHour?.(index + 1, hours.length)
  }
  const sum = (count: (hour: ForgottenHour) => number) => found.reduce((total, hour) => total + count(hour), 0)
  return {
    hours: hours.length,
    traceIds: [...new Set(found.flatMap(({ traceIds }) => traceIds))].sort(),
    spans: sum(({ spans }) => spans),
    objectsRewritten: sum(({ objectsRewritten }) => objectsRewritten),
    objectsDeleted: sum(({ objectsDeleted }) => objectsDeleted),
    failures: [...new Map(found.flatMap(({ failures }) => failures).map((each) => [each.key, each])).values()],
  }
}

const MAX_ROUNDS = 5

/** A compaction at work may bring back what it read before: look again until nothing is found. */
async function forgetUntilGone(
  store: ObjectStore,
  hourMs: number,
  forgotten: Forgotten,
  dryRun: boolean,
): Promise<readonly ForgottenHour[]> {
  const rounds: ForgottenHour[] = []
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const result = await forgetHour(store, hourMs, forgotten, { token: randomUUID(), dryRun })
    if (result.traceIds.length === 0 && round > 1) return rounds
    rounds.push(result)
    if (result.traceIds.length === 0 || dryRun) return rounds
  }
  throw new Error('objects keep coming back: end the compaction that is at work, and run this again')
}
