import { KEY_VALUE, RESOURCE, RESOURCE_SPANS } from '../otlp/fields.ts'
import type { ResourceLayout } from '../otlp/layout.ts'
import { BYTES, type Cursor, readEnd, readTag, skipValue } from '../otlp/wire.ts'
import { readKeyValue } from './any-value.ts'
import type { AttributeSource, AttributeValue } from './span.ts'

const KEY = (KEY_VALUE.key << 3) | BYTES
const VALUE = (KEY_VALUE.value << 3) | BYTES
const RESOURCE_TAG = (RESOURCE_SPANS.resource << 3) | BYTES
const RESOURCE_ATTRIBUTES = (RESOURCE.attributes << 3) | BYTES

/**
 * The attributes of the message from `start` to `end`, which stand under the tag `attributesTag` there: scanned on each
 * call, nothing kept. Of one key twice the first counts, as in the Collector.
 */
export function lazyAttributes(bytes: Buffer, start: number, end: number, attributesTag: number): AttributeSource {
  return {
    get: (key) => findAttribute({ bytes, pos: start }, end, attributesTag, key),
    entries: () => readAttributes({ bytes, pos: start }, end, attributesTag),
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

function findAttribute(cursor: Cursor, end: number, attributesTag: number, key: string): AttributeValue | undefined {
  const wireKey = onWire(key)
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag !== attributesTag) {
      skipValue(cursor, end, tag)
      continue
    }
    const stop = readEnd(cursor, end)
    const start = cursor.pos
    if (wireKey === undefined || mayHaveKey(cursor, stop, wireKey)) {
      cursor.pos = start
      const [found, value] = readKeyValue(cursor, stop)
      if (found === key) return value
    }
    cursor.pos = stop
  }
  return undefined
}

/** False only if the KeyValue is a key, then a value, as every writer writes it, and the key is another one. */
function mayHaveKey(cursor: Cursor, end: number, key: string): boolean {
  const { bytes } = cursor
  if (bytes[cursor.pos] !== KEY) return true
  cursor.pos++
  const keyEnd = readEnd(cursor, end)
  const start = cursor.pos
  if (keyEnd - start === key.length && sameText(bytes, start, key)) return true
  cursor.pos = keyEnd + 1
  return keyEnd < end && (bytes[keyEnd] !== VALUE || readEnd(cursor, end) !== end)
}

function sameText(bytes: Buffer, start: number, key: string): boolean {
  for (let i = key.length - 1; i >= 0; i--) if (bytes[start + i] !== key.charCodeAt(i)) return false
  return true
}

/** The key with one character for each byte that it has in UTF-8; undefined where several bytes may read as this key. */
function onWire(key: string): string | undefined {
  for (let i = 0; i < key.length; i++) {
    if (key.charCodeAt(i) > 0x7f) return key.includes('\ufffd') ? undefined : Buffer.from(key).toString('latin1')
  }
  return key
}
