import { randomUUID } from 'node:crypto'
import { COMPACTION_LIMITS, type CompactedHour, compactHour } from '../../shared/archive/compact.ts'
import { folderStore } from '../archive/folder-store.ts'
import { archiveFolder } from '../archive/parquet-archive.ts'
import { archivedHours, type HourRange } from './archived-hours.ts'

/** Compacts the hours of a data folder's archive, one after the other; a running server is not disturbed. */
export async function* compactFolder(
  dataFolder: string,
  range: HourRange,
  nowMs: number,
): AsyncGenerator<CompactedHour & { readonly hoursLeft: number }> {
  const store = folderStore(archiveFolder(dataFolder))
  const hours = await archivedHours(store, range)
  for (const [index, hourMs] of hours.entries()) {
    const run = { nowMs, token: randomUUID() }
    const compacted = await compactHour(store, hourMs, run, { ...COMPACTION_LIMITS, leastNewShare: 0 })
    yield { ...compacted, hoursLeft: hours.length - index - 1 }
  }
}
