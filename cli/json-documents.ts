import { InputError } from '../shared/errors.ts'
import { readLines } from './lines.ts'

/** One JSON value of a file, converted, or why it could not be; `line` is where it begins, or where the fault lies. */
export type JsonDocument<T> =
  | { readonly line: number; readonly value: T }
  | { readonly line: number; readonly problem: string }

/** A value must fit in one string of the runtime (512 Mi characters), with room to spare. */
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const TOO_LONG = 'a JSON value of more than 256 MiB; write one request a line'

/** Lines of a value that is not complete yet. */
interface Held {
  readonly line: number
  readonly parts: Uint8Array[]
  size: number
  /** Brackets still open. */
  depth: number
}

/**
 * Reads JSON values that follow each other, one a line or each over many lines, and converts them. A faulty one costs
 * only itself: reading goes on where the next begins. `convert` throws InputError.
 */
export async function* readJsonDocuments<T>(
  chunks: AsyncIterable<Uint8Array>,
  convert: (bytes: Uint8Array) => T,
  maxDocumentBytes = MAX_DOCUMENT_BYTES,
): AsyncGenerator<JsonDocument<T>> {
  const reader = documentReader(convert, maxDocumentBytes)
  for await (const { number, bytes } of readLines(chunks, maxDocumentBytes)) {
    if (bytes === undefined) yield reader.giveUp(number)
    else yield* reader.take(number, bytes)
  }
  yield* reader.end()
}

function documentReader<T>(convert: (bytes: Uint8Array) => T, maxDocumentBytes: number) {
  let held: Held | undefined
  /** After a broken value of many lines, only a line that begins as values do can be the next. */
  let skipping = false

  function* end(): Generator<JsonDocument<T>> {
    if (held !== undefined) yield attempt(held.line, join(held), convert)
    held = undefined
  }

  function giveUp(line: number): JsonDocument<T> {
    const problem = { line: held?.line ?? line, problem: TOO_LONG }
    held = undefined
    skipping = true
    return problem
  }

  function* take(line: number, bytes: Uint8Array): Generator<JsonDocument<T>> {
    if (isBlank(bytes)) held?.parts.push(bytes)
    else if (skipping && bytes[0] !== OPEN_BRACE) return
    else if (held === undefined) yield* begin(line, bytes)
    else if (beginsAnew(held, bytes)) yield* beginAgain(line, bytes)
    else yield* extend(held, bytes)
  }

  function* begin(line: number, bytes: Uint8Array): Generator<JsonDocument<T>> {
    skipping = false
    const document = attempt(line, bytes, convert)
    const depth = 'value' in document ? 0 : (depthAfter(bytes, 0) ?? 0)
    if (depth > 0) held = { line, parts: [bytes], size: bytes.length, depth }
    else yield document
  }

  /** What is held was cut short, as by a crash of its writer: it must not swallow whole lines after it. */
  function* beginAgain(line: number, bytes: Uint8Array): Generator<JsonDocument<T>> {
    const document = attempt(line, bytes, convert)
    if ('problem' in document && held !== undefined) return yield* extend(held, bytes)
    yield* end()
    yield document
  }

  function* extend(open: Held, bytes: Uint8Array): Generator<JsonDocument<T>> {
    const depth = depthAfter(bytes, open.depth)
    open.parts.push(bytes)
    open.size += bytes.length
    if (open.size > maxDocumentBytes) yield giveUp(open.line)
    else if (depth !== undefined && depth > 0) open.depth = depth
    else {
      const document = attempt(open.line, join(open), convert)
      held = undefined
      skipping = 'problem' in document
      yield document
    }
  }

  return { take, giveUp, end }
}

function attempt<T>(line: number, bytes: Uint8Array, convert: (bytes: Uint8Array) => T): JsonDocument<T> {
  try {
    return { line, value: convert(bytes) }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    // The parser counts lines within the value, a person within the file.
    const place = / at position \d+ \(line (\d+) column (\d+)\)/.exec(error.message)
    if (place === null) return { line, problem: error.message }
    return { line: line + Number(place[1]) - 1, problem: error.message.replace(place[0], ` at column ${place[2]}`) }
  }
}

/** A line that looks like a whole request, while an earlier value is still open. */
function beginsAnew(held: Held, line: Uint8Array): boolean {
  const first = held.parts[0]
  if (first?.[0] !== OPEN_BRACE || line[0] !== OPEN_BRACE) return false
  return Buffer.from(line.buffer, line.byteOffset, line.byteLength).includes('"resourceSpans"')
}

function join(held: Held): Uint8Array {
  return Buffer.concat(held.parts.flatMap((part) => [part, Buffer.from('\n')]))
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

/** How many brackets are open after the line, or undefined where it ends inside a string, which JSON forbids. */
function depthAfter(line: Uint8Array, before: number): number | undefined {
  let depth = before
  let inString = false
  for (let at = 0; at < line.length; at++) {
    const byte = line[at]
    if (inString) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_BRACE || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return inString ? undefined : depth
}
