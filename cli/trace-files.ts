import { pipeline, type Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { type InputStream, isPipe, namedFile, streamInput, streamPipe } from '../local/files/input-file.ts'
import { InputError } from '../shared/errors.ts'
import { decompress } from '../shared/otlp/decompress.ts'
import { convertAnyJson } from '../shared/otlp/foreign/convert.ts'
import { CommandError } from './command-error.ts'
import { isFramed, readFramedMessages } from './framed-messages.ts'
import { readJsonDocuments } from './json-documents.ts'
import { fail, unreadable } from './rule-files.ts'
import { cutAtFrames, isZstd } from './zstd-frames.ts'

/** One request of a file. */
export interface TraceRequest {
  /** Protobuf, not yet looked into. */
  readonly request: Uint8Array
  /** The file, and in it the line or the message. */
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

/** Pieces that decompressing makes. */
const CHUNK_BYTES = 256 * 1024
/** What one message may decompress to. */
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024

/** Enough to tell the forms apart, behind any blank lines. */
const SNIFFED_BYTES = 4096

/** Opens what a file is named by: throws a CommandError where it cannot be opened. */
export type OpenTraces = (file: string) => Promise<InputStream>

/** Opens what a person names: a file, a pipe, or `-` for standard input. */
export function namedTraces(stdin: Readable): OpenTraces {
  return async (file) => {
    if (file === '-') return { size: 0, chunks: stdin as AsyncIterable<Uint8Array> }
    return (await isPipe(file)) ? streamPipe(file) : streamInput(await namedFile(file))
  }
}

/**
 * Reads a file of traces piece by piece: OTLP/JSON as one document or line by line, one protobuf message, or messages
 * with their length before them, as the Collector's file exporter writes them; each plain, gzip or zstd. The content
 * says which form it is, never the name. A file that cannot be opened is a CommandError; what is wrong inside is a problem
 * among the pieces.
 */
export async function* readTraceFile(
  file: string,
  open: OpenTraces,
  onBytesRead: OnBytesRead,
): AsyncGenerator<TracePiece> {
  const name = file === '-' ? '<stdin>' : file
  const { size, chunks } = await open(file).catch((error) => fail(file, error))
  try {
    const raw = await peek(counted(chunks, size, onBytesRead), 4)
    const unpacked = await peek(decompressed(raw), SNIFFED_BYTES)
    if (isFramed(unpacked.head)) yield* framedPieces(name, unpacked.chunks)
    else if (looksLikeJson(unpacked.head)) yield* jsonPieces(name, unpacked.chunks)
    else yield* protobufPiece(name, unpacked.chunks)
  } catch (error) {
    if (!isStreamError(error)) throw error
    if (error.syscall !== undefined) throw unreadable(file, error)
    yield { problem: `${name}: the compressed data is damaged or cut short (${error.message})` }
  }
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  size: number,
  onBytesRead: OnBytesRead,
): AsyncGenerator<Uint8Array> {
  let read = 0
  for await (const chunk of source) {
    read += chunk.length
    onBytesRead(read, size)
    yield chunk
  }
}

interface Peeked {
  readonly head: Buffer
  readonly chunks: AsyncIterable<Uint8Array>
}

/** Reads until `bytes` are there or all is, and hands out everything from the start again, failures where they were. */
async function peek(chunks: AsyncIterable<Uint8Array>, bytes: number): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  let size = 0
  let next = () => iterator.next()
  try {
    while (size < bytes) {
      const { done, value } = await next()
      if (done) break
      read.push(value)
      size += value.length
    }
  } catch (error) {
    next = () => Promise.reject(error)
  }
  async function* again(): AsyncGenerator<Uint8Array> {
    try {
      yield* read
      for (let chunk = await next(); !chunk.done; chunk = await next()) yield chunk.value
    } finally {
      await iterator.return?.()
    }
  }
  return { head: Buffer.concat(read).subarray(0, bytes), chunks: again() }
}

function decompressed({ head, chunks }: Peeked): AsyncIterable<Uint8Array> {
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b)
    return through(chunks, createGunzip({ chunkSize: CHUNK_BYTES }))
  if (isZstd(head)) return through(cutAtFrames(chunks), createZstdDecompress({ chunkSize: CHUNK_BYTES }))
  return chunks
}

/** What a stream makes of chunks, up to the place where it fails; iterating over the stream would drop its last piece. */
async function* through(chunks: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  let isOver = false
  let failure: Error | undefined
  let wake = () => {}
  const settle = (error?: Error) => {
    isOver = true
    failure ??= error
    wake()
  }
  transform.on('readable', () => wake())
  transform.once('end', settle).once('close', settle).once('error', settle)
  // Errors of either end are those of the transform.
  pipeline(chunks, transform, () => {})
  try {
    for (;;) {
      const chunk = transform.read()
      if (chunk !== null) yield chunk
      else if (failure !== undefined) throw failure
      else if (isOver) return
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    transform.destroy()
  }
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
  for await (const document of readJsonDocuments(chunks, convertAnyJson)) {
    const place = `${name}:${document.line}`
    if ('problem' in document) yield { problem: `${place}: ${document.problem}` }
    else yield { request: document.value.bytes, place, unknownFields: document.value.unknownFields }
  }
}

async function* framedPieces(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TracePiece> {
  for await (const message of readFramedMessages(chunks)) {
    const place = `${name}, message ${message.number}`
    if ('problem' in message) yield { problem: `${place}: ${message.problem}` }
    else yield messagePiece(message.bytes, place)
  }
}

/** The exporter compresses messages one by one, and behind a length it writes JSON as well as protobuf. */
function messagePiece(message: Buffer, place: string): TracePiece {
  try {
    const bytes = isZstd(message) ? decompress(message, 'zstd', MAX_UNPACKED_BYTES) : message
    const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, SNIFFED_BYTES))
    if (!looksLikeJson(head)) return { request: bytes, place, unknownFields: false }
    const { bytes: request, unknownFields } = convertAnyJson(bytes)
    return { request, place, unknownFields }
  } catch (error) {
    if (error instanceof InputError) return { problem: `${place}: ${error.message}` }
    throw error
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
