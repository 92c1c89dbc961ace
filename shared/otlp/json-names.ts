import {
  ANY_VALUE,
  EVENT,
  KEY_VALUE,
  LINK,
  LIST,
  RESOURCE,
  RESOURCE_SPANS,
  SCOPE,
  SCOPE_SPANS,
  SPAN,
  STATUS,
  TRACES_DATA,
} from './fields.ts'

const MESSAGES = [
  ...[TRACES_DATA, RESOURCE_SPANS, RESOURCE, SCOPE_SPANS, SCOPE, SPAN],
  ...[EVENT, LINK, STATUS, KEY_VALUE, ANY_VALUE, LIST],
] as const

/** All names of fields in OTLP/JSON, of whatever message; the place in this list is the field. */
const NAMES: readonly string[] = ['', ...new Set(MESSAGES.flatMap((message) => Object.keys(message)))]

/** An element of an array has no key. */
export const NO_FIELD = 0
/** The field of all keys that OTLP does not have. */
export const UNKNOWN_FIELD = 0xff

const NAME_BYTES = NAMES.map((name) => Buffer.from(name))
/** The fields whose names share length, first and last letter, or fall together by chance. */
const BUCKETS: readonly number[][] = Array.from({ length: 256 }, () => [])
for (const [field, name] of NAME_BYTES.entries()) if (field > 0) BUCKETS[bucketOf(name, 0, name.length)]?.push(field)

/** The number of a name of OTLP/JSON. */
export function fieldNumbered(name: string): number {
  return NAMES.indexOf(name)
}

/** The field whose name is the text from `start` to `end`. */
export function fieldNamed(bytes: Uint8Array, start: number, end: number): number {
  const bucket = BUCKETS[bucketOf(bytes, start, end)] as readonly number[]
  for (let i = 0; i < bucket.length; i++) {
    const field = bucket[i] as number
    if (isText(bytes, start, end, NAME_BYTES[field] as Uint8Array)) return field
  }
  return UNKNOWN_FIELD
}

function bucketOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0
  return ((end - start) * 7 + (bytes[start] as number) * 5 + (bytes[end - 1] as number) * 3) & 0xff
}

function isText(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false
  return true
}
