import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readlink, realpath, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { basename, dirname, join, sep } from 'node:path'
import { InputError } from '../../shared/errors.ts'

/*
 * The one way to open a file that somebody named, or that lies in a folder somebody named. What is opened is a regular
 * file, lies where it seems to lie, and is read up to a limit, whatever its size claims.
 */

/** A file to read. */
export interface InputFile {
  /** The path to open, and to show. */
  readonly file: string
  /** The real path of what was named: that of the file itself, or of the folder that it must lie in. */
  readonly root: string
  /** Where it really was when it was found there, as a file; left out where nobody has looked. */
  readonly real?: string
}

export type InputFileCode = 'not-a-file' | 'outside-folder' | 'file-too-large' | 'not-text'

/** Never waits for the writer of a pipe, follows no link at the end of the path, never becomes our terminal. */
const { O_CREAT, O_RDONLY, O_WRONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0, O_NOCTTY = 0 } = constants
const SAFE = O_NONBLOCK | O_NOFOLLOW | O_NOCTTY

/** Far above what the 10,000 rules that a set may hold come to. */
export const MAX_TEXT_BYTES = 64 * 1024 * 1024
const MAX_TEXTS_BYTES = 256 * 1024 * 1024
const CHUNK_BYTES = 256 * 1024

/** A file named by a person: it may be a link, and nothing beside what the link leads to now is read. */
export async function namedFile(file: string): Promise<InputFile> {
  return { file, root: await realpath(file) }
}

/** Whether a real path is the root, or lies below it. */
export function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)
}

export interface OpenedFile {
  readonly handle: FileHandle
  readonly stats: Stats
}

/** Opens a regular file to read it. Throws what the file system throws, or an InputError (`not-a-file`, `outside-folder`). */
export async function openRegular({ file, root, real }: InputFile): Promise<OpenedFile> {
  return real === undefined ? openNamed(await realpath(file), root, O_RDONLY) : openVerified(real, root, O_RDONLY)
}

/** Devices and pipes are not even opened, since opening alone may do something. */
async function openNamed(real: string, root: string, access: number): Promise<OpenedFile> {
  if (!isWithin(root, real)) throw outsideFolder(root)
  const before = await lstat(real).catch(() => undefined)
  if (before !== undefined) requireRegular(before)
  return openVerified(real, root, access)
}

/** What was looked at before may be something else by now, which only the open file can say. */
async function openVerified(real: string, root: string, access: number): Promise<OpenedFile> {
  const handle = await open(real, access | SAFE)
  try {
    const stats = await handle.stat()
    requireRegular(stats)
    if (!isWithin(root, await placeOf(handle, real))) throw outsideFolder(root)
    return { handle, stats }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * Returns where an open file lies, since somebody may have put a link into its path while it was opened. Linux knows it
 * of a descriptor; on other systems this follows the path once more.
 */
async function placeOf({ fd }: FileHandle, real: string): Promise<string> {
  const place = await readlink(`/proc/self/fd/${fd}`).catch(() => realpath(real))
  return place.replace(/ \(deleted\)$/, '')
}

/** Reads a file whole; throws as `openRegular` does, and an InputError `file-too-large`. */
export async function readInput(input: InputFile, maxBytes: number): Promise<Buffer> {
  const { handle, stats } = await openRegular(input)
  try {
    return await readWhole(handle, stats.size, maxBytes)
  } finally {
    await handle.close()
  }
}

/** Counts the bytes that come, since a file may hold more than its size says, and may grow meanwhile. */
async function readWhole(handle: FileHandle, size: number, maxBytes: number): Promise<Buffer> {
  if (size > maxBytes) throw tooLarge('it', maxBytes)
  let buffer = Buffer.allocUnsafe(size + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
    if (length > maxBytes) throw tooLarge('it', maxBytes)
    if (length === buffer.length) buffer = Buffer.concat([buffer], Math.min(2 * length + CHUNK_BYTES, maxBytes + 1))
  }
}

/** A file of text, or why it cannot be read. */
export type TextFile =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly error: NodeJS.ErrnoException | InputError }

/** As many as Node has threads for files; with more, large files would fill the memory before they are counted. */
const AT_ONCE = 4

/** Reads files of text, in the order given, up to 256 MiB in all. */
export async function* readTexts(inputs: readonly InputFile[]): AsyncGenerator<TextFile> {
  let left = MAX_TEXTS_BYTES
  for (let at = 0; at < inputs.length; at += AT_ONCE) {
    const group = inputs.slice(at, at + AT_ONCE)
    const results = await Promise.allSettled(group.map((input) => readInput(input, MAX_TEXT_BYTES)))
    for (const [index, { file }] of group.entries()) {
      const result = results[index] as PromiseSettledResult<Buffer>
      if (result.status === 'fulfilled') left -= result.value.length
      yield textFile(file, result, left < 0)
    }
  }
}

function textFile(file: string, result: PromiseSettledResult<Buffer>, isFull: boolean): TextFile {
  if (result.status === 'rejected') return { file, error: result.reason }
  try {
    if (isFull) throw tooLarge('together with those before it it', MAX_TEXTS_BYTES)
    return { file, text: decoded(result.value) }
  } catch (error) {
    return { file, error: error as InputError }
  }
}

/** Replaces the text of a file, or makes the file; throws as `openRegular` does. */
export async function writeText({ file, root }: InputFile, text: string): Promise<void> {
  const newPath = async () => join(await realpath(dirname(file)), basename(file))
  const { handle } = await openNamed(await realpath(file).catch(newPath), root, O_WRONLY | O_CREAT)
  try {
    await handle.truncate()
    await handle.writeFile(text)
  } finally {
    await handle.close()
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InputError<InputFileCode>({ code: 'not-text', message: 'it is not UTF-8 text', hint: 'save it as UTF-8' })
  }
}

/** Bytes in the order they lie, and how many there are: 0 where that is not known. */
export interface InputStream {
  readonly size: number
  /** Closes the file when it is read to its end, or returned from. */
  readonly chunks: AsyncIterable<Uint8Array>
}

/**
 * Opens a file to be read piece by piece: what it held when it was opened, not what is appended meanwhile. Throws as
 * `openRegular` does.
 */
export async function streamInput(input: InputFile): Promise<InputStream> {
  const { handle, stats } = await openRegular(input)
  return { size: stats.size, chunks: fileChunks(handle, stats.size > 0 ? stats.size : MAX_TEXT_BYTES) }
}

async function* fileChunks(handle: FileHandle, bytes: number): AsyncGenerator<Uint8Array> {
  try {
    for (let left = bytes; left > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, left))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** Whether a path that a person named is a pipe. */
export async function isPipe(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFIFO() ?? false
}

/** Whether a path is a descriptor of this process, such as what a shell puts in place of `<(command)`: it has a writer. */
export function isDescriptor(path: string): boolean {
  return /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/.test(path)
}

/**
 * Opens a pipe that a person named, and waits for what is written to it. The event loop waits: a thread that waits in
 * the kernel could not be ended, nor the process without it.
 */
export function streamPipe(path: string): InputStream {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  const socket = fstatSync(fd).isFIFO() ? new Socket({ fd, readable: true, writable: false }) : undefined
  if (socket !== undefined) return { size: 0, chunks: socket }
  closeSync(fd)
  throw notAFile('it is no longer a pipe')
}

/** Reads text to its end, where it comes from a pipe or standard input; bounded as a file is. */
export async function readStreamedText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    size += chunk.length
    if (size > MAX_TEXT_BYTES) throw tooLarge('it', MAX_TEXT_BYTES)
  }
  return decoded(Buffer.concat(parts, size))
}

/** Throws an InputError that says what the file is instead. */
export function requireRegular(stats: Kinds): void {
  if (stats.isFile()) return
  throw notAFile(`it is ${fileKindOf(stats)}, not a file`, stats.isDirectory() ? 'name the files in it' : undefined)
}

type Kinds = Pick<Stats, 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket' | 'isSymbolicLink'>

/** What is there, for a sentence. */
export function fileKindOf(stats: Kinds): string {
  if (stats.isFile()) return 'a file'
  if (stats.isDirectory()) return 'a folder'
  if (stats.isFIFO()) return 'a named pipe'
  if (stats.isSocket()) return 'a socket'
  return stats.isSymbolicLink() ? 'a link' : 'a device'
}

function notAFile(message: string, hint = 'put a file in its place, or delete it'): InputError<InputFileCode> {
  return new InputError({ code: 'not-a-file', message, hint })
}

export function outsideFolder(root: string): InputError<InputFileCode> {
  return new InputError({
    code: 'outside-folder',
    message: `it leads out of ${root}`,
    hint: 'put a copy in place of the link, or name what it leads to as well',
  })
}

function tooLarge(what: string, maxBytes: number): InputError<InputFileCode> {
  const message = `${what} is larger than ${maxBytes / 1024 ** 2} MiB`
  return new InputError({ code: 'file-too-large', message, hint: 'split it' })
}
