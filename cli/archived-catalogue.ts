import { type ArchivedCatalogue, readCatalogue } from '../shared/archive/read-catalogue.ts'
import type { ReplayRange } from '../shared/replay/range.ts'
import { visible } from '../shared/text/visible.ts'
import { requireData } from './existing-data.ts'
import { folderArchive, stackArchive } from './experiments/archives.ts'
import { createProgress } from './progress.ts'
import { paint, type Terminal } from './terminal.ts'

/** Where spans were archived: a data folder, or a deployed stack. */
export type ArchivePlace = { readonly data: string } | { readonly stack: string }

/** The archive there, with what a folder's server has not archived yet; a CommandError where there is no such folder. */
async function openArchive(place: ArchivePlace, terminal: Terminal) {
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
  const { stderr } = terminal
  const store = await openArchive(place, terminal)
  const progress = createProgress(stderr, () => performance.now())
  const read = await readCatalogue(store, range, (done, hours) => progress.show(`reading hour ${done} of ${hours}`))
  progress.clear()
  for (const { key, reason } of read.failures) {
    stderr.write(`${paint(stderr, 'red', 'betrace:')} ${visible(`${key}: ${reason}`)}\n`)
  }
  return read
}
