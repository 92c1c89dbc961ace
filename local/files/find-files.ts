import type { BigIntStats, Dirent } from 'node:fs'
import { lstat, opendir, realpath, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { InputError } from '../../shared/errors.ts'
import { type InputFile, isWithin, outsideFolder, requireRegular } from './input-file.ts'

/** A file that was found, not read yet. */
interface FoundFile extends InputFile {
  /** Differs after every change: size, inode, time of last change. */
  readonly version: string
}

/** A file or folder that cannot be read. */
interface UnreadFile {
  readonly file: string
  /** Of the file system, or an InputError about the file (`it is …`). */
  readonly error: NodeJS.ErrnoException | InputError
}

interface FoundFiles {
  readonly found: readonly FoundFile[]
  readonly unread: readonly UnreadFile[]
}

/** How far a search goes. */
export interface FindLimits {
  readonly depth: number
  /** Names looked at in all folders, and files taken. */
  readonly names: number
  readonly files: number
}

/** Rules may be 10,000, each in a file of its own with another of tests. */
const FIND_LIMITS: FindLimits = { depth: 32, names: 200_000, files: 20_000 }

interface Walk {
  readonly accepts: (name: string) => boolean
  readonly limits: FindLimits
  readonly found: FoundFile[]
  readonly unread: UnreadFile[]
  /** Files and folders, by device and inode: links may lead to one several times, and in circles. */
  readonly visited: Set<string>
  names: number
}

/** A file or folder at work: the path to show, and where it really is. */
interface Place {
  readonly file: string
  readonly real: string
  /** The real path of what was named. */
  readonly root: string
  readonly depth: number
}

/**
 * Files as they are named, and of folders all below whose name is accepted, by name; each once, as it was first found.
 * Hidden ones and node_modules are passed over. Links are followed within the folder that was named; what else cannot
 * be read as a file is among the unread. Opens no file.
 */
export async function findFiles(
  paths: readonly string[],
  accepts: (name: string) => boolean,
  limits = FIND_LIMITS,
): Promise<FoundFiles> {
  const walk: Walk = { accepts, limits, found: [], unread: [], visited: new Set(), names: 0 }
  for (const path of paths) await findNamed(path, walk).catch((error) => walk.unread.push({ file: path, error }))
  return walk
}

async function findNamed(path: string, walk: Walk): Promise<void> {
  const stats = await stat(path, { bigint: true })
  if (!stats.isDirectory()) requireRegular(stats)
  const real = await realpath(path)
  await take({ file: path, real, root: real, depth: 0 }, stats, walk)
}

async function take(place: Place, stats: BigIntStats, walk: Walk): Promise<void> {
  const identity = `${stats.dev}.${stats.ino}`
  if (walk.visited.has(identity)) return
  walk.visited.add(identity)
  if (stats.isDirectory()) return findBelow(place, walk)
  requireRegular(stats)
  const { files } = walk.limits
  if (walk.found.length === files) throw tooMany(`it holds more than ${files} of them`)
  const version = `${identity}.${stats.size}.${stats.mtimeNs}.${stats.ctimeNs}`
  walk.found.push({ file: place.file, root: place.root, real: place.real, version })
}

async function findBelow(folder: Place, walk: Walk): Promise<void> {
  const { depth } = walk.limits
  if (folder.depth >= depth)
    throw new InputError({ code: 'too-deep', message: `it is nested more than ${depth} folders deep` })
  for (const entry of await entriesOf(folder, walk)) {
    const { name } = entry
    const place = { ...folder, file: join(folder.file, name), real: join(folder.real, name), depth: folder.depth + 1 }
    await findEntry(place, entry, walk).catch((error) => {
      if (error.code === TOO_MANY) throw error
      walk.unread.push({ file: place.file, error })
    })
  }
}

/** In the order of their names, but for those passed over. Read piece by piece, since a folder may hold millions. */
async function entriesOf({ real }: Place, walk: Walk): Promise<readonly Dirent[]> {
  const entries: Dirent[] = []
  for await (const entry of await opendir(real, { bufferSize: 256 })) {
    if (++walk.names > walk.limits.names) throw tooMany(`it holds more than ${walk.limits.names} names, with all below`)
    if (!entry.name.startsWith('.') && entry.name !== 'node_modules') entries.push(entry)
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function findEntry(place: Place, entry: Dirent, walk: Walk): Promise<void> {
  const isAccepted = walk.accepts(entry.name)
  if (entry.isSymbolicLink()) return findLinked(place, isAccepted, walk)
  // Some file systems do not say of what kind an entry is.
  if (isAccepted || !entry.isFile()) {
    const stats = await lstat(place.real, { bigint: true }).catch((error) => ignoreGone(error, entry.name))
    if (stats?.isSymbolicLink()) return findLinked(place, isAccepted, walk)
    if (stats !== undefined && (isAccepted || stats.isDirectory())) await take(place, stats, walk)
  }
}

/** Somebody deleted it a moment ago; but a name that Node cannot spell is not there either. */
function ignoreGone(error: NodeJS.ErrnoException, name: string): undefined {
  if (error.code !== 'ENOENT') throw error
  if (!name.includes('\ufffd')) return undefined
  throw new InputError({ code: 'not-a-file', message: 'its name is no UTF-8', hint: 'rename it' })
}

async function findLinked(place: Place, isAccepted: boolean, walk: Walk): Promise<void> {
  // A link of another name matters only where it leads to a folder.
  const real = await realpath(place.real).catch((error) => {
    if (isAccepted) throw error
  })
  if (real === undefined) return
  const stats = await lstat(real, { bigint: true })
  if (!isAccepted && !stats.isDirectory()) return
  requireFindable(place.root, real, stats.isDirectory() ? () => true : walk.accepts)
  await take({ ...place, real }, stats, walk)
}

/**
 * Throws an InputError where a link leads to what a search of the root would pass over, such as `.git/config`. Names
 * that begin with two dots are no secrets: Kubernetes mounts files through them.
 */
export function requireFindable(root: string, real: string, accepts: (name: string) => boolean): void {
  if (!isWithin(root, real)) throw outsideFolder(root)
  const isHidden = relative(root, real)
    .split(sep)
    .some((name) => /^\.[^.]/.test(name))
  if (isHidden) throw unfit('it leads to a hidden file')
  if (!accepts(basename(real))) throw unfit('it leads to a file of another name')
}

function unfit(message: string): InputError {
  return new InputError({ code: 'not-a-file', message, hint: 'put a copy in place of the link, or delete it' })
}

const TOO_MANY = 'too-many-files'

function tooMany(message: string): InputError {
  return new InputError({ code: TOO_MANY, message, hint: 'name the folders of rules, not one around them' })
}
