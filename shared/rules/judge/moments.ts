import type { Span } from '../../trace/span.ts'
import { cutToClock, isWhole, MILLISECOND_NANOS } from './clock.ts'

/**
 * How one span comes before another, which is never itself: it ends no later than the other starts, or starts before
 * it does; the time from the one moment to the other may have a limit.
 */
export interface Precedence {
  readonly from: 'end' | 'start'
  readonly withinNanos: bigint | undefined
}

/** The moment of the earlier span that counts. Where a clock stepped back, a span ended when it started. */
export function momentOf({ startUnixNano, endUnixNano }: Span, from: Precedence['from']): bigint {
  return from === 'end' && endUnixNano > startUnixNano ? endUnixNano : startUnixNano
}

/** Positions of spans, ascending by some moment of theirs. */
export interface Ascending {
  readonly positions: readonly number[]
  readonly moments: readonly bigint[]
}

/**
 * Spans of a set by some moment. Those at whole milliseconds are kept apart: what is compared with them is cutToClock, so only
 * within each of the two kinds are the spans in order with a moment next to each other.
 */
export interface Moments {
  readonly fine: Ascending
  readonly whole: Ascending
}

export function momentsOf(spans: readonly Span[], positions: readonly number[], from: Precedence['from']): Moments {
  const { positions: sorted, moments } = ascending(spans, positions, from)
  const split = { fine: empty(), whole: empty() }
  sorted.forEach((position, i) => {
    const moment = moments[i] as bigint
    const kind = isWhole(moment) ? split.whole : split.fine
    kind.positions.push(position)
    kind.moments.push(moment)
  })
  return split
}

function empty() {
  return { positions: [] as number[], moments: [] as bigint[] }
}

/** The spans of a set in the order of their start or end. */
export function ascending(spans: readonly Span[], positions: readonly number[], from: Precedence['from']): Ascending {
  const timed = positions.map((position) => ({ position, moment: momentOf(spans[position] as Span, from) }))
  const isSorted = timed.every(({ moment }, i) => i === 0 || (timed[i - 1] as (typeof timed)[number]).moment <= moment)
  if (!isSorted) timed.sort((a, b) => (a.moment < b.moment ? -1 : a.moment > b.moment ? 1 : a.position - b.position))
  return { positions: timed.map(({ position }) => position), moments: timed.map(({ moment }) => moment) }
}

/** How many of ascending moments are before the limit, or with `orAt` at it. */
export function countBefore(ascending: readonly bigint[], limit: bigint, orAt: boolean): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const moment = ascending[middle] as bigint
    if (moment < limit || (orAt && moment === limit)) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The last of the moments that comes before the given one, by its place; not the span at `except`. `isCut`: whether
 * these moments and the given one are compared by the millisecond. Spans that are tied by their starts are left out.
 */
export function lastBefore(
  { positions, moments }: Ascending,
  moment: bigint,
  isCut: boolean,
  { from, withinNanos }: Precedence,
  except: number,
): number | undefined {
  if (positions.length === 0) return undefined
  const first = isCut ? cutToClock(moment) : moment
  const end = isCut && from === 'end' ? first + MILLISECOND_NANOS : first
  let last = countBefore(moments, end, !isCut && from === 'end') - 1
  if (positions[last] === except) last--
  if (last < 0 || withinNanos === undefined) return last < 0 ? undefined : last
  const least = first - (isCut ? cutToClock(withinNanos) : withinNanos)
  return (moments[last] as bigint) >= least ? last : undefined
}

/** The first of the moments that comes after the given one, the same way. */
export function firstAfter(
  { positions, moments }: Ascending,
  moment: bigint,
  isCut: boolean,
  { from, withinNanos }: Precedence,
  except: number,
): number | undefined {
  if (positions.length === 0) return undefined
  const first = isCut ? cutToClock(moment) : moment
  const start = isCut && from === 'start' ? first + MILLISECOND_NANOS : first
  let found = countBefore(moments, start, !isCut && from === 'start')
  if (positions[found] === except) found++
  if (found >= positions.length || withinNanos === undefined) return found < positions.length ? found : undefined
  const most = isCut ? first + cutToClock(withinNanos) + MILLISECOND_NANOS - 1n : first + withinNanos
  return (moments[found] as bigint) <= most ? found : undefined
}

/** Works something out of the spans that are tied with a moment, once for each millisecond and kind of moment. */
export function perTie<Result>(
  { fine, whole }: Moments,
  workOut: (positions: readonly number[]) => Result,
): (moment: bigint) => Result {
  const known = { fine: new Map<bigint, Result>(), whole: new Map<bigint, Result>() }
  return (moment) => {
    const first = cutToClock(moment)
    const results = first === moment ? known.whole : known.fine
    const before = results.get(first)
    if (before !== undefined) return before
    const tied =
      first === moment ? [...inMillisecond(whole, first), ...inMillisecond(fine, first)] : inMillisecond(whole, first)
    const result = workOut(tied)
    results.set(first, result)
    return result
  }
}

function inMillisecond({ positions, moments }: Ascending, first: bigint): readonly number[] {
  return positions.slice(countBefore(moments, first, false), countBefore(moments, first + MILLISECOND_NANOS, false))
}
