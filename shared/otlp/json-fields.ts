import { base64Decode } from '@bufbuild/protobuf/wire'
import { copyBackwards, writeFixed, writeHeader, writeVarint } from './backwards.ts'
import { invalidOtlpJson } from './errors.ts'
import { isDecimal, type Magnitude, readDecimal, takeDouble } from './json-numbers.ts'
import { hexDigit, isHexDigit, unescapeInto } from './json-strings.ts'
import {
  ESCAPED_STRING,
  endOf,
  FALSE,
  INTEGER,
  type JsonTape,
  kindOnTape,
  NUMBER,
  STRING,
  startOnTape,
  TRUE,
} from './json-tape.ts'
import { BYTES, FIXED32, FIXED64, VARINT } from './wire.ts'

/** A conversion under way: what is written lies from `pos` to the end of `out`. */
export interface Conversion {
  readonly tape: JsonTape
  readonly out: Buffer
  pos: number
  /** True once a field was skipped whose name OTLP/JSON does not have. */
  unknownFields: boolean
  /** The integer that was last read. */
  readonly integer: Magnitude
}

/** Writes the field of this number and name; `value` is one of the tape and not null. */
export type WriteField = (to: Conversion, field: number, name: string, value: number, depth: number) => void

/** A piece of text in bytes. */
interface Piece {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

function isString(kind: number): boolean {
  return kind === STRING || kind === ESCAPED_STRING
}

/** The content of a string that is read, not copied. */
function pieceOf({ tape }: Conversion, value: number): Piece {
  const start = startOnTape(tape, value)
  const end = endOf(tape, value)
  if (kindOnTape(tape, value) !== ESCAPED_STRING) return { bytes: tape.bytes, start, end }
  const bytes = Buffer.allocUnsafe(end - start)
  return { bytes, start: 0, end: unescapeInto(tape.bytes, start, end, bytes, 0) }
}

/** Writes a text; an empty one is an absent one. */
export const writeJsonText: WriteField = (to, field, name, value, depth) => {
  if (isString(kindOnTape(to.tape, value)) && startOnTape(to.tape, value) === endOf(to.tape, value)) return
  writeAnyText(to, field, name, value, depth)
}

/** Writes a text, empty ones as well. */
export const writeAnyText: WriteField = (to, field, name, value) => {
  const { tape, out } = to
  const kind = kindOnTape(tape, value)
  if (!isString(kind)) throw invalidOtlpJson(name, 'a string')
  const end = to.pos
  const from = startOnTape(tape, value)
  const until = endOf(tape, value)
  if (kind === STRING) to.pos = copyBackwards(tape.bytes, from, until, out, end)
  else {
    // Unescaped text is no longer than escaped, so there is room for it.
    const start = end - (until - from)
    const length = unescapeInto(tape.bytes, from, until, out, start) - start
    to.pos = end - length
    out.copyWithin(to.pos, start, start + length)
  }
  to.pos = writeHeader(out, to.pos, tagOf(field, BYTES), end)
}

/** No id of OTLP is one byte long, so the splitter rejects the span that has it. */
const NOT_AN_ID = 0xff

/** Writes a trace or span id given as hex of either case. Other text, such as base64, becomes an id of the wrong length. */
export const writeId: WriteField = (to, field, name, value) => {
  if (!isString(kindOnTape(to.tape, value))) throw invalidOtlpJson(name, 'a string of hex digits')
  const { bytes, start, end } = pieceOf(to, value)
  if (start === end) return
  const contentEnd = to.pos
  if (isHex(bytes, start, end)) {
    for (let at = end; at > start; at -= 2) {
      to.out[--to.pos] = (hexDigit(bytes[at - 2] as number) << 4) | hexDigit(bytes[at - 1] as number)
    }
  } else to.out[--to.pos] = NOT_AN_ID
  to.pos = writeHeader(to.out, to.pos, tagOf(field, BYTES), contentEnd)
}

function isHex(bytes: Buffer, start: number, end: number): boolean {
  if ((end - start) % 2 !== 0) return false
  for (let at = start; at < end; at++) if (!isHexDigit(bytes[at] as number)) return false
  return true
}

export const writeFixed64: WriteField = (to, field, name, value) => {
  if (!readUnsigned(to, value)) throw notAnInteger(name, 0n, 2n ** 64n - 1n)
  if (isAbsent(to, value)) return
  to.pos = writeFixed(to.out, writeFixed(to.out, to.pos, to.integer.high), to.integer.low)
  writeTag(to, field, FIXED64)
}

export const writeFixed32: WriteField = (to, field, name, value) => {
  if (!readUnsigned(to, value) || to.integer.high > 0) throw notAnInteger(name, 0n, 2n ** 32n - 1n)
  if (isAbsent(to, value)) return
  to.pos = writeFixed(to.out, to.pos, to.integer.low)
  writeTag(to, field, FIXED32)
}

export const writeUint32: WriteField = (to, field, name, value) => {
  if (!readUnsigned(to, value) || to.integer.high > 0) throw notAnInteger(name, 0n, 2n ** 32n - 1n)
  if (isAbsent(to, value)) return
  to.pos = writeVarint(to.out, to.pos, 0, to.integer.low)
  writeTag(to, field, VARINT)
}

const LEAST_INT32 = -(2n ** 31n)
const LEAST_INT64 = -(2n ** 63n)
const NO_NAMES = 'OTLP/JSON takes the number of an enum, not its name: 2, not "SPAN_KIND_SERVER"'

/** Writes an enum; a number that has no name yet is kept. */
export const writeEnum: WriteField = (to, field, name, value) => {
  if (!readInteger(to, value)) {
    const isText = isString(kindOnTape(to.tape, value)) && !isIntegerText(pieceOf(to, value))
    throw isText ? invalidOtlpJson(name, 'an integer', NO_NAMES) : notAnInteger(name, LEAST_INT32, 2n ** 31n - 1n)
  }
  if (!isSigned(to.integer, 0, 0x8000_0000)) throw notAnInteger(name, LEAST_INT32, 2n ** 31n - 1n)
  if (!isAbsent(to, value)) writeSigned(to, field)
}

/** Writes an int64, zero as well. */
export const writeInt64: WriteField = (to, field, name, value) => {
  if (!readInteger(to, value) || !isSigned(to.integer, 0x8000_0000, 0)) {
    throw notAnInteger(name, LEAST_INT64, 2n ** 63n - 1n)
  }
  writeSigned(to, field)
}

/** Whether a magnitude fits a signed integer whose least value is `-(high * 2^32 + low)`. */
function isSigned({ isNegative, high, low }: Magnitude, leastHigh: number, leastLow: number): boolean {
  if (high !== leastHigh) return high < leastHigh
  return isNegative ? low <= leastLow : low < leastLow
}

/** As protobuf has it: two's complement of 64 bits, also where the field has 32. */
function writeSigned(to: Conversion, field: number): void {
  const { isNegative, high, low } = to.integer
  if (isNegative) {
    const carry = low === 0 ? 1 : 0
    to.pos = writeVarint(to.out, to.pos, (~high + carry) >>> 0, -low >>> 0)
  } else to.pos = writeVarint(to.out, to.pos, high, low)
  writeTag(to, field, VARINT)
}

function notAnInteger(name: string, least: bigint, most: bigint) {
  return invalidOtlpJson(name, `an integer from ${least} to ${most}, as a number or a decimal string`)
}

/** The number zero is how JSON leaves a field out; the text "0" is written. */
function isAbsent({ tape, integer }: Conversion, value: number): boolean {
  return integer.low === 0 && integer.high === 0 && !isString(kindOnTape(tape, value))
}

function readUnsigned(to: Conversion, value: number): boolean {
  return readInteger(to, value) && !(to.integer.isNegative && (to.integer.low > 0 || to.integer.high > 0))
}

/** Reads an integer given as JSON number or decimal string, exactly; false for anything else. */
function readInteger(to: Conversion, value: number): boolean {
  const { tape, integer } = to
  switch (kindOnTape(tape, value)) {
    case STRING:
    case INTEGER:
      return readDecimal(tape.bytes, startOnTape(tape, value), endOf(tape, value), integer)
    case ESCAPED_STRING: {
      const { bytes, start, end } = pieceOf(to, value)
      return readDecimal(bytes, start, end, integer)
    }
    case NUMBER:
      return takeDouble(readNumber(tape.bytes, startOnTape(tape, value), endOf(tape, value)), integer)
    default:
      return false
  }
}

function isIntegerText({ bytes, start, end }: Piece): boolean {
  return /^-?\d{1,20}$/.test(bytes.toString('latin1', start, Math.min(end, start + 22)))
}

function readNumber(bytes: Buffer, start: number, end: number): number {
  return Number(bytes.toString('latin1', start, end))
}

export const writeBool: WriteField = (to, field, name, value) => {
  const kind = kindOnTape(to.tape, value)
  if (kind !== TRUE && kind !== FALSE) throw invalidOtlpJson(name, 'true or false')
  to.out[--to.pos] = kind === TRUE ? 1 : 0
  writeTag(to, field, VARINT)
}

export const writeDouble: WriteField = (to, field, name, value) => {
  to.pos -= 8
  to.out.writeDoubleLE(readDouble(to, name, value), to.pos)
  writeTag(to, field, FIXED64)
}

/** Longer than any of the words that JSON has no number for. */
const MAX_WORD = 9

function readDouble(to: Conversion, name: string, value: number): number {
  const { tape } = to
  const kind = kindOnTape(tape, value)
  if (kind === NUMBER || kind === INTEGER) return readNumber(tape.bytes, startOnTape(tape, value), endOf(tape, value))
  if (isString(kind)) {
    const { bytes, start, end } = pieceOf(to, value)
    if (isDecimal(bytes, start, end)) return readNumber(bytes, start, end)
    const word = end - start > MAX_WORD ? '' : bytes.toString('latin1', start, end)
    if (word === 'NaN') return Number.NaN
    if (word === 'Infinity' || word === '-Infinity') return Number(word)
  }
  throw invalidOtlpJson(name, 'a number, "NaN", "Infinity" or "-Infinity"')
}

export const writeBase64: WriteField = (to, field, name, value) => {
  const end = to.pos
  const content = readBase64(to, name, value)
  to.pos = copyBackwards(content, 0, content.length, to.out, end)
  to.pos = writeHeader(to.out, to.pos, tagOf(field, BYTES), end)
}

function readBase64(to: Conversion, name: string, value: number): Uint8Array {
  if (!isString(kindOnTape(to.tape, value))) throw invalidOtlpJson(name, 'a base64 string')
  const { bytes, start, end } = pieceOf(to, value)
  try {
    return base64Decode(bytes.toString('latin1', start, end))
  } catch {
    throw invalidOtlpJson(name, 'a base64 string')
  }
}

export function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType
}

function writeTag(to: Conversion, field: number, wireType: number): void {
  to.pos = writeVarint(to.out, to.pos, 0, tagOf(field, wireType))
}
