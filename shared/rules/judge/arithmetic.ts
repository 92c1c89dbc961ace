import type { Arithmetic } from '../ast.ts'
import { isNumeric, type Value } from './values.ts'

/** Beyond this an exact result goes on as a double, so that a long product cannot grow without bound. */
const exactLimit = 2n ** 128n

/**
 * `left operator right` of two numbers, missing for anything else and for division by zero. Of two integers the result
 * is exact (a quotient that is not an integer is a double); otherwise both are taken as doubles.
 */
export function calculate(operator: Arithmetic['operator'], left: Value, right: Value): Value {
  if (!isNumeric(left) || !isNumeric(right)) return undefined
  if (typeof left === 'number' && typeof right === 'number') {
    const result = ofDoubles(operator, left, right)
    if (result === undefined || isExact(operator, left, right, result)) return result
  }
  if (isInteger(left) && isInteger(right)) return ofIntegers(operator, BigInt(left), BigInt(right))
  return ofDoubles(operator, Number(left), Number(right))
}

/** True where the double result stands: of safe integers it is exact if it is safe too, or a quotient or remainder. */
function isExact(operator: Arithmetic['operator'], left: number, right: number, result: number): boolean {
  if (operator === '/' || operator === '%' || Number.isSafeInteger(result)) return true
  return !(Number.isSafeInteger(left) && Number.isSafeInteger(right))
}

/** An int64 is a bigint or a safe number, so a number beyond that is a double. */
function isInteger(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

function ofDoubles(operator: Arithmetic['operator'], left: number, right: number): number | undefined {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return right === 0 ? undefined : left / right
    case '%':
      return right === 0 ? undefined : left % right
  }
}

function ofIntegers(operator: Arithmetic['operator'], left: bigint, right: bigint): Value {
  switch (operator) {
    case '+':
      return normalise(left + right)
    case '-':
      return normalise(left - right)
    case '*':
      return normalise(left * right)
    case '/':
      if (right === 0n) return undefined
      return left % right === 0n ? normalise(left / right) : Number(left) / Number(right)
    case '%':
      return right === 0n ? undefined : normalise(left % right)
  }
}

/** The number with its sign turned, missing for anything else. */
export function negate(value: Value): Value {
  if (typeof value === 'number') return -value
  return typeof value === 'bigint' ? normalise(-value) : undefined
}

/** An integer as values have it: a number where that is exact, else a bigint, past the limit a double. */
export function normalise(value: bigint): number | bigint {
  if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value)
  return value > exactLimit || value < -exactLimit ? Number(value) : value
}

const integer = /^[+-]?\d+$/
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/

/** More characters than this are no number a span carries; fewer stay within a double and cost no time to read. */
const MAX_NUMERIC_LENGTH = 300

/** `num(x)`: a number as it is, a string of decimal digits as its number (integers exactly), anything else missing. */
export function toNumber(value: Value): Value {
  if (isNumeric(value)) return value
  if (typeof value !== 'string' || value.length > MAX_NUMERIC_LENGTH) return undefined
  if (integer.test(value)) return normalise(BigInt(value.startsWith('+') ? value.slice(1) : value))
  if (!decimal.test(value)) return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
