import { isArray, type Value } from '../judge/values.ts'
import { type Bucket, bindSpan } from './buckets.ts'
import type { Env } from './env.ts'
import type { Check } from './joined.ts'
import { type Key, keyOf } from './keys.ts'

type ReadValue = (env: Env) => Value

/** How the spans of a bucket are spread over the values they have. */
interface Spread {
  /** A span of each value; those without a comparable one count as having one. */
  readonly firsts: readonly number[]
  /** Spans whose value is an array. */
  readonly arrays: readonly number[]
  /** How many of the others have each value. */
  readonly counts: ReadonlyMap<Key | undefined, number>
  readonly scalars: number
}

/**
 * Some spans of a bucket: if any span has another value than a given one, so has one of these. Two different values cannot both equal it,
 * but an array may equal both.
 */
export function differingCandidates(slot: number, own: ReadValue, other: ReadValue): NonNullable<Check['candidates']> {
  return (env, bucket, number) => {
    const { firsts, arrays } = spreadOf(env, bucket, number, slot, own)
    const scalars = isArray(other(env)) ? firsts : firsts.slice(0, 2)
    return arrays.length === 0 ? scalars : [...scalars, ...arrays]
  }
}

/** How many spans of a bucket have another value than the given one; undefined where arrays have to be asked. */
export function differingCount(slot: number, own: ReadValue, other: ReadValue): NonNullable<Check['count']> {
  return (env, bucket, number) => {
    const value = other(env)
    const { arrays, counts, scalars } = spreadOf(env, bucket, number, slot, own)
    if (arrays.length > 0 || isArray(value)) return undefined
    const key = keyOf(value)
    return key === undefined ? scalars : scalars - (counts.get(key) ?? 0)
  }
}

function spreadOf(env: Env, bucket: Bucket, number: number, slot: number, own: ReadValue): Spread {
  const known = bucket.memory[number] as Spread | undefined
  if (known !== undefined) return known
  const firsts: number[] = []
  const arrays: number[] = []
  const counts = new Map<Key | undefined, number>()
  for (const position of bucket.positions) {
    bindSpan(env, slot, bucket, position)
    const value = own(env)
    if (isArray(value)) {
      arrays.push(position)
      continue
    }
    const key = keyOf(value)
    const count = counts.get(key) ?? 0
    if (count === 0) firsts.push(position)
    counts.set(key, count + 1)
  }
  const spread = { firsts, arrays, counts, scalars: bucket.positions.length - arrays.length }
  bucket.memory[number] = spread
  return spread
}
