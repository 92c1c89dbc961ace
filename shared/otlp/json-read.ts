import { isUtf8 } from 'node:buffer'
import { malformedJson, nestedTooDeep } from './errors.ts'
import { fieldNamed, NO_FIELD, UNKNOWN_FIELD } from './json-names.ts'
import { isDigit, isHexDigit, unescapeInto } from './json-strings.ts'
import {
  ARRAY,
  END,
  ESCAPED_STRING,
  FALSE,
  INTEGER,
  type JsonTape,
  KIND_AND_FIELD,
  NULL,
  NUMBER,
  OBJECT,
  PREVIOUS,
  ROOT,
  START,
  STRING,
  TAPE_COLUMNS,
  TRUE,
} from './json-tape.ts'
import { overLimit, type RequestLimits } from './limits.ts'
import { asBuffer } from './wire.ts'

/** Deep enough for attributes nested to the limit of the protobuf form (4 levels of JSON each). */
const MAX_JSON_NESTING = 300

interface Scan {
  readonly bytes: Buffer
  readonly limits: RequestLimits
  pos: number
  table: Int32Array
  used: number
  values: number
  /** Above 0 inside a member that OTLP does not have: its values are checked and counted, not kept. */
  muted: number
}

/** What a value takes of a body at least on average, about; the table grows where it is less. */
const BYTES_A_VALUE = 16

/**
 * Reads UTF-8 JSON (RFC 8259) in one pass. Throws InputError: `malformed-json`, `nested-too-deep`, `too-many-values`.
 */
export function readJson(text: Uint8Array, limits: RequestLimits): JsonTape {
  const bytes = asBuffer(text)
  if (!isUtf8(bytes)) throw malformedJson('the body is not UTF-8')
  const table = new Int32Array(
    TAPE_COLUMNS * (2 + Math.min(limits.maxRequestValues, Math.ceil(bytes.length / BYTES_A_VALUE))),
  )
  const pos = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const scan: Scan = { bytes, limits, pos, table, used: ROOT, values: 0, muted: 0 }
  readValue(scan, NO_FIELD, 0, 0)
  if (skipSpace(scan) !== NOTHING) throw unexpected(scan, scan.pos)
  return { bytes, table: scan.table }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
/** In place of a byte: the text is over. */
const NOTHING = -1

/** Moves `pos` to the next byte that is not white space, and returns it. */
function skipSpace(scan: Scan): number {
  const { bytes } = scan
  const { length } = bytes
  let { pos } = scan
  while (pos < length) {
    const byte = bytes[pos] as number
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) {
      scan.pos = pos
      return byte
    }
    pos++
  }
  scan.pos = pos
  return NOTHING
}

/** Reads one value and what is in it; its index in the table, 0 where it is muted. */
function readValue(scan: Scan, field: number, previous: number, depth: number): number {
  switch (skipSpace(scan)) {
    case QUOTE: {
      const start = scan.pos + 1
      const kind = skipString(scan) ? ESCAPED_STRING : STRING
      return add(scan, kind, start, scan.pos - 1, previous, field)
    }
    case OPEN_BRACE:
      return readContainer(scan, OBJECT, field, previous, depth)
    case OPEN_BRACKET:
      return readContainer(scan, ARRAY, field, previous, depth)
    case 0x74:
      return readLiteral(scan, TRUE, 'true', field, previous)
    case 0x66:
      return readLiteral(scan, FALSE, 'false', field, previous)
    case 0x6e:
      return readLiteral(scan, NULL, 'null', field, previous)
    default: {
      const start = scan.pos
      const kind = skipNumber(scan)
      return add(scan, kind, start, scan.pos, previous, field)
    }
  }
}

function add(scan: Scan, kind: number, start: number, end: number, previous: number, field: number): number {
  if (++scan.values > scan.limits.maxRequestValues) throw overLimit('maxRequestValues', scan.limits)
  if (scan.muted > 0) return 0
  const at = scan.used
  if (at === scan.table.length) grow(scan)
  const { table } = scan
  table[at + START] = start
  table[at + END] = end
  table[at + PREVIOUS] = previous
  table[at + KIND_AND_FIELD] = kind | (field << 8)
  scan.used = at + TAPE_COLUMNS
  return at
}

function grow(scan: Scan): void {
  const most = TAPE_COLUMNS * (scan.limits.maxRequestValues + 1)
  const table = new Int32Array(Math.min(2 * scan.table.length, most))
  table.set(scan.table)
  scan.table = table
}

function readContainer(scan: Scan, kind: number, field: number, previous: number, depth: number): number {
  if (depth === MAX_JSON_NESTING) throw nestedTooDeep(MAX_JSON_NESTING)
  const at = add(scan, kind, scan.pos, 0, previous, field)
  scan.pos++
  if (field === UNKNOWN_FIELD) scan.muted++
  const last = kind === OBJECT ? readMembers(scan, depth + 1) : readElements(scan, depth + 1)
  if (field === UNKNOWN_FIELD) scan.muted--
  else scan.table[at + END] = last
  return at
}

function readElements(scan: Scan, depth: number): number {
  let last = 0
  if (skipSpace(scan) !== CLOSE_BRACKET) {
    do last = readValue(scan, NO_FIELD, last, depth)
    while (isContinued(scan, CLOSE_BRACKET))
  }
  scan.pos++
  return last
}

function readMembers(scan: Scan, depth: number): number {
  let last = 0
  if (skipSpace(scan) !== CLOSE_BRACE) {
    do {
      const field = readKey(scan)
      if (skipSpace(scan) !== COLON) throw unexpected(scan, scan.pos)
      scan.pos++
      last = readValue(scan, field, last, depth)
    } while (isContinued(scan, CLOSE_BRACE))
  }
  scan.pos++
  return last
}

/** Whether another element follows; `pos` is then behind the comma, else at the bracket that closes. */
function isContinued(scan: Scan, close: number): boolean {
  const byte = skipSpace(scan)
  if (byte === close) return false
  if (byte !== COMMA) throw unexpected(scan, scan.pos)
  scan.pos++
  return true
}

/** No name of OTLP is longer than this, written with an escape for each letter. */
const MAX_ESCAPED_NAME = 6 * 24

function readKey(scan: Scan): number {
  if (skipSpace(scan) !== QUOTE) throw unexpected(scan, scan.pos)
  const start = scan.pos + 1
  const isEscaped = skipString(scan)
  const end = scan.pos - 1
  if (!isEscaped) return fieldNamed(scan.bytes, start, end)
  if (end - start > MAX_ESCAPED_NAME) return UNKNOWN_FIELD
  const name = Buffer.alloc(end - start)
  return fieldNamed(name, 0, unescapeInto(scan.bytes, start, end, name, 0))
}

/** Moves behind the string that starts with the quote at `pos`; returns whether it has escapes. */
function skipString(scan: Scan): boolean {
  const { bytes } = scan
  const { length } = bytes
  let isEscaped = false
  let pos = scan.pos + 1
  while (pos < length) {
    const byte = bytes[pos] as number
    if (byte === QUOTE) {
      scan.pos = pos + 1
      return isEscaped
    }
    if (byte < 0x20) throw unexpected(scan, pos)
    if (byte === BACKSLASH) {
      isEscaped = true
      pos += escapeLength(scan, pos)
    } else pos++
  }
  throw unexpected(scan, length)
}

const ESCAPES = new Set(Buffer.from('"\\/bfnrt'))

function escapeLength(scan: Scan, at: number): number {
  const { bytes } = scan
  const letter = bytes[at + 1] as number
  if (letter !== 0x75) {
    if (ESCAPES.has(letter)) return 2
    throw unexpected(scan, at + 1)
  }
  for (let digit = at + 2; digit < at + 6; digit++) {
    if (!isHexDigit(bytes[digit] as number)) throw unexpected(scan, digit)
  }
  return 6
}

function readLiteral(scan: Scan, kind: number, word: string, field: number, previous: number): number {
  const start = scan.pos
  for (let i = 1; i < word.length; i++) {
    if (scan.bytes[start + i] !== word.charCodeAt(i)) throw unexpected(scan, start + i)
  }
  scan.pos = start + word.length
  return add(scan, kind, start, scan.pos, previous, field)
}

/** Moves behind a number; returns its kind. */
function skipNumber(scan: Scan): number {
  const { bytes } = scan
  let { pos } = scan
  if (bytes[pos] === MINUS) pos++
  pos = bytes[pos] === 0x30 ? pos + 1 : skipDigits(scan, pos)
  let kind = INTEGER
  if (bytes[pos] === 0x2e) {
    kind = NUMBER
    pos = skipDigits(scan, pos + 1)
  }
  if (bytes[pos] === 0x65 || bytes[pos] === 0x45) {
    kind = NUMBER
    const sign = bytes[pos + 1]
    pos = skipDigits(scan, sign === 0x2b || sign === MINUS ? pos + 2 : pos + 1)
  }
  scan.pos = pos
  return kind
}

/** At least one. */
function skipDigits(scan: Scan, start: number): number {
  const { bytes } = scan
  const { length } = bytes
  let pos = start
  while (pos < length && isDigit(bytes[pos] as number)) pos++
  if (pos === start) throw unexpected(scan, pos)
  return pos
}

/** Only the place: what spans hold belongs in no log. */
function unexpected({ bytes }: Scan, at: number) {
  if (at >= bytes.length) return malformedJson('unexpected end')
  let position = 0
  let line = 1
  let lineStart = 0
  for (let i = 0; i < at; i++) {
    const byte = bytes[i] as number
    if (byte === 0x0a) {
      line++
      lineStart = position + 1
    }
    // A character of UTF-8 is counted with its first byte.
    if ((byte & 0xc0) !== 0x80) position++
  }
  const column = position - lineStart + 1
  return malformedJson(`unexpected token at position ${position} (line ${line} column ${column})`)
}
