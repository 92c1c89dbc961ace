import type { AttributeSource, AttributeValue, SpanEvent } from '../trace/span.ts'
import type { BytesColumn } from './decode-column.ts'
import { corruptText } from './errors.ts'
import {
  eachItem,
  eachMember,
  type JsonCursor,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  readJsonText,
  readWord,
  seekMember,
  skipJsonValue,
} from './json-cursor.ts'

type Entry = readonly [string, AttributeValue]

const NO_ATTRIBUTES: AttributeSource = { get: () => undefined, entries: () => [] }

/** The attributes in a JSON object of the archive, scanned on each call; of one key twice the first counts. */
export function jsonAttributes(bytes: Buffer, start = 0): AttributeSource {
  return {
    get(key) {
      const cursor: JsonCursor = { bytes, pos: start }
      return seekMember(cursor, quoted(key)) ? readAnyValue(cursor) : undefined
    },
    entries: () => readEntries({ bytes, pos: start }),
  }
}

/**
 * The attributes of one row of a column. A class for the same reason as the spans that hold them: there are millions,
 * and each is asked for a key or two.
 */
export class RowAttributes implements AttributeSource {
  private readonly column: BytesColumn
  private readonly row: number

  constructor(column: BytesColumn, row: number) {
    this.column = column
    this.row = row
  }

  get(key: string): AttributeValue | undefined {
    const cursor = { bytes: NOTHING, pos: 0 }
    if (!this.column.seek(this.row, cursor) || !seekMember(cursor, quoted(key))) return undefined
    return readAnyValue(cursor)
  }

  entries(): readonly Entry[] {
    const cursor = { bytes: NOTHING, pos: 0 }
    return this.column.seek(this.row, cursor) ? readEntries(cursor) : []
  }
}

const NOTHING = Buffer.alloc(0)

/** The attributes of a resource column, decoded once, on first use: every span of the resource asks for the same few. */
export function archivedResourceAttributes(bytes: Buffer | undefined): AttributeSource {
  if (bytes === undefined) return NO_ATTRIBUTES
  let entries: readonly Entry[] | undefined
  let byKey: ReadonlyMap<string, AttributeValue> | undefined
  const decoded = () => {
    const cursor: JsonCursor = { bytes, pos: 0 }
    entries ??= seekMember(cursor, quoted('attributes')) ? readEntries(cursor) : []
    return entries
  }
  return {
    get(key) {
      byKey ??= firstOfEach(decoded())
      return byKey.get(key)
    },
    entries: decoded,
  }
}

/** The span events in an events column. */
export function jsonEvents(bytes: Buffer | undefined): readonly SpanEvent[] {
  if (bytes === undefined) return []
  const events: SpanEvent[] = []
  const cursor: JsonCursor = { bytes, pos: 0 }
  eachItem(cursor, () => events.push(readEvent(cursor)))
  return events
}

function readEvent(cursor: JsonCursor): SpanEvent {
  let name = ''
  let timeUnixNano = 0n
  let attributes = NO_ATTRIBUTES
  eachMember(cursor, (key) => {
    if (key === 'name') name = readJsonText(cursor)
    else if (key === 'time_unix_nano') timeUnixNano = BigInt(readWord(cursor))
    else {
      if (key === 'attributes') attributes = jsonAttributes(cursor.bytes, cursor.pos)
      skipJsonValue(cursor)
    }
  })
  return { name, timeUnixNano, attributes }
}

const quotedKeys = new Map<string, Buffer>()
const MAX_QUOTED_KEYS = 10_000

/** Rules ask for the same few keys again and again. */
function quoted(key: string): Buffer {
  let bytes = quotedKeys.get(key)
  if (bytes === undefined) {
    bytes = Buffer.from(JSON.stringify(key))
    if (quotedKeys.size < MAX_QUOTED_KEYS) quotedKeys.set(key, bytes)
  }
  return bytes
}

function readEntries(cursor: JsonCursor): readonly Entry[] {
  const entries: Entry[] = []
  eachMember(cursor, (key) => entries.push([key, readAnyValue(cursor)]))
  return entries
}

function readAnyValue(cursor: JsonCursor): AttributeValue {
  switch (cursor.bytes[cursor.pos]) {
    case QUOTE:
      return readJsonText(cursor)
    case OPEN_BRACKET:
      return readArray(cursor)
    case OPEN_BRACE:
      return readObject(cursor)
    default:
      return readScalar(cursor)
  }
}

function readArray(cursor: JsonCursor): readonly AttributeValue[] {
  const values: AttributeValue[] = []
  eachItem(cursor, () => values.push(readAnyValue(cursor)))
  return values
}

const MAX_SAFE_INT = 15

function readScalar(cursor: JsonCursor): AttributeValue {
  const at = cursor.pos
  const word = readWord(cursor)
  if (word === 'true') return true
  if (word === 'false') return false
  if (word === 'null') return null
  const value = Number(word)
  if (Number.isNaN(value)) throw corruptText(at)
  if (word.length <= MAX_SAFE_INT || !isInteger(word) || Number.isSafeInteger(value)) return value
  return BigInt(word)
}

/** A double always has a point or an exponent. */
export function isInteger(word: string): boolean {
  return !/[.e]/.test(word)
}

/** A key-value list, or one of the forms for what JSON lacks. */
function readObject(cursor: JsonCursor): AttributeValue {
  const entries: Entry[] = []
  let special: AttributeValue | undefined
  eachMember(cursor, (key) => {
    if (key.startsWith('$')) special = readSpecial(cursor, key)
    else entries.push([key, readAnyValue(cursor)])
  })
  return special === undefined ? firstOfEach(entries) : special
}

function readSpecial(cursor: JsonCursor, form: string): AttributeValue {
  if (form === '$kvlist') return firstOfEach(readEntries(cursor))
  if (form === '$bytes') return Uint8Array.from(Buffer.from(readJsonText(cursor), 'base64'))
  if (form === '$double') return Number(readJsonText(cursor))
  skipJsonValue(cursor)
  return null
}

function firstOfEach(entries: readonly Entry[]): ReadonlyMap<string, AttributeValue> {
  const map = new Map<string, AttributeValue>()
  for (const [key, value] of entries) if (!map.has(key)) map.set(key, value)
  return map
}
