import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HOUR_MS, objectKey } from '../../shared/archive/object-key.ts'
import type { ObjectStore, StoredObject } from '../../shared/archive/object-store.ts'
import { writeTraces } from '../../shared/archive/write-traces.ts'
import { InputError } from '../../shared/errors.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { JOURNAL } from '../archive/archive-journal.ts'
import { folderStore } from '../archive/folder-store.ts'
import { type JournalContent, readJournal } from '../archive/journal.ts'
import { archiveFolder, journalFolder } from '../archive/parquet-archive.ts'
import { requireOurs } from '../files/data-folder.ts'

/** Objects by key, made of what is in the journals. */
type Unarchived = ReadonlyMap<string, Uint8Array>

/**
 * The archive of a data folder together with what is still on its way there, for reading; a server may be at work on
 * the folder. What it archives meanwhile is there twice, which a replay notices.
 */
export async function wholeArchive(
  dataFolder: string,
): Promise<{ readonly store: ObjectStore; readonly unarchived: number }> {
  if (existsSync(dataFolder)) requireOurs(dataFolder)
  const archived = folderStore(archiveFolder(dataFolder))
  const unarchived = await readJournals(journalFolder(dataFolder), await archived.redacted())
  return { store: overlay(archived, unarchived), unarchived: unarchived.size }
}

/** As the server will archive them, or their keys would be others. */
async function readJournals(folder: string, redact: readonly string[]): Promise<Unarchived> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const objects = new Map<string, Uint8Array>()
  // The readable part of a damaged one is archived.
  for (const name of names.filter((each) => each.endsWith(JOURNAL))) {
    const path = join(folder, name)
    const { entries } = await readJournal(path).catch((error) => noneIfGone(error, path))
    for (const [hourMs, group] of Map.groupBy(entries, ({ filing }) => Math.floor(filing.atMs / HOUR_MS) * HOUR_MS)) {
      const { bytes } = writeTraces(group, redact)
      objects.set(objectKey(hourMs, bytes, 'written'), bytes)
    }
  }
  return objects
}

/** Gone: it was archived a moment ago. */
function noneIfGone(error: NodeJS.ErrnoException | InputError, path: string): Pick<JournalContent, 'entries'> {
  if (error.code === 'ENOENT') return { entries: [] }
  const hint = error instanceof InputError && error.hint !== undefined ? error.hint : 'look at the disk'
  throw new StorageError('denied', `${path} cannot be read: ${error.message}`, { cause: error, hint })
}

function overlay(archived: ObjectStore, unarchived: Unarchived): ObjectStore {
  return {
    ...archived,
    async list(prefix) {
      const there = await archived.list(prefix)
      const keys = new Set(there.map(({ key }) => key))
      const missing = [...unarchived].filter(([key]) => key.startsWith(prefix) && !keys.has(key))
      return [...there, ...missing.map(([key, bytes]): StoredObject => stored(key, bytes))]
    },
    open(object) {
      const bytes = unarchived.get(object.key)
      if (bytes === undefined) return archived.open(object)
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      return { byteLength: buffer.length, read: async (start, end) => buffer.subarray(start, end) }
    },
  }
}

function stored(key: string, { byteLength }: Uint8Array): StoredObject {
  // Newer than anything archived: no summary of its hour knows it.
  return { key, byteLength, storedAtMs: Number.MAX_SAFE_INTEGER }
}
