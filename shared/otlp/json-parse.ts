import { malformedJson, nestedTooDeep } from './errors.ts'

/** Parsed JSON; an integer written out beyond ±(2^53-1) is a bigint. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json }

/** Deep enough for attributes nested to the limit of the protobuf form (4 levels of JSON each). */
const MAX_JSON_NESTING = 300

/** A bare integer that a double may not hold; inside a string it only costs the slower path. */
const LONG_INTEGER = /[:[,]\s*-?\d{16}/
const INTEGER = /^-?\d+$/

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Parses UTF-8 JSON without losing digits of integers; throws InputError (`malformed-json`, `nested-too-deep`). */
export function parseJson(bytes: Uint8Array): Json {
  boundNesting(bytes)
  const text = decodeUtf8(bytes)
  try {
    return LONG_INTEGER.test(text) ? JSON.parse(text, keepInteger as Reviver) : JSON.parse(text)
  } catch (error) {
    throw malformedJson(withoutContent(error))
  }
}

/** TypeScript does not know the third parameter yet (V8 11.4, Node 21). */
type Reviver = (key: string, value: unknown) => unknown

function keepInteger(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context.source
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformedJson('the body is not UTF-8')
  }
}

/** Only the place: the parser's message quotes the body, and what spans hold belongs in no log. */
function withoutContent(error: unknown): string {
  const place = /at position \d+(?: \(line \d+ column \d+\))?/.exec(String(error))
  return place === null ? 'unexpected end or token' : `unexpected token ${place[0]}`
}

/** A body of opening brackets alone would cost fifty times its size when parsed. */
function boundNesting(bytes: Uint8Array): void {
  let depth = 0
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at)
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > MAX_JSON_NESTING) throw nestedTooDeep(MAX_JSON_NESTING)
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--
    }
  }
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = bytes.indexOf(QUOTE, start + 1)
  while (at !== -1 && escaped(bytes, at)) at = bytes.indexOf(QUOTE, at + 1)
  return at === -1 ? bytes.length : at
}

function escaped(bytes: Uint8Array, at: number): boolean {
  let before = at - 1
  while (bytes[before] === BACKSLASH) before--
  return (at - 1 - before) % 2 === 1
}
