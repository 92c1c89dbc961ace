import { archivedHours } from '../local/maintenance/archived-hours.ts'
import { HOUR_MS } from '../shared/archive/object-key.ts'
import type { ObjectStore } from '../shared/archive/object-store.ts'
import { type ArchivedCatalogue, readCatalogue } from '../shared/archive/read-catalogue.ts'
import type { ReplayRange } from '../shared/replay/range.ts'
import { visible } from '../shared/text/visible.ts'
import { requireData } from './existing-data.ts'
import { folderArchive, stackArchive } from './experiments/archives.ts'
import { createProgress } from './progress.ts'
import { paint, type Terminal } from './terminal.ts'

/** Where spans were archived: a data folder, or a deployed stack. */
export type ArchivePlace = { readonly data: string } | { readonly stack: string }

/** Opens the archive, with the spans that a folder's server has not archived yet. Throws a CommandError where the folder is missing. */
async function openArchive(place: ArchivePlace, terminal: Terminal): Promise<ObjectStore> {
  if ('stack' in place) return (await stackArchive(place.stack)).store
  await requireData(place.data)
  return (await folderArchive(place.data, terminal)).store
}

/** Reads what was seen in the hours that overlap a range, with progress; names objects that cannot be read on stderr. */
export async function readArchivedCatalogue(
  place: ArchivePlace,
  range: ReplayRange,
  terminal: Terminal,
): Promise<ArchivedCatalogue> {
  return readFrom(await openArchive(place, terminal), range, terminal)
}

const DAY_MS = 24 * HOUR_MS

/** The same of the last 24 hours; where nothing was archived in them, of the 24 hours to the last that was. */
export async function readLastDay(place: ArchivePlace, nowMs: number, terminal: Terminal): Promise<ArchivedCatalogue> {
  const store = await openArchive(place, terminal)
  const read = await readFrom(store, { fromMs: nowMs - DAY_MS, toMs: nowMs }, terminal)
  if (read.hours.length > 0) return read
  const hours = await archivedHours(store, { fromMs: 0, toMs: Number.POSITIVE_INFINITY })
  const toMs = (hours.at(-1) ?? 0) + HOUR_MS
  return readFrom(store, { fromMs: toMs - DAY_MS, toMs }, terminal)
}

async function readFrom(store: ObjectStore, range: ReplayRange, { stderr }: Terminal): Promise<ArchivedCatalogue> {
  const progress = createProgress(stderr, () => performance.now())
  const read = await readCatalogue(store, range, (done, hours) => progress.show(`reading hour ${done} of ${hours}`))
  progress.clear()
  for (const { key, reason } of read.failures) {
    stderr.write(`${paint(stderr, 'red', 'betrace:')} ${visible(`${key}: ${reason}`)}\n`)
  }
  return read
}
