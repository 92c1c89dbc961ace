import type { Aggregate } from '../ast.ts'
import { calculate, normalise } from './arithmetic.ts'
import { isArray, isMissing, isNumeric, type Value } from './values.ts'

/**
 * What a function comes to over the values of some spans, whatever their order. `sum`, `min`, `max` and `avg` take the
 * numbers among them, NaN left out; `distinct` counts different values, missing ones left out. The sum of nothing is 0, `min`,
 * `max` and `avg` of nothing are missing. Sums of integers are exact.
 */
export function aggregate(of: Aggregate['function'], values: readonly Value[]): Value {
  if (of === 'distinct') return new Set(values.filter((value) => !isMissing(value)).map(identity)).size
  const numbers = values.filter((value) => isNumeric(value)).filter((value) => !Number.isNaN(value))
  switch (of) {
    case 'sum':
      return sum(numbers)
    case 'avg':
      return calculate('/', sum(numbers), numbers.length)
    default:
      return numbers.length === 0 ? undefined : numbers.reduce(of === 'min' ? lesser : greater)
  }
}

type Numeric = number | bigint

function lesser(left: Numeric, right: Numeric): Numeric {
  return right < left ? right : left
}

function greater(left: Numeric, right: Numeric): Numeric {
  return right > left ? right : left
}

/** Doubles are added in the order of their size, so that rounding does not depend on the order of the spans. */
function sum(numbers: readonly Numeric[]): Numeric {
  let small = 0
  let large = 0n
  const doubles: number[] = []
  for (const number of numbers) {
    if (typeof number === 'bigint') large += number
    else if (!Number.isSafeInteger(number)) doubles.push(number)
    else if (Number.isSafeInteger(small + number)) small += number
    else large += BigInt(number)
  }
  const integers = large === 0n ? small : normalise(large + BigInt(small))
  if (doubles.length === 0) return integers
  return doubles.sort((a, b) => a - b).reduce((total, double) => total + double, Number(integers))
}

/** A text that two values share only if they are the same value of the same type; integers are compared by their digits. */
export function identity(value: Value): string {
  if (typeof value === 'number') return Number.isInteger(value) ? `n${BigInt(value)}` : `n${value}`
  if (typeof value === 'bigint') return `n${value}`
  if (typeof value === 'string') return JSON.stringify(value)
  if (isArray(value)) return `[${value.map(identity).join()}]`
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`
  if (value instanceof Map)
    return `{${[...value].map(([key, inner]) => `${JSON.stringify(key)}:${identity(inner)}`).join()}}`
  return String(value)
}
