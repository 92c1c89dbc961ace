import { isDigit } from './json-strings.ts'

/** An integer of 64 bits and its sign: `high` * 2^32 + `low`. */
export interface Magnitude {
  isNegative: boolean
  high: number
  low: number
}

const MINUS = 0x2d
const ZERO = 0x30
/** The number of digits of 2^64. */
const MAX_DIGITS = 20
/** A double holds any integer of 15 digits exactly. */
const EXACT_DIGITS = 15
const LOW_DIGITS = 9
const WORD = 2 ** 32

/** Reads a decimal integer (`-?\d+`) without losing a digit; false for other text, and from 2^64 on. */
export function readDecimal(bytes: Buffer, start: number, end: number, into: Magnitude): boolean {
  into.isNegative = bytes[start] === MINUS
  const first = into.isNegative ? start + 1 : start
  if (end === first || end - first > MAX_DIGITS) return false
  const middle = Math.max(first, end - LOW_DIGITS)
  const upper = digits(bytes, first, middle)
  const lower = digits(bytes, middle, end)
  if (upper < 0 || lower < 0) return false
  if (end - first <= EXACT_DIGITS) setDouble(into, upper * 1e9 + lower)
  else {
    const high = Math.floor(upper / 0x10000) * 1e9
    const sum = (high % 0x10000) * 0x10000 + (upper % 0x10000) * 1e9 + lower
    into.high = Math.floor(high / 0x10000) + Math.floor(sum / WORD)
    into.low = sum >>> 0
  }
  return into.high < WORD
}

/** The number that up to 11 digits spell, -1 where there is something else among them. */
function digits(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (!isDigit(byte)) return -1
    value = value * 10 + byte - ZERO
  }
  return value
}

/** Takes a double for the integer it is; false for one with a fraction, and from 2^64 on. */
export function takeDouble(value: number, into: Magnitude): boolean {
  const magnitude = Math.abs(value)
  if (!Number.isInteger(magnitude) || magnitude >= WORD * WORD) return false
  into.isNegative = value < 0
  setDouble(into, magnitude)
  return true
}

function setDouble(into: Magnitude, value: number): void {
  into.high = Math.floor(value / WORD)
  into.low = value >>> 0
}

/** Whether a text is a decimal number, with or without fraction and exponent: one pass, whatever it is. */
export function isDecimal(bytes: Buffer, start: number, end: number): boolean {
  let at = bytes[start] === MINUS ? start + 1 : start
  const whole = at
  at = skipDigits(bytes, at, end)
  let count = at - whole
  if (at < end && bytes[at] === 0x2e) {
    const fraction = at + 1
    at = skipDigits(bytes, fraction, end)
    count += at - fraction
  }
  if (count === 0) return false
  if (at === end) return true
  if (((bytes[at] as number) | 0x20) !== 0x65) return false
  at++
  if (bytes[at] === 0x2b || bytes[at] === MINUS) at++
  return at < end && skipDigits(bytes, at, end) === end
}

function skipDigits(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && isDigit(bytes[at] as number)) at++
  return at
}
