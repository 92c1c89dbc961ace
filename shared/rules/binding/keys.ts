import { elementsOf, isArray, isMissing, type Value } from '../judge/values.ts'

/** What equal scalars share, and no others, whatever their types. */
export type Key = string | number | bigint | boolean

/** Undefined where the value equals nothing: NaN, bytes, key-value lists, what is missing. */
export function keyOf(value: Value): Key | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (Number.isNaN(value)) return undefined
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value + 0
    case 'bigint':
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(value)
        : value
    default:
      return undefined
  }
}

/** One key, or several. */
export type Keys = Key | readonly Key[]

const none: readonly Key[] = []

/** The key of a value, of an array those of its elements: two values are equal where they share one. */
export function keysOf(value: Value): Keys {
  if (!isArray(value)) return keyOf(value) ?? none
  return [...new Set(elementsOf(value).map(keyOf))].filter((key) => key !== undefined)
}

/**
 * The kinds of value that one may be `!=` to: values of different types never are, and bytes and key-value lists to
 * nothing; but an empty array is to everything, and everything to it.
 */
export function kindsOf(value: Value): Keys {
  if (isMissing(value)) return none
  if (!isArray(value)) return kindOf(value)
  const elements = elementsOf(value)
  return elements.length === 0 ? [...kinds, 'empty'] : [...new Set(elements.map(kindOf))]
}

/** The kind that a value is to be looked for under. */
export function kindsAsked(value: Value): Keys {
  if (isMissing(value)) return none
  const first = isArray(value) ? elementsOf(value)[0] : value
  if (first === undefined) return kinds
  return kindOf(first) === 'other' ? 'empty' : kindOf(first)
}

const kinds = ['number', 'string', 'boolean', 'other']

function kindOf(value: Value): string {
  const type = typeof value
  return type === 'bigint' ? 'number' : type === 'object' || type === 'undefined' ? 'other' : type
}
