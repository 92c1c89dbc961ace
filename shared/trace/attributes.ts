import { KEY_VALUE, RESOURCE, RESOURCE_SPANS } from '../otlp/fields.ts'
import type { ResourceLayout } from '../otlp/layout.ts'
import { BYTES, type Cursor, readEnd, readTag, skipValue } from '../otlp/wire.ts'
import { readKey, readKeyValue } from './any-value.ts'
import { ANY_MARK, type KeyMarks, keyOnWire, MAX_MARKED_BYTES, markOf, noteMark, type WireKey } from './key-marks.ts'
import type { AttributeSource, AttributeValue } from './span.ts'

const KEY = (KEY_VALUE.key << 3) | BYTES
const VALUE = (KEY_VALUE.value << 3) | BYTES
const RESOURCE_TAG = (RESOURCE_SPANS.resource << 3) | BYTES
const RESOURCE_ATTRIBUTES = (RESOURCE.attributes << 3) | BYTES

/** From how many keys on it pays to note where every attribute stands (measured: two scans take less). */
const KEYS_WORTH_NOTING = 3

/**
 * The attributes of the message from `start` to `end`, which have the tag `attributesTag` there. Values stay on
 * the wire; the first keys are looked for there, then it is noted where each attribute stands, since some rules ask one
 * span for dozens of keys and it has few of them. Of one key twice the first counts, as in the Collector. A class
 * because there is one for every span and event, and closures would take more memory.
 */
export class WireAttributes implements AttributeSource {
  private readonly bytes: Buffer
  private readonly start: number
  private readonly end: number
  private readonly attributesTag: number
  private places: Places | undefined = undefined
  private asked = 0

  constructor(bytes: Buffer, start: number, end: number, attributesTag: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.attributesTag = attributesTag
  }

  get(key: string): AttributeValue | undefined {
    const wireKey = keyOnWire(key)
    if (this.places === undefined && ++this.asked < KEYS_WORTH_NOTING) {
      return scanFor(wireKey, { bytes: this.bytes, pos: this.start }, this.end, this.attributesTag)
    }
    return findAttribute(this.bytes, this.noted(), wireKey)
  }

  entries(): readonly (readonly [string, AttributeValue])[] {
    const entries: Entry[] = []
    const cursor = { bytes: this.bytes, pos: this.start }
    eachAttribute(cursor, this.end, this.attributesTag, (entry) => entries.push(entry))
    return entries
  }

  noteKeys(marks: KeyMarks): void {
    const { at } = this.noted()
    for (let i = 0; i < at.length; i += 3) noteMark(marks, at[i] as number)
  }

  private noted(): Places {
    this.places ??= placesOf({ bytes: this.bytes, pos: this.start }, this.end, this.attributesTag)
    return this.places
  }
}

/** The attributes of a resource, decoded once, on first use: every span of the resource asks for the same few. */
export function resourceAttributes(bytes: Buffer, layout: ResourceLayout): AttributeSource {
  let byKey: ReadonlyMap<string, AttributeValue> | undefined
  const decoded = () => {
    byKey ??= firstOfEach(bytes, layout)
    return byKey
  }
  return {
    get: (key) => decoded().get(key),
    entries() {
      const entries: Entry[] = []
      eachOfResource(bytes, layout, (entry) => entries.push(entry))
      return entries
    },
    noteKeys(marks) {
      for (const key of decoded().keys()) noteMark(marks, keyOnWire(key).mark)
    },
  }
}

/** A resource may have a million attributes: no entry is kept but for the map. */
function firstOfEach(bytes: Buffer, layout: ResourceLayout): ReadonlyMap<string, AttributeValue> {
  const values = new Map<string, AttributeValue>()
  eachOfResource(bytes, layout, ([key, value]) => {
    if (!values.has(key)) values.set(key, value)
  })
  return values
}

type Entry = readonly [string, AttributeValue]

function eachOfResource(bytes: Buffer, { rest }: ResourceLayout, visit: (entry: Entry) => void): void {
  for (let i = 0; i < rest.length; i += 2) {
    const cursor: Cursor = { bytes, pos: rest[i] as number }
    const end = rest[i + 1] as number
    while (cursor.pos < end) {
      const tag = readTag(cursor, end)
      if (tag === RESOURCE_TAG) eachAttribute(cursor, readEnd(cursor, end), RESOURCE_ATTRIBUTES, visit)
      else skipValue(cursor, end, tag)
    }
  }
}

function eachAttribute(cursor: Cursor, end: number, attributesTag: number, visit: (entry: Entry) => void): void {
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === attributesTag) visit(readKeyValue(cursor, readEnd(cursor, end)))
    else skipValue(cursor, end, tag)
  }
}

/** Where the attributes of one message stand. */
interface Places {
  /** One bit for each key that is there, by its mark: most keys asked for are found absent by it. */
  readonly present: number
  /** Mark of the key, start and end of the KeyValue, attribute by attribute. */
  readonly at: ArrayLike<number>
}

/** Every key may be there. */
const EVERY_KEY = -1

/** Filled again for each message; the copy that is kept is as long as needed. */
const scratch: number[] = []

/** A message of more bytes may have a million attributes: they are counted first, since an array that grows takes five times as much. */
const LARGE_BYTES = 256 * 1024

function placesOf(cursor: Cursor, end: number, attributesTag: number): Places {
  const isLarge = end - cursor.pos > LARGE_BYTES
  const places = isLarge ? new Int32Array(3 * countAttributes({ ...cursor }, end, attributesTag)) : scratch
  let length = 0
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
    places[length++] = mark
    places[length++] = start
    places[length++] = stop
    cursor.pos = stop
  }
  return { present, at: isLarge ? places : scratch.slice(0, length) }
}

function countAttributes(cursor: Cursor, end: number, attributesTag: number): number {
  let count = 0
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === attributesTag) count++
    skipValue(cursor, end, tag)
  }
  return count
}

/** Looks at attribute after attribute until one has the key. */
function scanFor(wireKey: WireKey, cursor: Cursor, end: number, attributesTag: number): AttributeValue | undefined {
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag !== attributesTag) {
      skipValue(cursor, end, tag)
      continue
    }
    const stop = readEnd(cursor, end)
    const start = cursor.pos
    const mark = markOnWire(cursor, stop)
    const value = isOther(wireKey, mark)
      ? undefined
      : valueUnder(wireKey, mark, { bytes: cursor.bytes, pos: start }, stop)
    if (value !== undefined) return value
    cursor.pos = stop
  }
  return undefined
}

function findAttribute(bytes: Buffer, { present, at }: Places, wireKey: WireKey): AttributeValue | undefined {
  if (wireKey.mark !== ANY_MARK && (present & (1 << wireKey.mark)) === 0) return undefined
  for (let i = 0; i < at.length; i += 3) {
    const mark = at[i] as number
    if (isOther(wireKey, mark)) continue
    const value = valueUnder(wireKey, mark, { bytes, pos: at[i + 1] as number }, at[i + 2] as number)
    if (value !== undefined) return value
  }
  return undefined
}

/** Whether marks alone tell that the key of an attribute is another. */
function isOther(wireKey: WireKey, mark: number): boolean {
  return mark !== wireKey.mark && mark !== ANY_MARK && wireKey.mark !== ANY_MARK
}

/** The value of a KeyValue whose key has the mark; undefined if it is another key. */
function valueUnder(wireKey: WireKey, mark: number, cursor: Cursor, end: number): AttributeValue | undefined {
  // Marks, if any, are equal by now, and the key comes first: its tag and its length are a byte each.
  const marked = mark !== ANY_MARK && wireKey.mark !== ANY_MARK
  if (marked && !sameText(cursor.bytes, cursor.pos + 2, wireKey.wire)) return undefined
  const { pos } = cursor
  // A value may nest many others: it is read only where its key is the one.
  if (!marked && readKey(cursor, end) !== wireKey.key) return undefined
  cursor.pos = pos
  return readKeyValue(cursor, end)[1]
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
