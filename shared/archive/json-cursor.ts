import { corruptText } from './errors.ts'

/** A place in JSON text as `any-json.ts` writes it: compact, UTF-8. */
export interface JsonCursor {
  readonly bytes: Buffer
  pos: number
}

export const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
export const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
export const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Visits each member of the object at the cursor; the visitor must read or skip the value it stands at. */
export function eachMember(cursor: JsonCursor, visit: (key: string) => void): void {
  expect(cursor, OPEN_BRACE)
  if (accept(cursor, CLOSE_BRACE)) return
  do {
    const key = readJsonText(cursor)
    expect(cursor, COLON)
    visit(key)
  } while (accept(cursor, COMMA))
  expect(cursor, CLOSE_BRACE)
}

/** Visits each item of the array at the cursor; the visitor must read or skip it. */
export function eachItem(cursor: JsonCursor, visit: () => void): void {
  expect(cursor, OPEN_BRACKET)
  if (accept(cursor, CLOSE_BRACKET)) return
  do visit()
  while (accept(cursor, COMMA))
  expect(cursor, CLOSE_BRACKET)
}

/**
 * Moves the cursor from an object to the value of the first member whose key, quoted as JSON, is `quotedKey`; false
 * where it has none.
 */
export function seekMember(cursor: JsonCursor, quotedKey: Buffer): boolean {
  expect(cursor, OPEN_BRACE)
  if (accept(cursor, CLOSE_BRACE)) return false
  do {
    const start = cursor.pos
    skipText(cursor)
    const found = cursor.pos - start === quotedKey.length && startsWith(cursor.bytes, start, quotedKey)
    expect(cursor, COLON)
    if (found) return true
    skipJsonValue(cursor)
  } while (accept(cursor, COMMA))
  return false
}

function startsWith(bytes: Buffer, start: number, text: Buffer): boolean {
  for (let i = text.length - 1; i >= 0; i--) if (bytes[start + i] !== text[i]) return false
  return true
}

/** Reads the string at the cursor. */
export function readJsonText(cursor: JsonCursor): string {
  const start = cursor.pos
  const escaped = skipText(cursor)
  if (!escaped) return cursor.bytes.toString('utf8', start + 1, cursor.pos - 1)
  return JSON.parse(cursor.bytes.toString('utf8', start, cursor.pos))
}

/** Reads the number, `true`, `false` or `null` at the cursor, as written. */
export function readWord(cursor: JsonCursor): string {
  const start = cursor.pos
  skipWord(cursor)
  return cursor.bytes.toString('latin1', start, cursor.pos)
}

export function skipJsonValue(cursor: JsonCursor): void {
  const first = cursor.bytes[cursor.pos]
  if (first === QUOTE) skipText(cursor)
  else if (first === OPEN_BRACE || first === OPEN_BRACKET) skipNested(cursor)
  else skipWord(cursor)
}

function skipNested(cursor: JsonCursor): void {
  const { bytes } = cursor
  let depth = 0
  while (cursor.pos < bytes.length) {
    const byte = bytes[cursor.pos]
    if (byte === QUOTE) {
      skipText(cursor)
      continue
    }
    cursor.pos++
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return
  }
  throw corruptText(cursor.pos)
}

/** Returns whether the string has an escape. */
function skipText(cursor: JsonCursor): boolean {
  const { bytes } = cursor
  let escaped = false
  let at = cursor.pos
  if (bytes[at] !== QUOTE) throw corruptText(at)
  for (at++; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      cursor.pos = at + 1
      return escaped
    }
    if (byte !== BACKSLASH) continue
    escaped = true
    at++
  }
  throw corruptText(cursor.pos)
}

function skipWord(cursor: JsonCursor): void {
  const { bytes } = cursor
  const start = cursor.pos
  let at = start
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET) break
    at++
  }
  if (at === start) throw corruptText(at)
  cursor.pos = at
}

function accept(cursor: JsonCursor, byte: number): boolean {
  if (cursor.bytes[cursor.pos] !== byte) return false
  cursor.pos++
  return true
}

function expect(cursor: JsonCursor, byte: number): void {
  if (!accept(cursor, byte)) throw corruptText(cursor.pos)
}
