import { KEY_VALUE, RESOURCE, RESOURCE_SPANS } from '../otlp/fields.ts'
import type { ResourceLayout } from '../otlp/layout.ts'
import { BYTES, type Cursor, readEnd, readTag, skipValue } from '../otlp/wire.ts'
import { readKeyValue } from './any-value.ts'
import { ANY_MARK, keyOnWire, MAX_MARKED_BYTES, markOf, noteMark } from './key-marks.ts'
import type { AttributeSource, AttributeValue } from './span.ts'

const KEY = (KEY_VALUE.key << 3) | BYTES
const VALUE = (KEY_VALUE.value << 3) | BYTES
const RESOURCE_TAG = (RESOURCE_SPANS.resource << 3) | BYTES
const RESOURCE_ATTRIBUTES = (RESOURCE.attributes << 3) | BYTES

/**
 * The attributes of the message from `start` to `end`, which stand under the tag `attributesTag` there. Values stay on
 * the wire; where each attribute stands is noted on the first call of `get`, since rules ask one span for dozens of keys
 * and it has few of them. Of one key twice the first counts, as in the Collector.
 */
export function lazyAttributes(bytes: Buffer, start: number, end: number, attributesTag: number): AttributeSource {
  let places: Places | undefined
  return {
    get(key) {
      places ??= placesOf({ bytes, pos: start }, end, attributesTag)
      return findAttribute(bytes, places, key)
    },
    entries: () => readAttributes({ bytes, pos: start }, end, attributesTag),
    noteKeys(marks) {
      places ??= placesOf({ bytes, pos: start }, end, attributesTag)
      for (let i = 0; i < places.at.length; i += 3) noteMark(marks, places.at[i] as number)
    },
  }
}

/** The attributes of a resource, decoded once, on first use: every span of the resource asks for the same few. */
export function resourceAttributes(bytes: Buffer, layout: ResourceLayout): AttributeSource {
  let entries: readonly (readonly [string, AttributeValue])[] | undefined
  let byKey: ReadonlyMap<string, AttributeValue> | undefined
  const decoded = () => {
    entries ??= readResource(bytes, layout)
    return entries
  }
  return {
    get(key) {
      byKey ??= new Map([...decoded()].reverse())
      return byKey.get(key)
    },
    entries: decoded,
    noteKeys(marks) {
      for (const [key] of decoded()) noteMark(marks, keyOnWire(key).mark)
    },
  }
}

function readResource(bytes: Buffer, { rest }: ResourceLayout): readonly (readonly [string, AttributeValue])[] {
  const entries: (readonly [string, AttributeValue])[] = []
  for (let i = 0; i < rest.length; i += 2) {
    const cursor: Cursor = { bytes, pos: rest[i] as number }
    const end = rest[i + 1] as number
    while (cursor.pos < end) {
      const tag = readTag(cursor, end)
      if (tag === RESOURCE_TAG) entries.push(...readAttributes(cursor, readEnd(cursor, end), RESOURCE_ATTRIBUTES))
      else skipValue(cursor, end, tag)
    }
  }
  return entries
}

function readAttributes(cursor: Cursor, end: number, attributesTag: number): [string, AttributeValue][] {
  const entries: [string, AttributeValue][] = []
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === attributesTag) entries.push(readKeyValue(cursor, readEnd(cursor, end)) as [string, AttributeValue])
    else skipValue(cursor, end, tag)
  }
  return entries
}

/** Where the attributes of one message stand. */
interface Places {
  /** One bit for each key that is there, by its mark: most keys asked for are found absent by it. */
  readonly present: number
  /** Mark of the key, start and end of the KeyValue, attribute by attribute. */
  readonly at: readonly number[]
}

/** Every key may be there. */
const EVERY_KEY = -1

function placesOf(cursor: Cursor, end: number, attributesTag: number): Places {
  const at: number[] = []
  let present = 0
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag !== attributesTag) {
      skipValue(cursor, end, tag)
      continue
    }
    const stop = readEnd(cursor, end)
    const start = cursor.pos
    const mark = markOnWire(cursor, stop)
    present |= mark === ANY_MARK ? EVERY_KEY : 1 << mark
    at.push(mark, start, stop)
    cursor.pos = stop
  }
  return { present, at }
}

function findAttribute(bytes: Buffer, { present, at }: Places, key: string): AttributeValue | undefined {
  const { mark, wire } = keyOnWire(key)
  if (mark !== ANY_MARK && (present & (1 << mark)) === 0) return undefined
  for (let i = 0; i < at.length; i += 3) {
    const marked = at[i] as number
    if (marked !== mark && marked !== ANY_MARK && mark !== ANY_MARK) continue
    const cursor = { bytes, pos: at[i + 1] as number }
    // Of a KeyValue with a mark the key comes first: its tag and its length are a byte each.
    if (marked !== ANY_MARK && mark !== ANY_MARK && !sameText(bytes, cursor.pos + 2, wire)) continue
    const [found, value] = readKeyValue(cursor, at[i + 2] as number)
    if (found === key) return value
  }
  return undefined
}

/** The mark of a KeyValue's key; `ANY_MARK` if it is not written as every writer does, a key and then a value. */
function markOnWire(cursor: Cursor, end: number): number {
  const { bytes, pos } = cursor
  const length = bytes[pos + 1] as number
  const keyEnd = pos + 2 + length
  if (bytes[pos] !== KEY || length === 0 || length > MAX_MARKED_BYTES || keyEnd >= end) return ANY_MARK
  cursor.pos = keyEnd + 1
  if (bytes[keyEnd] !== VALUE || readEnd(cursor, end) !== end) return ANY_MARK
  return markOf(length, bytes[pos + 2 + (length >> 1)] as number, bytes[keyEnd - 1] as number)
}

function sameText(bytes: Buffer, start: number, key: string): boolean {
  for (let i = key.length - 1; i >= 0; i--) if (bytes[start + i] !== key.charCodeAt(i)) return false
  return true
}
