import { nestedTooDeep } from './errors.ts'
import { ANY_VALUE, EVENT, KEY_VALUE, LINK, LIST, RESOURCE, SCOPE, SPAN } from './fields.ts'
import { BYTES, type Cursor, MAX_NESTING, readEnd, readTag, skipValue } from './wire.ts'

/** Which fields of a message hold messages, so that their lengths can be followed without decoding anything. */
export interface Shape {
  /** By field number; the values are other shapes. */
  readonly nested: readonly (Shape | undefined)[]
  /** 1 for AnyValue, the only message that can hold itself. */
  readonly level: 0 | 1
}

function shape(fields: Readonly<Record<number, Shape>>, level: 0 | 1 = 0): Shape {
  const nested: (Shape | undefined)[] = new Array(MOST_FIELDS).fill(undefined)
  for (const [field, inner] of Object.entries(fields)) nested[Number(field)] = inner
  return { nested, level }
}

const MOST_FIELDS = 32
const LEAF = shape({})
const anyValue: { nested: (Shape | undefined)[]; level: 1 } = {
  nested: new Array(MOST_FIELDS).fill(undefined),
  level: 1,
}
const KEY_VALUE_SHAPE = shape({ [KEY_VALUE.value]: anyValue })
anyValue.nested[ANY_VALUE.arrayValue] = shape({ [LIST.values]: anyValue })
anyValue.nested[ANY_VALUE.kvlistValue] = shape({ [LIST.values]: KEY_VALUE_SHAPE })

export const RESOURCE_SHAPE = shape({ [RESOURCE.attributes]: KEY_VALUE_SHAPE })
export const SCOPE_SHAPE = shape({ [SCOPE.attributes]: KEY_VALUE_SHAPE })
export const SPAN_SHAPE = shape({
  [SPAN.attributes]: KEY_VALUE_SHAPE,
  [SPAN.events]: shape({ [EVENT.attributes]: KEY_VALUE_SHAPE }),
  [SPAN.links]: shape({ [LINK.attributes]: KEY_VALUE_SHAPE }),
  [SPAN.status]: LEAF,
})

/**
 * Walks a message from `pos` to `end` and everything nested in it, reading tags and lengths only. Throws InputError
 * where a length, varint or tag is impossible or values are nested more than MAX_NESTING deep, so that what is stored
 * can be read later without failing.
 */
export function skim(cursor: Cursor, end: number, message: Shape, depth: number): void {
  const inner = depth + message.level
  if (inner > MAX_NESTING) throw nestedTooDeep(MAX_NESTING)
  while (cursor.pos < end) skimField(cursor, end, readTag(cursor, end), message, inner)
}

/** Skims the value of one field whose tag was just read. */
export function skimField(cursor: Cursor, end: number, tag: number, message: Shape, depth: number): void {
  const nested = (tag & 7) === BYTES ? message.nested[tag >>> 3] : undefined
  if (nested === undefined) skipValue(cursor, end, tag, depth)
  else skim(cursor, readEnd(cursor, end), nested, depth)
}
