/*
 * A mark is a number for an attribute key that few other keys share: two keys with different marks are different keys,
 * told apart without looking at their text.
 */

/** The mark of keys that marks cannot distinguish: every key may be meant. */
export const ANY_MARK = -1

/** Keys of more bytes have no mark, so that their length on the wire is one byte. */
export const MAX_MARKED_BYTES = 0x7f

/** The mark of a key of `length` bytes, from the one in its middle and its last one; not over 31 bits. */
export function markOf(length: number, middle: number, last: number): number {
  // The five lowest bits choose the key's bit among those of a span: every part of the key changes them.
  return ((length * 7 + middle * 3 + last) & 31) | (length << 5) | (middle << 12) | (last << 20)
}

/** A key as protobuf encodes it. */
export interface WireKey {
  readonly key: string
  /** One character for each byte that the key has in UTF-8. */
  readonly wire: string
  readonly mark: number
}

/** Keys come from rules and resources, so they are few; should they not be, this bounds what is kept of them. */
const MAX_WIRE_KEYS = 20_000
const wireKeys = new Map<string, WireKey>()

export function keyOnWire(key: string): WireKey {
  const known = wireKeys.get(key)
  if (known !== undefined) return known
  if (wireKeys.size >= MAX_WIRE_KEYS) wireKeys.clear()
  const made = newWireKey(key)
  wireKeys.set(key, made)
  return made
}

/** Several bytes may read as a key with U+FFFD, which replaces bytes that are not UTF-8: marks cannot distinguish such keys. */
function newWireKey(key: string): WireKey {
  const wire = Buffer.from(key).toString('latin1')
  const { length } = wire
  if (length === 0 || length > MAX_MARKED_BYTES || key.includes('\ufffd')) return { key, wire, mark: ANY_MARK }
  return { key, wire, mark: markOf(length, wire.charCodeAt(length >> 1), wire.charCodeAt(length - 1)) }
}

const PLACES = 1024

/** The keys of some spans and their resources, as far as their marks tell: what is not among them is not there. */
export type KeyMarks = Uint8Array

export function newKeyMarks(): KeyMarks {
  return new Uint8Array(PLACES)
}

/** Notes a key by its mark; after `ANY_MARK` every key may be there. */
export function noteMark(marks: KeyMarks, mark: number): void {
  if (mark === ANY_MARK) marks.fill(1)
  else marks[placeOf(mark)] = 1
}

/** False only if no key of this mark was noted. */
export function mayHaveMark(marks: KeyMarks, mark: number): boolean {
  return mark === ANY_MARK || marks[placeOf(mark)] === 1
}

function placeOf(mark: number): number {
  return (mark ^ (mark >>> 10) ^ (mark >>> 20)) & (PLACES - 1)
}
