import { ANY_VALUE, KEY_VALUE, LIST } from '../otlp/fields.ts'
import { type Cursor, readEnd, readInt64, readTag, skipValue } from '../otlp/wire.ts'
import { bytesTag, type Fidelity, fixed64Tag, readText, skipUnknown, varintTag } from './message.ts'

/*
 * The form of attributes in the archive's text columns: JSON that any SQL engine reads, and from which the sent values
 * come back exactly. An int is written without a point, a double always with one or an exponent. What JSON has no form
 * for is an object of one key: {"$bytes": base64}, {"$double": "NaN"}, {"$absent": true} for a key without any value,
 * and {"$kvlist": {…}} around a key-value list that has a key with a leading $.
 */

const STRING = bytesTag(ANY_VALUE.stringValue)
const BOOL = varintTag(ANY_VALUE.boolValue)
const INT = varintTag(ANY_VALUE.intValue)
const DOUBLE = fixed64Tag(ANY_VALUE.doubleValue)
const ARRAY = bytesTag(ANY_VALUE.arrayValue)
const KVLIST = bytesTag(ANY_VALUE.kvlistValue)
const BYTES_VALUE = bytesTag(ANY_VALUE.bytesValue)
const VALUES = bytesTag(LIST.values)
const KEY = bytesTag(KEY_VALUE.key)
const VALUE = bytesTag(KEY_VALUE.value)

/** Reads the KeyValue from `pos` to `end` as `"key":value`. */
export function keyValueJson(cursor: Cursor, end: number, fidelity: Fidelity): string {
  let key = ''
  let value = '{"$absent":true}'
  let values = 0
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === KEY) key = readText(cursor, end, fidelity)
    else if (tag === VALUE) {
      value = anyValueJson(cursor, readEnd(cursor, end), fidelity)
      if (++values > 1) fidelity.exact = false
    } else skipUnknown(cursor, end, tag, fidelity)
  }
  return `${JSON.stringify(key)}:${value}`
}

function anyValueJson(cursor: Cursor, end: number, fidelity: Fidelity): string {
  let value = 'null'
  let fields = 0
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    const read = READERS.get(tag)
    if (read === undefined) skipUnknown(cursor, end, tag, fidelity)
    else {
      value = read(cursor, end, fidelity)
      if (++fields > 1) fidelity.exact = false
    }
  }
  return value
}

type ReadJson = (cursor: Cursor, end: number, fidelity: Fidelity) => string

const READERS: ReadonlyMap<number, ReadJson> = new Map<number, ReadJson>([
  [STRING, (cursor, end, fidelity) => JSON.stringify(readText(cursor, end, fidelity))],
  [BOOL, (cursor, end) => (readInt64(cursor, end) === 0 ? 'false' : 'true')],
  [INT, (cursor, end) => String(readInt64(cursor, end))],
  [DOUBLE, doubleJson],
  [ARRAY, arrayJson],
  [KVLIST, kvlistJson],
  [BYTES_VALUE, bytesJson],
])

const NAN_BITS = 0x7ff8000000000000n

function doubleJson(cursor: Cursor, end: number, fidelity: Fidelity): string {
  const at = cursor.pos
  skipValue(cursor, end, DOUBLE)
  const value = cursor.bytes.readDoubleLE(at)
  if (Number.isNaN(value) && cursor.bytes.readBigUInt64LE(at) !== NAN_BITS) fidelity.exact = false
  if (!Number.isFinite(value)) return `{"$double":"${value}"}`
  if (Object.is(value, -0)) return '-0.0'
  const text = String(value)
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text
}

function bytesJson(cursor: Cursor, end: number): string {
  const stop = readEnd(cursor, end)
  const base64 = cursor.bytes.toString('base64', cursor.pos, stop)
  cursor.pos = stop
  return `{"$bytes":"${base64}"}`
}

function arrayJson(cursor: Cursor, end: number, fidelity: Fidelity): string {
  const stop = readEnd(cursor, end)
  const values: string[] = []
  while (cursor.pos < stop) {
    const tag = readTag(cursor, stop)
    if (tag === VALUES) values.push(anyValueJson(cursor, readEnd(cursor, stop), fidelity))
    else skipUnknown(cursor, stop, tag, fidelity)
  }
  return `[${values.join(',')}]`
}

function kvlistJson(cursor: Cursor, end: number, fidelity: Fidelity): string {
  const stop = readEnd(cursor, end)
  const entries: string[] = []
  while (cursor.pos < stop) {
    const tag = readTag(cursor, stop)
    if (tag === VALUES) entries.push(keyValueJson(cursor, readEnd(cursor, stop), fidelity))
    else skipUnknown(cursor, stop, tag, fidelity)
  }
  const text = `{${entries.join(',')}}`
  return entries.some((entry) => entry.startsWith('"$')) ? `{"$kvlist":${text}}` : text
}
