import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, type Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { InputError } from '../shared/errors.ts'
import { convertJson } from '../shared/otlp/json.ts'
import { CommandError } from './command-error.ts'
import { readJsonDocuments } from './json-documents.ts'
import { unreadable } from './rule-files.ts'

/** One request of a file. */
export interface TraceRequest {
  /** Protobuf, not yet looked into. */
  readonly request: Uint8Array
  /** The file, and in it the line. */
  readonly place: string
  /** It was JSON, and had fields that OTLP/JSON does not. */
  readonly unknownFields: boolean
}

/** A part of a file, or what was wrong in its place (`file:line: message`). */
type TracePiece = TraceRequest | { readonly problem: string }

/** Told how many bytes of the file (as it lies on disk) were read so far; the size is 0 where it is not known. */
export type OnBytesRead = (bytesRead: number, size: number) => void

/** A protobuf file is one message, so it is held whole. */
const MAX_PROTOBUF_BYTES = 1024 * 1024 * 1024

const READ_BYTES = 256 * 1024

/** Enough to tell the forms apart, behind any blank lines. */
const SNIFFED_BYTES = 4096

/**
 * Reads a file of traces (`-` is standard input) piece by piece: OTLP/JSON as one document or line by line, or one
 * protobuf message, each plain, gzip or zstd. The form is told by content, never by name. A file that cannot be
 * opened is a CommandError; what is wrong inside is a problem among the pieces.
 */
export async function* readTraceFile(
  path: string,
  stdin: Readable,
  onBytesRead: OnBytesRead,
): AsyncGenerator<TracePiece> {
  const name = path === '-' ? '<stdin>' : path
  const size = path === '-' ? 0 : await sizeOf(path)
  const source = path === '-' ? stdin : createReadStream(path, { highWaterMark: READ_BYTES })
  try {
    const raw = await peek(counted(source, size, onBytesRead), 4)
    const unpacked = await peek(decompress(raw), SNIFFED_BYTES)
    if (looksLikeJson(unpacked.head)) yield* jsonPieces(name, unpacked.chunks)
    else yield* protobufPiece(name, unpacked.chunks)
  } catch (error) {
    if (!isStreamError(error)) throw error
    if (error.syscall !== undefined) throw unreadable(path, error)
    yield { problem: `${name}: the compressed data is damaged or cut short (${error.message})` }
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error)
  })
  if (found.isDirectory()) throw new CommandError(`${path} is a folder`, 'name the trace files in it')
  return found.size
}

async function* counted(source: Readable, size: number, onBytesRead: OnBytesRead): AsyncGenerator<Uint8Array> {
  let read = 0
  for await (const chunk of source as AsyncIterable<Uint8Array>) {
    read += chunk.length
    onBytesRead(read, size)
    yield chunk
  }
}

interface Peeked {
  readonly head: Buffer
  readonly chunks: AsyncIterable<Uint8Array>
}

/** Reads until `bytes` are there or all is, and hands out everything from the start again. */
async function peek(chunks: AsyncGenerator<Uint8Array> | AsyncIterable<Uint8Array>, bytes: number): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  let size = 0
  while (size < bytes) {
    const next = await iterator.next()
    if (next.done) break
    read.push(next.value)
    size += next.value.length
  }
  async function* again(): AsyncGenerator<Uint8Array> {
    yield* read
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return { head: Buffer.concat(read).subarray(0, bytes), chunks: again() }
}

function decompress({ head, chunks }: Peeked): AsyncIterable<Uint8Array> {
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b)
    return through(chunks, createGunzip({ chunkSize: READ_BYTES }))
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) {
    return through(chunks, createZstdDecompress({ chunkSize: READ_BYTES }))
  }
  return chunks
}

function through(chunks: AsyncIterable<Uint8Array>, transform: Transform): AsyncIterable<Uint8Array> {
  // Errors of either end reach whoever reads the transform.
  pipeline(chunks, transform, () => {})
  return transform as AsyncIterable<Uint8Array>
}

/**
 * JSON begins with a bracket; anything else that can be printed is taken for (faulty) JSON too. A protobuf request
 * begins with byte 10, which is also a newline: then a brace must be followed as in JSON, by a quote or its end.
 */
function looksLikeJson(head: Buffer): boolean {
  const text = head.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '')
  if (text.startsWith('\n')) return /^\s*\{\s*(?:"[ -~]|\})/.test(text)
  return /^\s*[!-~]/.test(text)
}

async function* jsonPieces(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TracePiece> {
  for await (const document of readJsonDocuments(chunks, convertJson)) {
    const place = `${name}:${document.line}`
    if ('problem' in document) yield { problem: `${place}: ${document.problem}` }
    else yield { request: document.value.bytes, place, unknownFields: document.value.unknownFields }
  }
}

async function* protobufPiece(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TracePiece> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    size += chunk.length
    if (size > MAX_PROTOBUF_BYTES) {
      yield { problem: `${name}: a protobuf message of more than 1 GiB; write smaller ones, or JSON lines` }
      return
    }
  }
  yield { request: Buffer.concat(parts, size), place: name, unknownFields: false }
}

function isStreamError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof CommandError) && !(error instanceof InputError) && 'code' in error
}
