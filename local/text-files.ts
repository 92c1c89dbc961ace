import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** A file that was found, not read yet. */
interface FoundFile {
  /** By the path it was found by. */
  readonly file: string
  /** Differs after every change: size, inode, time of last change. */
  readonly version: string
}

/** A file or folder that cannot be read. */
interface UnreadFile {
  readonly file: string
  /** Of the file system, or a sentence about the file (`it is …`). */
  readonly error: NodeJS.ErrnoException
}

interface FoundFiles {
  readonly found: readonly FoundFile[]
  readonly unread: readonly UnreadFile[]
}

/** Far above what the 10,000 rules that a set may hold come to. */
const MAX_FILE_BYTES = 64 * 1024 * 1024
const MAX_DEPTH = 32

interface Walk {
  readonly accepts: (name: string) => boolean
  readonly found: FoundFile[]
  readonly unread: UnreadFile[]
  /** Files and folders, by device and inode: links may lead to one several times, and in circles. */
  readonly visited: Set<string>
}

/**
 * Files as they are named, and of folders all below whose name is accepted, by name; each once, as it was first found.
 * Hidden ones and node_modules are passed over.
 */
export async function findFiles(paths: readonly string[], accepts: (name: string) => boolean): Promise<FoundFiles> {
  const walk: Walk = { accepts, found: [], unread: [], visited: new Set() }
  for (const path of paths) await find(path, 0, walk)
  return walk
}

async function find(path: string, depth: number, walk: Walk): Promise<void> {
  try {
    const stats = await stat(path, { bigint: true })
    const isRead = stats.isDirectory() || depth === 0 || walk.accepts(basename(path))
    const identity = `${stats.dev}.${stats.ino}`
    if (!isRead || walk.visited.has(identity)) return
    walk.visited.add(identity)
    if (!stats.isDirectory()) {
      walk.found.push({ file: path, version: `${identity}.${stats.size}.${stats.mtimeNs}.${stats.ctimeNs}` })
      return
    }
    if (depth >= MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} folders deep`)
    for (const name of (await readdir(path)).sort()) {
      if (!name.startsWith('.') && name !== 'node_modules') await find(join(path, name), depth + 1, walk)
    }
  } catch (error) {
    walk.unread.push({ file: path, error: error as NodeJS.ErrnoException })
  }
}

/** Reads a file of text; throws what the file system throws, or an Error that says what the file is instead. */
export async function readText(file: string): Promise<string> {
  const { size } = await stat(file)
  if (size > MAX_FILE_BYTES) throw new Error('it is larger than 64 MiB')
  const bytes = await readFile(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is no UTF-8 text')
  }
}
