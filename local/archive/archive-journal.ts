import { rename, rm } from 'node:fs/promises'
import { HOUR_MS, objectKey } from '../../shared/archive/object-key.ts'
import type { ObjectStore } from '../../shared/archive/object-store.ts'
import { writeTraces } from '../../shared/archive/write-traces.ts'
import { readJournal } from './journal.ts'

/** What became of a journal. */
interface ArchivedJournal {
  readonly traces: number
  readonly objects: number
  readonly cutOff: boolean
  /** Where the journal was put aside, if parts of it could not be read. */
  readonly setAside?: string
}

export const JOURNAL = '.journal'
/** Ends the name of a journal that was damaged; what could be read of it is archived. */
const DAMAGED = '.damaged'

export type ArchiveReply = { readonly done: ArchivedJournal } | { readonly failed: string }

/** The same, with a failure for an answer. */
export async function tryArchiving(path: string, store: ObjectStore): Promise<ArchiveReply> {
  try {
    return { done: await archiveJournal(path, store) }
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Writes what a journal holds as one object an hour, then deletes it. Done again after a crash it writes the same
 * objects under the same keys. A damaged journal is put aside, not deleted.
 */
async function archiveJournal(path: string, store: ObjectStore): Promise<ArchivedJournal> {
  const { entries, cutOff, damagedBytes } = await readJournal(path)
  const hours = Map.groupBy(entries, ({ filing }) => Math.floor(filing.atMs / HOUR_MS) * HOUR_MS)
  const redact = await store.redacted()
  for (const [hourMs, group] of hours) {
    const { bytes } = writeTraces(group, redact)
    await store.put(objectKey(hourMs, bytes, 'written'), bytes)
  }
  const archived = { traces: entries.length, objects: hours.size, cutOff }
  if (damagedBytes === 0) {
    await rm(path)
    return archived
  }
  const setAside = `${path}${DAMAGED}`
  await rename(path, setAside)
  return { ...archived, setAside }
}
