import { nestedTooDeep } from './errors.ts'
import { ANY_VALUE, EVENT, KEY_VALUE, LINK, LIST, RESOURCE, SCOPE, SPAN } from './fields.ts'
import { overLimit, type RequestLimits } from './limits.ts'
import { BYTES, type Cursor, FIXED64, GROUP_START, MAX_NESTING, readEnd, readTag, skipValue, VARINT } from './wire.ts'

/** Which fields of a message hold messages, so that their lengths can be followed without decoding anything. */
interface Shape {
  /** By field number; the values are other shapes. */
  readonly nested: (Shape | undefined)[]
  /** Tag of the field that holds KeyValues, -1 where none does. */
  readonly attributesTag: number
  /** 1 for AnyValue, the only message that can hold itself. */
  readonly level: 0 | 1
  /** An event or a link of a span. */
  readonly isEvent: boolean
}

/** What was walked so far, and what may be. */
export interface ValueTally {
  readonly limits: RequestLimits
  /** Fields; an attribute with a plain value counts as one. */
  values: number
  /** Events and links. */
  events: number
}

/** Takes fields into account; throws InputError (`too-many-values`). */
export function countFields(tally: ValueTally, count: number): void {
  tally.values += count
  if (tally.values > tally.limits.maxRequestValues) throw overLimit('maxRequestValues', tally.limits)
}

function countEvent(tally: ValueTally): void {
  if (++tally.events > tally.limits.maxRequestEvents) throw overLimit('maxRequestEvents', tally.limits)
}

function shape(fields: Readonly<Record<number, Shape>>, attributesField = -1, isEvent = false): Shape {
  const nested = new Array<Shape | undefined>(MAX_FIELDS).fill(undefined)
  for (const [field, inner] of Object.entries(fields)) nested[Number(field)] = inner
  if (attributesField >= 0) nested[attributesField] = KEY_VALUE_SHAPE
  // One literal makes all shapes, so that reading them is fast.
  return { nested, attributesTag: attributesField < 0 ? -1 : (attributesField << 3) | BYTES, level: 0, isEvent }
}

const MAX_FIELDS = 32
const ANY_VALUE_SHAPE: Shape = { ...shape({}), level: 1 }
const KEY_VALUE_SHAPE = shape({ [KEY_VALUE.value]: ANY_VALUE_SHAPE })
ANY_VALUE_SHAPE.nested[ANY_VALUE.arrayValue] = shape({ [LIST.values]: ANY_VALUE_SHAPE })
ANY_VALUE_SHAPE.nested[ANY_VALUE.kvlistValue] = shape({}, LIST.values)

export const RESOURCE_SHAPE = shape({}, RESOURCE.attributes)
export const SCOPE_SHAPE = shape({}, SCOPE.attributes)
export const SPAN_SHAPE = shape(
  {
    [SPAN.events]: shape({}, EVENT.attributes, true),
    [SPAN.links]: shape({}, LINK.attributes, true),
    [SPAN.status]: shape({}),
  },
  SPAN.attributes,
)

/**
 * Walks a message from `pos` to `end` and everything nested in it, reading tags and lengths only. Throws InputError
 * if a length, varint or tag is impossible or values are nested more than MAX_NESTING deep, so that what is stored
 * can be read later without failing.
 */
export function skim(cursor: Cursor, end: number, message: Shape, depth: number, tally: ValueTally): void {
  const inner = depth + message.level
  if (inner > MAX_NESTING) throw nestedTooDeep(MAX_NESTING)
  while (cursor.pos < end) {
    if (inner < MAX_NESTING && skimPlainAttributes(cursor, end, message, tally)) continue
    countFields(tally, 1)
    skimField(cursor, end, readTag(cursor, end), message, inner, tally)
  }
}

/**
 * Skims the attributes that stand one after another from `pos`, as far as they are plain (`isScalarKeyValue`); false
 * where there was none.
 */
export function skimPlainAttributes(cursor: Cursor, end: number, { attributesTag }: Shape, tally: ValueTally): boolean {
  const { bytes, pos } = cursor
  let at = pos
  let count = 0
  while (at < end && bytes[at] === attributesTag) {
    let start = at + 2
    let length = bytes[at + 1] as number
    if (length >= 0x80) {
      const high = bytes[start++] as number
      if (high >= 0x80) break
      length += (high - 1) * 0x80
    }
    const stop = start + length
    if (stop > end || !isScalarKeyValue(bytes, start, stop)) break
    at = stop
    count++
  }
  cursor.pos = at
  countFields(tally, count)
  return count > 0
}

const KEY_TAG = (KEY_VALUE.key << 3) | BYTES
const VALUE_TAG = (KEY_VALUE.value << 3) | BYTES
const STRING_TAG = (ANY_VALUE.stringValue << 3) | BYTES
const BOOL_TAG = (ANY_VALUE.boolValue << 3) | VARINT
const INT_TAG = (ANY_VALUE.intValue << 3) | VARINT
const DOUBLE_TAG = (ANY_VALUE.doubleValue << 3) | FIXED64

/**
 * True for what nearly every attribute looks like: a key of under 128 bytes, then a string of under 16 KB, boolean,
 * integer or double, each once. Checking just that takes a third of the time of the general walk, which the rest takes.
 */
function isScalarKeyValue(bytes: Buffer, start: number, end: number): boolean {
  const keyLength = bytes[start + 1] as number
  const value = start + 2 + keyLength
  if (bytes[start] !== KEY_TAG || keyLength >= 0x80 || value + 1 >= end || bytes[value] !== VALUE_TAG) return false
  const length = bytes[value + 1] as number
  if (length < 0x80) return value + 2 + length === end && isScalar(bytes, value + 2, end)
  const high = bytes[value + 2] as number
  return high < 0x80 && value + 3 + length + (high - 1) * 0x80 === end && isScalar(bytes, value + 3, end)
}

function isScalar(bytes: Buffer, start: number, end: number): boolean {
  if (start >= end) return start === end
  const first = bytes[start + 1] as number
  switch (bytes[start]) {
    case STRING_TAG:
      if (first < 0x80) return start + 2 + first === end
      return (
        (bytes[start + 2] as number) < 0x80 && start + 3 + first + ((bytes[start + 2] as number) - 1) * 0x80 === end
      )
    case INT_TAG:
    case BOOL_TAG:
      return first < 0x80 ? start + 2 === end : start + 3 === end && (bytes[start + 2] as number) < 0x80
    case DOUBLE_TAG:
      return start + 9 === end
    default:
      return false
  }
}

/** Skims the value of one field whose tag was just read. */
export function skimField(
  cursor: Cursor,
  end: number,
  tag: number,
  message: Shape,
  depth: number,
  tally: ValueTally,
): void {
  const nested = (tag & 7) === BYTES ? message.nested[tag >>> 3] : undefined
  if (nested?.isEvent === true) countEvent(tally)
  if (nested === undefined) skipUnknownField(cursor, end, tag, tally, depth)
  else skim(cursor, readEnd(cursor, end), nested, depth, tally)
}

/** Skips the value of a field that holds no message, or is not OTLP's; in a group two bytes may be a field. */
export function skipUnknownField(cursor: Cursor, end: number, tag: number, tally: ValueTally, depth = 0): void {
  const start = cursor.pos
  skipValue(cursor, end, tag, depth)
  if ((tag & 7) === GROUP_START) countFields(tally, (cursor.pos - start) >>> 1)
}
