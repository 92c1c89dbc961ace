import { BYTES, type Cursor, FIXED32, FIXED64, readEnd, readUint32, skipValue, VARINT } from '../otlp/wire.ts'
import { readString } from '../trace/any-value.ts'

/** What a decoding came across. */
export interface Fidelity {
  /** False once something was read that the columns cannot give back: unknown fields, text that is not UTF-8. */
  exact: boolean
}

export const bytesTag = (field: number) => (field << 3) | BYTES
export const varintTag = (field: number) => (field << 3) | VARINT
export const fixed32Tag = (field: number) => (field << 3) | FIXED32
export const fixed64Tag = (field: number) => (field << 3) | FIXED64

/** Skips a field that has no column. */
export function skipUnknown(cursor: Cursor, end: number, tag: number, fidelity: Fidelity): void {
  fidelity.exact = false
  skipValue(cursor, end, tag)
}

/** Reads a text; if it is not UTF-8, `fidelity` becomes inexact. */
export function readText(cursor: Cursor, end: number, fidelity: Fidelity): string {
  const text = readString(cursor, end)
  if (text.includes('\ufffd')) fidelity.exact = false
  return text
}

/** Reads bytes, without a copy. */
export function readBytes(cursor: Cursor, end: number): Buffer {
  const stop = readEnd(cursor, end)
  const bytes = cursor.bytes.subarray(cursor.pos, stop)
  cursor.pos = stop
  return bytes
}

export function readFixed64(cursor: Cursor, end: number): bigint {
  const at = cursor.pos
  skipValue(cursor, end, FIXED64)
  return cursor.bytes.readBigUInt64LE(at)
}

export function readFixed32(cursor: Cursor, end: number): number {
  const at = cursor.pos
  skipValue(cursor, end, FIXED32)
  return cursor.bytes.readUInt32LE(at)
}

/** Reads an enum number, known or not. */
export function readEnum(cursor: Cursor, end: number): number {
  return readUint32(cursor, end) | 0
}
