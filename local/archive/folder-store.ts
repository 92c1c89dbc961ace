import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ObjectGone, type ObjectStore, type StoredObject } from '../../shared/archive/object-store.ts'
import type { ByteSource } from '../../shared/archive/read-footer.ts'
import { openRegular } from '../files/input-file.ts'
import { readRedactedKeys } from './redacted-keys.ts'

/** Reading a small object whole takes one system call instead of a dozen. */
const WHOLE_READ_BYTES = 1024 * 1024
/** Names that start so are files not yet complete. */
const UNFINISHED = '.'
const UNFINISHED_NAME = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** An archive in a folder; keys are paths below it. */
export function folderStore(folder: string): ObjectStore {
  return {
    list: (prefix) => listFolder(folder, prefix),
    open: (object) => openFile(folder, object),
    put: (key, bytes) => writeDurably(join(folder, key), bytes),
    delete: (key) => rm(join(folder, key), { force: true }),
    redacted: () => readRedactedKeys(folder),
  }
}

async function listFolder(folder: string, prefix: string): Promise<readonly StoredObject[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true, recursive: true }).catch(ignoreMissing)
  // A folder in an object's place is named as what cannot be read, like any other damage.
  const files = entries.filter((entry) => {
    return (!entry.isDirectory() || entry.name.endsWith('.parquet')) && !entry.name.startsWith(UNFINISHED)
  })
  const objects = files.map(async (entry): Promise<StoredObject | undefined> => {
    const path = join(entry.parentPath, entry.name)
    const found = await stat(path).catch(() => undefined)
    const key = path.slice(join(folder, '/').length).replaceAll('\\', '/')
    return found === undefined ? undefined : { key, byteLength: found.size, storedAtMs: found.mtimeMs }
  })
  const found = (await Promise.all(objects)).filter((object) => object !== undefined)
  return found.sort((a, b) => (a.key < b.key ? -1 : 1))
}

function ignoreMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}

function openFile(folder: string, { key, byteLength }: StoredObject): ByteSource {
  let whole: Promise<Buffer> | undefined
  return {
    byteLength,
    async read(start, end) {
      if (byteLength > WHOLE_READ_BYTES) return readPart(folder, key, start, end)
      whole ??= readPart(folder, key, 0, byteLength)
      return (await whole).subarray(start, end)
    },
  }
}

async function readPart(folder: string, key: string, start: number, end: number): Promise<Buffer> {
  const file = await openObject(folder, key)
  try {
    const buffer = Buffer.allocUnsafe(end - start)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start)
    if (bytesRead < buffer.length) throw new Error(`it ends at byte ${start + bytesRead}, before it should`)
    return buffer
  } finally {
    await file.close()
  }
}

async function openObject(folder: string, key: string): Promise<FileHandle> {
  try {
    const { handle } = await openRegular({ file: join(folder, key), root: await realpath(folder) })
    return handle
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new ObjectGone(key) : error
  }
}

/** Writes beside, syncs, renames: after a crash the file is there whole or not at all. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  const unfinished = join(folder, `${UNFINISHED}${randomUUID()}`)
  try {
    await writeSynced(unfinished, bytes)
    await rename(unfinished, path)
  } catch (error) {
    // On a full disk each attempt would leave more behind.
    await rm(unfinished, { force: true })
    throw error
  }
  await syncFolder(folder)
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Removes files that a crash left incomplete; younger ones may be at work in another process. */
export async function removeUnfinished(folder: string, olderThanMs: number): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(ignoreMissing)
  for (const { name, parentPath } of entries.filter((entry) => UNFINISHED_NAME.test(entry.name) && entry.isFile())) {
    const path = join(parentPath, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && found.mtimeMs < olderThanMs) await rm(path, { force: true })
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
