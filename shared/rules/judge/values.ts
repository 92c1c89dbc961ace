import type { AttributeValue } from '../../trace/span.ts'

/**
 * What an operand comes to: an attribute's value, a count, a duration in nanoseconds. Undefined (no such attribute) and
 * null (an attribute with an empty value) are missing; no comparison with a missing value is true.
 */
export type Value = AttributeValue | undefined

/** Arrays nested deeper than this hold nothing that compares. */
const MAX_ARRAY_DEPTH = 32

export function isMissing(value: Value): value is null | undefined {
  return value === undefined || value === null
}

export function isArray(value: Value): value is readonly AttributeValue[] {
  return Array.isArray(value)
}

/** The elements of an array, those of arrays inside it among them. */
export function elementsOf(array: readonly AttributeValue[]): readonly AttributeValue[] {
  return (array as readonly unknown[]).flat(MAX_ARRAY_DEPTH) as AttributeValue[]
}

/**
 * Whether two scalars are equal, undefined where they are of unlike types and cannot be compared (bytes and key-value
 * lists compare with nothing). Numbers are compared exactly, int64 beyond 2^53 against doubles too; NaN equals nothing.
 */
export function equal(left: Value, right: Value): boolean | undefined {
  if (isNumeric(left) && isNumeric(right)) return left <= right && left >= right
  if (typeof left === 'string' && typeof right === 'string') return left === right
  if (typeof left === 'boolean' && typeof right === 'boolean') return left === right
  return undefined
}

/** Negative, 0, positive, or NaN for values without an order: unlike types, booleans, NaN. */
export function order(left: Value, right: Value): number {
  if (isNumeric(left) && isNumeric(right)) return left < right ? -1 : left > right ? 1 : left >= right ? 0 : Number.NaN
  if (typeof left === 'string' && typeof right === 'string') return compareByCodePoint(left, right)
  return Number.NaN
}

/** Orders strings by code point; `<` orders by UTF-16 unit, which puts U+FF5E after U+1F30D. */
function compareByCodePoint(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  let at = 0
  while (at < length && left.charCodeAt(at) === right.charCodeAt(at)) at++
  if (at === length) return left.length - right.length
  if (at > 0 && isHighSurrogate(left.charCodeAt(at - 1))) at--
  return (left.codePointAt(at) as number) - (right.codePointAt(at) as number)
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

export function isNumeric(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}
