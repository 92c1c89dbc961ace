import { isArray, type Value } from '../values.ts'
import { type Bucket, stand } from './buckets.ts'
import type { Env } from './env.ts'
import type { Check } from './joined.ts'
import { type Key, keyOf } from './keys.ts'

type ReadValue = (env: Env) => Value

/** How the spans of a bucket are spread over the values they have. */
interface Spread {
  /** Two spans that have different values, or one where all have the same; those without a comparable one among them. */
  readonly two: readonly number[]
  /** Spans whose value is an array. */
  readonly arrays: readonly number[]
  /** How many of the others have each value. */
  readonly counts: ReadonlyMap<Key | undefined, number>
  readonly scalars: number
}

/** The spans of a bucket of which one has another value than a given one, if any does: of two values one differs. */
export function differingCandidates(slot: number, own: ReadValue): NonNullable<Check['candidates']> {
  return (env, bucket, number) => {
    const { two, arrays } = spreadOf(env, bucket, number, slot, own)
    return arrays.length === 0 ? two : [...two, ...arrays]
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
  const two: number[] = []
  const arrays: number[] = []
  const counts = new Map<Key | undefined, number>()
  for (const position of bucket.positions) {
    stand(env, slot, bucket, position)
    const value = own(env)
    if (isArray(value)) {
      arrays.push(position)
      continue
    }
    const key = keyOf(value)
    const count = counts.get(key) ?? 0
    if (count === 0 && two.length < 2) two.push(position)
    counts.set(key, count + 1)
  }
  const spread = { two, arrays, counts, scalars: bucket.positions.length - arrays.length }
  bucket.memory[number] = spread
  return spread
}
