import { corruptText } from './errors.ts'

/*
 * Walks over JSON texts as `any-json.ts` writes them, compact, without decoding their values: for each span that is
 * archived, where a cursor over bytes (`json-cursor.ts`) would need a copy of the text first and takes three times as long.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Visits each member of the object that begins at `start`: its key, and where its value lies. */
export function eachMemberOfText(
  json: string,
  start: number,
  visit: (key: string, from: number, to: number) => void,
): void {
  let at = start + 1
  while (json.charCodeAt(at) === QUOTE) {
    const keyEnd = endOfText(json, at)
    const key = textBetween(json, at, keyEnd)
    const end = endOfValue(json, keyEnd + 1)
    visit(key, keyEnd + 1, end)
    at = json.charCodeAt(end) === COMMA ? end + 1 : end
  }
  if (json.charCodeAt(at) !== CLOSE_BRACE) throw corruptText(at)
}

/** Visits each item of an array: where it lies. */
export function eachItemOfText(json: string, visit: (from: number, to: number) => void): void {
  let at = 1
  while (at < json.length - 1) {
    const end = endOfValue(json, at)
    visit(at, end)
    at = end + 1
  }
}

/** The string that lies there, quotes included. */
export function textBetween(json: string, from: number, to: number): string {
  const inner = json.slice(from + 1, to - 1)
  return inner.includes('\\') ? JSON.parse(json.slice(from, to)) : inner
}

function endOfValue(json: string, start: number): number {
  const first = json.charCodeAt(start)
  if (first === QUOTE) return endOfText(json, start)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return endOfNested(json, start)
  return endOfWord(json, start)
}

function endOfText(json: string, start: number): number {
  let quote = json.indexOf('"', start + 1)
  while (quote > 0 && isEscaped(json, quote)) quote = json.indexOf('"', quote + 1)
  if (quote < 0) throw corruptText(start)
  return quote + 1
}

function isEscaped(json: string, at: number): boolean {
  let first = at
  while (json.charCodeAt(first - 1) === BACKSLASH) first--
  return (at - first) % 2 === 1
}

function endOfNested(json: string, start: number): number {
  let depth = 0
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) at = endOfText(json, at) - 1
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at + 1
  }
  throw corruptText(start)
}

function endOfWord(json: string, start: number): number {
  let at = start
  for (; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET) break
  }
  if (at === start) throw corruptText(start)
  return at
}
