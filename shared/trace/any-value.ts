import { ANY_VALUE, KEY_VALUE, LIST } from '../otlp/fields.ts'
import { BYTES, type Cursor, FIXED64, readEnd, readInt64, readTag, skipValue, VARINT } from '../otlp/wire.ts'
import type { AttributeValue } from './span.ts'

const bytesTag = (field: number) => (field << 3) | BYTES
const STRING = bytesTag(ANY_VALUE.stringValue)
const BOOL = (ANY_VALUE.boolValue << 3) | VARINT
const INT = (ANY_VALUE.intValue << 3) | VARINT
const DOUBLE = (ANY_VALUE.doubleValue << 3) | FIXED64
const ARRAY = bytesTag(ANY_VALUE.arrayValue)
const KVLIST = bytesTag(ANY_VALUE.kvlistValue)
const BYTES_VALUE = bytesTag(ANY_VALUE.bytesValue)
const VALUES = bytesTag(LIST.values)
const KEY = bytesTag(KEY_VALUE.key)
const VALUE = bytesTag(KEY_VALUE.value)

/** Reads the AnyValue from `pos` to `end`; the last of several fields wins, null without any field. */
function readAnyValue(cursor: Cursor, end: number): AttributeValue {
  let value: AttributeValue = null
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    const read = READERS.get(tag)
    if (read === undefined) skipValue(cursor, end, tag)
    else value = read(cursor, end)
  }
  return value
}

type ReadValue = (cursor: Cursor, end: number) => AttributeValue

const READERS: ReadonlyMap<number, ReadValue> = new Map<number, ReadValue>([
  [STRING, readString],
  [BOOL, (cursor, end) => readInt64(cursor, end) !== 0],
  [INT, readInt64],
  [DOUBLE, readDouble],
  [ARRAY, readArray],
  [KVLIST, readKvlist],
  [BYTES_VALUE, readBytes],
])

/** Reads a string field whose tag was just read; bytes that are not UTF-8 become U+FFFD. */
export function readString(cursor: Cursor, end: number): string {
  const stop = readEnd(cursor, end)
  const text = cursor.bytes.toString('utf8', cursor.pos, stop)
  cursor.pos = stop
  return text
}

function readDouble(cursor: Cursor, end: number): number {
  const at = cursor.pos
  skipValue(cursor, end, DOUBLE)
  return cursor.bytes.readDoubleLE(at)
}

function readBytes(cursor: Cursor, end: number): Uint8Array {
  const stop = readEnd(cursor, end)
  const value = new Uint8Array(cursor.bytes.subarray(cursor.pos, stop))
  cursor.pos = stop
  return value
}

function readArray(cursor: Cursor, end: number): readonly AttributeValue[] {
  const stop = readEnd(cursor, end)
  const values: AttributeValue[] = []
  while (cursor.pos < stop) {
    const tag = readTag(cursor, stop)
    if (tag === VALUES) values.push(readAnyValue(cursor, readEnd(cursor, stop)))
    else skipValue(cursor, stop, tag)
  }
  return values
}

function readKvlist(cursor: Cursor, end: number): ReadonlyMap<string, AttributeValue> {
  const stop = readEnd(cursor, end)
  const entries = new Map<string, AttributeValue>()
  while (cursor.pos < stop) {
    const tag = readTag(cursor, stop)
    if (tag === VALUES) {
      const [key, value] = readKeyValue(cursor, readEnd(cursor, stop))
      if (!entries.has(key)) entries.set(key, value)
    } else skipValue(cursor, stop, tag)
  }
  return entries
}

/** Reads the KeyValue from `pos` to `end`. */
export function readKeyValue(cursor: Cursor, end: number): readonly [string, AttributeValue] {
  let key = ''
  let value: AttributeValue = null
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === KEY) key = readString(cursor, end)
    else if (tag === VALUE) value = readAnyValue(cursor, readEnd(cursor, end))
    else skipValue(cursor, end, tag)
  }
  return [key, value]
}

/** Reads the key alone of the KeyValue from `pos` to `end`. */
export function readKey(cursor: Cursor, end: number): string {
  let key = ''
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === KEY) key = readString(cursor, end)
    else skipValue(cursor, end, tag)
  }
  return key
}
