import type { Predicate, SpanView } from '../compile/plan.ts'
import type { Range } from '../judge/ranges.ts'
import { newView, spansOf } from '../judge/run.ts'
import {
  allBuckets,
  type Bucket,
  type Buckets,
  bindSpan,
  indexMembers,
  type Level,
  type Members,
  someBucket,
} from './buckets.ts'
import { type Env, type Holds, isExhausted } from './env.ts'

/** What must hold of a span of the variable together with those of others. */
export interface Check {
  readonly holds: Holds
  /** How many spans of a bucket pass it, where that can be said without asking each. */
  readonly count?: (env: Env, bucket: Bucket, number: number) => number | undefined
  /**
   * Positions of some spans of a bucket: if any span passes this check, one of these does. Undefined where all must be tried.
   * `number`: which memory of the bucket is free for it.
   */
  readonly candidates?: (env: Env, bucket: Bucket, number: number) => readonly number[]
  /** All spans of a bucket that may pass this check; undefined where that takes as long as asking each. */
  readonly range?: (env: Env, bucket: Bucket, number: number) => Range | undefined
}

/** The spans of a variable that go with those of the others. */
export interface Joined {
  readonly slot: number
  readonly predicate: Predicate
  /** What must hold of the span alone. */
  readonly alone: readonly Holds[]
  readonly levels: readonly Level[]
  readonly checks: readonly Check[]
  /** The number of the memory that keeps its index. */
  readonly memory: number
}

/** Of so few spans each is asked sooner than an index of them is made. */
const smallBucket = 4

/** Whether some span goes with the others. */
export function someJoined(joined: Joined): Holds {
  const { levels, checks } = joined
  if (levels.length === 0 && checks.length === 0) return (env) => someMember(env, joined)
  return (env) => {
    const index = indexOf(env, joined)
    return someBucket(env, index, levels, (leaf) =>
      typeof leaf === 'number' ? isJoined(env, joined, index, leaf) : someIn(env, joined, leaf),
    )
  }
}

/** Positions of all spans that go with the others, ascending, and the bucket where they are all that is in it. */
export function allJoined(env: Env, joined: Joined): { readonly found: Members; readonly bucket: Bucket | undefined } {
  const { levels, checks, slot } = joined
  const buckets = allBuckets(env, indexOf(env, joined), levels)
  const [first] = buckets
  if (first === undefined) return { found: { positions: [], views: [] }, bucket: undefined }
  if (buckets.length === 1 && checks.length === 0) return { found: first, bucket: first }
  const positions = [...new Set(buckets.flatMap((bucket) => bucket.positions))].sort((a, b) => a - b)
  const passing = positions.filter((position) => {
    env.steps++
    bindSpan(env, slot, first, position)
    return !isExhausted(env) && checks.every(({ holds }) => holds(env))
  })
  return { found: { positions: passing, views: first.views }, bucket: undefined }
}

/** How many spans go with the others. */
export function countJoined(env: Env, joined: Joined): number {
  const { levels, checks } = joined
  const buckets = allBuckets(env, indexOf(env, joined), levels)
  const [bucket, another] = buckets
  const [check, ...others] = checks
  if (bucket === undefined || bucket.positions.length === 0) return 0
  if (another === undefined && others.length === 0) {
    const count = check?.count?.(env, bucket, 0)
    if (count !== undefined) return count
  }
  return allJoined(env, joined).found.positions.length
}

function isJoined(env: Env, { checks, slot }: Joined, index: Buckets, position: number): boolean {
  env.steps++
  if (checks.length === 0) return true
  bindSpan(env, slot, index, position)
  return checks.every(({ holds }) => holds(env))
}

function someIn(env: Env, joined: Joined, bucket: Bucket): boolean {
  const { checks } = joined
  const passes: Holds = (each) => checks.every(({ holds }) => holds(each))
  if (bucket.positions.length <= smallBucket) return someOf(env, joined, bucket, bucket.positions, passes)
  for (let number = 0; number < checks.length; number++) {
    const { holds, candidates } = checks[number] as Check
    if (candidates === undefined) continue
    if (!someOf(env, joined, bucket, candidates(env, bucket, number), holds)) return false
    if (checks.length === 1) return true
  }
  const { positions, start, end } = narrowestRange(env, checks, bucket)
  return someOf(env, joined, bucket, positions, passes, start, end)
}

/** Of several checks the one that leaves the fewest spans is taken, and the others are asked of those. */
function narrowestRange(env: Env, checks: readonly Check[], bucket: Bucket): Range {
  let narrowest: Range = { positions: bucket.positions, start: 0, end: bucket.positions.length }
  checks.forEach(({ range }, number) => {
    const found = range?.(env, bucket, checks.length + number)
    if (found !== undefined && found.end - found.start < narrowest.end - narrowest.start) narrowest = found
  })
  return narrowest
}

function someOf(
  env: Env,
  { slot }: Joined,
  bucket: Bucket,
  positions: readonly number[],
  holds: Holds,
  start = 0,
  end = positions.length,
): boolean {
  for (let i = start; i < end; i++) {
    env.steps++
    if (isExhausted(env)) return false
    const position = positions[i] as number
    bindSpan(env, slot, bucket, position)
    if (holds(env)) return true
  }
  return false
}

function someMember(env: Env, { predicate, slot, alone }: Joined): boolean {
  const base = baseOf(env, predicate)
  for (const position of base.positions) {
    env.steps++
    if (isExhausted(env)) return false
    bindSpan(env, slot, base, position)
    if (alone.every((holds) => holds(env))) return true
  }
  return false
}

function indexOf(env: Env, joined: Joined): Buckets {
  const known = env.memory[joined.memory]
  if (known !== undefined) return known as Buckets
  const index = indexMembers(env, joined.slot, membersOf(env, joined), joined.levels)
  env.memory[joined.memory] = index
  return index
}

function membersOf(env: Env, { predicate, slot, alone }: Joined): Members {
  const base = baseOf(env, predicate)
  if (alone.length === 0) return base
  const positions: number[] = []
  for (const position of base.positions) {
    env.steps++
    if (isExhausted(env)) break
    bindSpan(env, slot, base, position)
    if (alone.every((holds) => holds(env))) positions.push(position)
  }
  return { positions, views: base.views }
}

/** The spans of a name that pass filters which look at nothing else. */
export function baseOf({ run }: Env, { group, test }: Predicate): Members {
  const spans = spansOf(run, group)
  const positions: number[] = []
  const views: SpanView[] = []
  spans?.positions.forEach((position, i) => {
    const view = spans.views[i] ?? newView(run, position)
    spans.views[i] = view
    if (test !== undefined && !test(view)) return
    positions.push(position)
    views[position] = view
  })
  if (group.pattern.kind === 'glob') positions.sort((a, b) => a - b)
  return { positions, views }
}
