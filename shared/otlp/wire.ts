import { malformedProtobuf, nestedTooDeep } from './errors.ts'

/**
 * A place in protobuf bytes; the functions below read there and move `pos`. Always a Buffer: V8 then sees one type in
 * the hot loops, and text can be decoded in place.
 */
export interface Cursor {
  readonly bytes: Buffer
  pos: number
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Protobuf wire types, https://protobuf.dev/programming-guides/encoding/ */
export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const GROUP_START = 3
const GROUP_END = 4
export const FIXED32 = 5

/** Attribute values, lists and unknown groups may be nested this deep; deeper is an error. */
export const MAX_NESTING = 64

const MAX_VARINT_BYTES = 10

/** Reads a field's tag (field number << 3 | wire type) inside a message that ends at `end`. */
export function readTag(cursor: Cursor, end: number): number {
  const at = cursor.pos
  let tag = cursor.bytes[at] as number
  if (tag < 0x80) cursor.pos = at + 1
  else tag = readVarint32(cursor, end)
  if (tag < 8) throw malformedProtobuf('field number 0', at)
  return tag
}

/** Reads the length of a length-delimited field and returns where its content ends; `pos` is then its start. */
export function readEnd(cursor: Cursor, end: number): number {
  const at = cursor.pos
  let length = at < end ? (cursor.bytes[at] as number) : 0x80
  if (length < 0x80) cursor.pos = at + 1
  else length = readVarint32(cursor, end)
  const contentEnd = cursor.pos + length
  if (contentEnd > end) throw malformedProtobuf('a length runs past its message', at)
  return contentEnd
}

/** Reads a varint that must fit 32 bits (a tag or a length). */
function readVarint32(cursor: Cursor, end: number): number {
  const start = cursor.pos
  const second = start + 1 < end ? (cursor.bytes[start + 1] as number) : 0x80
  if (second < 0x80) {
    cursor.pos = start + 2
    return ((cursor.bytes[start] as number) & 0x7f) | (second << 7)
  }
  return readLongVarint32(cursor, end)
}

function readLongVarint32(cursor: Cursor, end: number): number {
  const start = cursor.pos
  let value = 0
  let scale = 1
  for (let at = start; at < end && at < start + MAX_VARINT_BYTES; at++) {
    const byte = cursor.bytes[at] as number
    value += (byte & 0x7f) * scale
    scale *= 0x80
    if (byte >= 0x80) continue
    if (value > 0xffffffff) throw malformedProtobuf('a tag or length over 32 bits', start)
    cursor.pos = at + 1
    return value
  }
  throw malformedProtobuf('a varint without an end', start)
}

/** Reads a varint of any size as its low 32 bits, unsigned, as protobuf reads an enum or a uint32. */
export function readUint32(cursor: Cursor, end: number): number {
  const start = cursor.pos
  skipVarint(cursor, end)
  let value = 0
  const last = Math.min(cursor.pos, start + 5)
  for (let at = start, shift = 0; at < last; at++, shift += 7) value |= ((cursor.bytes[at] as number) & 0x7f) << shift
  return value >>> 0
}

/** Reads a varint of up to 64 bits as a signed int64: a number where that is exact, else a bigint. */
export function readInt64(cursor: Cursor, end: number): number | bigint {
  const start = cursor.pos
  skipVarint(cursor, end)
  const size = cursor.pos - start
  if (size <= 7) return readSmallVarint(cursor.bytes, start, cursor.pos)
  let value = 0n
  for (let at = start, shift = 0n; at < cursor.pos; at++, shift += 7n) {
    value |= BigInt((cursor.bytes[at] as number) & 0x7f) << shift
  }
  const signed = BigInt.asIntN(64, value)
  const number = Number(signed)
  return Number.isSafeInteger(number) ? number : signed
}

/** At most 49 bits, so a double holds them. */
function readSmallVarint(bytes: Buffer, start: number, end: number): number {
  let value = 0
  let scale = 1
  for (let at = start; at < end; at++, scale *= 0x80) value += ((bytes[at] as number) & 0x7f) * scale
  return value
}

function skipVarint(cursor: Cursor, end: number): void {
  const start = cursor.pos
  if (start < end && (cursor.bytes[start] as number) < 0x80) cursor.pos = start + 1
  else skipLongVarint(cursor, end)
}

function skipLongVarint(cursor: Cursor, end: number): void {
  const start = cursor.pos
  const limit = Math.min(end, start + MAX_VARINT_BYTES)
  for (let at = start; at < limit; at++) {
    if ((cursor.bytes[at] as number) >= 0x80) continue
    cursor.pos = at + 1
    return
  }
  throw malformedProtobuf('a varint without an end', start)
}

/** Skips a fixed64 or double. */
export function skipFixed64(cursor: Cursor, end: number): void {
  skipFixed(cursor, end, 8)
}

function skipFixed(cursor: Cursor, end: number, size: number): void {
  const start = cursor.pos
  if (start + size > end) throw malformedProtobuf('a fixed-size value runs past its message', start)
  cursor.pos = start + size
}

/** Skips the value of a field whose tag was just read; an unknown group is skipped whole, up to MAX_NESTING deep. */
export function skipValue(cursor: Cursor, end: number, tag: number, depth = 0): void {
  switch (tag & 7) {
    case VARINT:
      skipVarint(cursor, end)
      return
    case FIXED64:
      skipFixed(cursor, end, 8)
      return
    case BYTES:
      cursor.pos = readEnd(cursor, end)
      return
    case FIXED32:
      skipFixed(cursor, end, 4)
      return
    case GROUP_START:
      skipGroup(cursor, end, tag, depth + 1)
      return
    default:
      throw malformedProtobuf(`wire type ${tag & 7}`, cursor.pos)
  }
}

function skipGroup(cursor: Cursor, end: number, startTag: number, depth: number): void {
  if (depth > MAX_NESTING) throw nestedTooDeep(MAX_NESTING)
  const endTag = startTag - GROUP_START + GROUP_END
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === endTag) return
    skipValue(cursor, end, tag, depth)
  }
  throw malformedProtobuf('a group without an end', cursor.pos)
}
