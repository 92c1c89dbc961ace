/** Values of the reference interpreter: numbers are compared as exact fractions, strings code point by code point. */
import type { Aggregate, Arithmetic } from '../../shared/rules/ast.ts'
import type { AttributeValue } from '../../shared/trace/span.ts'

type Value = AttributeValue | undefined

export function missing(value: Value): value is null | undefined {
  return value === undefined || value === null
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** Of types that can be compared at all. */
export function alike(left: Value, right: Value): boolean {
  if (isNumber(left)) return isNumber(right)
  return (typeof left === 'string' || typeof left === 'boolean') && typeof left === typeof right
}

export function same(left: Value, right: Value): boolean {
  if (isNumber(left) && isNumber(right)) return order(left, right) === 0
  return alike(left, right) && left === right
}

export function isBefore(left: Value, right: Value): boolean {
  if (isNumber(left) && isNumber(right)) return order(left, right) === -1
  return typeof left === 'string' && typeof right === 'string' && codePointsBefore([...left], [...right])
}

function codePointsBefore(left: readonly string[], right: readonly string[]): boolean {
  const [l, ...restOfLeft] = left
  const [r, ...restOfRight] = right
  if (l === undefined || r === undefined) return l === undefined && r !== undefined
  if (l === r) return codePointsBefore(restOfLeft, restOfRight)
  return (l.codePointAt(0) as number) < (r.codePointAt(0) as number)
}

/** -1, 0 or 1; undefined where one is not a number. */
function order(left: number | bigint, right: number | bigint): number | undefined {
  if (Number.isNaN(left) || Number.isNaN(right)) return undefined
  if (left === right) return 0
  if (left === Number.POSITIVE_INFINITY || right === Number.NEGATIVE_INFINITY) return 1
  if (left === Number.NEGATIVE_INFINITY || right === Number.POSITIVE_INFINITY) return -1
  const difference = scaled(left) - scaled(right)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

/** The number times 2^1074, which makes an integer of every double. */
function scaled(value: number | bigint): bigint {
  let mantissa = value
  let exponent = 0
  while (typeof mantissa === 'number' && !Number.isInteger(mantissa)) {
    mantissa *= 2
    exponent++
  }
  return BigInt(mantissa) << BigInt(1074 - exponent)
}

function isInteger(value: number | bigint): boolean {
  return typeof value === 'bigint' || (Number.isInteger(value) && Math.abs(value) < 2 ** 53)
}

export function calculated(operator: Arithmetic['operator'], left: Value, right: Value): Value {
  if (!isNumber(left) || !isNumber(right)) return undefined
  if ((operator === '/' || operator === '%') && Number(right) === 0) return undefined
  if (isInteger(left) && isInteger(right)) {
    const [l, r] = [BigInt(left), BigInt(right)]
    if (operator === '+') return tidy(l + r)
    if (operator === '-') return tidy(l - r)
    if (operator === '*') return tidy(l * r)
    if (operator === '%') return tidy(l % r)
    if (l % r === 0n) return tidy(l / r)
  }
  const [l, r] = [Number(left), Number(right)]
  return { '+': l + r, '-': l - r, '*': l * r, '/': l / r, '%': l % r }[operator]
}

export function negated(value: Value): Value {
  if (typeof value === 'number') return -value
  return typeof value === 'bigint' ? tidy(-value) : undefined
}

/** A number where that is exact; exact up to 128 bits; then a double. */
export function tidy(value: bigint): number | bigint {
  const size = value < 0n ? -value : value
  return size < 2n ** 53n || size > 2n ** 128n ? Number(value) : value
}

export function numeric(value: Value): Value {
  if (isNumber(value)) return value
  if (typeof value !== 'string' || value.length > 300) return undefined
  if (/^[-+]?[0-9]+$/.test(value)) {
    const digits = BigInt(value.replace(/^[-+]/, ''))
    return tidy(value.startsWith('-') ? -digits : digits)
  }
  if (!/^[-+]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/.test(value)) return undefined
  return Number.isFinite(Number.parseFloat(value)) ? Number.parseFloat(value) : undefined
}

export function aggregated(of: Aggregate['function'], values: readonly Value[]): Value {
  const given = values.filter((value) => !missing(value))
  if (of === 'distinct')
    return given.filter((value, i) => !given.slice(0, i).some((other) => identical(value, other))).length
  const numbers = given.filter(isNumber).filter((value) => !Number.isNaN(value))
  if (of === 'sum') return total(numbers)
  if (numbers.length === 0) return undefined
  if (of === 'avg') return calculated('/', total(numbers), numbers.length)
  return numbers.find((one) => numbers.every((other) => order(one, other) !== (of === 'min' ? 1 : -1)))
}

function total(numbers: readonly (number | bigint)[]): number | bigint {
  const integers = tidy(numbers.filter(isInteger).reduce<bigint>((sum, each) => sum + BigInt(each), 0n))
  const doubles = numbers.filter((each) => !isInteger(each)).map(Number)
  if (doubles.length === 0) return integers
  return doubles.toSorted((a, b) => a - b).reduce((sum, each) => sum + each, Number(integers))
}

/** The same value of the same type, arrays and maps by what they hold; NaN too. */
export function identical(left: Value, right: Value): boolean {
  if (isNumber(left) && isNumber(right)) return order(left, right) === 0 || (Number.isNaN(left) && Number.isNaN(right))
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((each, i) => identical(each, right[i]))
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right) === 0
  if (left instanceof Map && right instanceof Map) return identical([...left].flat(), [...right].flat())
  return left === right
}
