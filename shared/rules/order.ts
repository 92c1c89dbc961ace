import type { Span } from '../trace/span.ts'
import type { Ask } from './kin.ts'

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

/** Nanoseconds from the earlier span to the later; less than 0 where they come the other way round. */
export function gapNanos(earlier: Span, later: Span, from: Precedence['from']): bigint {
  return later.startUnixNano - momentOf(earlier, from)
}

export function isInOrder(gap: bigint, { from, withinNanos }: Precedence): boolean {
  return (from === 'end' ? gap >= 0n : gap > 0n) && (withinNanos === undefined || gap <= withinNanos)
}

/** Whether one span comes before the other. */
export function precedes(earlier: Span, later: Span, precedence: Precedence): boolean {
  return isInOrder(gapNanos(earlier, later, precedence.from), precedence)
}

/** Two different spans, by their positions. */
export interface OrderedPair {
  readonly earlier: number
  readonly later: number
}

/** The pair with the longest time between the one and the other: where it is not in order, no pair is without a limit. */
export function widestPair(
  spans: readonly Span[],
  earlier: readonly number[],
  later: readonly number[],
  from: Precedence['from'],
): OrderedPair | undefined {
  const moment = (position: number) => -momentOf(spans[position] as Span, from)
  const firsts = greatestTwo(earlier, moment)
  const lasts = greatestTwo(later, (position) => (spans[position] as Span).startUnixNano)
  let widest: OrderedPair | undefined
  let widestNanos = 0n
  for (const one of firsts) {
    for (const other of lasts) {
      const gap = gapNanos(spans[one] as Span, spans[other] as Span, from)
      if (one === other || (widest !== undefined && gap <= widestNanos)) continue
      widest = { earlier: one, later: other }
      widestNanos = gap
    }
  }
  return widest
}

/** Two, so that one is left where the other is the same span as its partner. */
function greatestTwo(positions: readonly number[], measure: (position: number) => bigint): readonly number[] {
  let greatest: number | undefined
  let second: number | undefined
  let greatestMeasure = 0n
  let secondMeasure = 0n
  for (const position of positions) {
    const measured = measure(position)
    if (greatest === undefined || measured > greatestMeasure) {
      second = greatest
      secondMeasure = greatestMeasure
      greatest = position
      greatestMeasure = measured
    } else if (second === undefined || measured > secondMeasure) {
      second = position
      secondMeasure = measured
    }
  }
  return [greatest, second].filter((position) => position !== undefined)
}

/** True where some span of the one set comes before some other span of the other. */
export function somePrecedes(
  spans: readonly Span[],
  earlier: readonly number[],
  later: readonly number[],
  precedence: Precedence,
): boolean {
  const widest = widestPair(spans, earlier, later, precedence.from)
  if (widest === undefined) return false
  const gap = gapNanos(spans[widest.earlier] as Span, spans[widest.later] as Span, precedence.from)
  if (precedence.withinNanos === undefined || gap < 0n) return isInOrder(gap, precedence)
  const before = askEarlier(spans, earlier, precedence)
  return later.some((position) => before(position) !== undefined)
}

/** For one span after the other: the last of the set (positions) that comes before it. */
export function askEarlier(spans: readonly Span[], positions: readonly number[], precedence: Precedence): Ask {
  const { sorted, moments } = byMoment(positions, (position) => momentOf(spans[position] as Span, precedence.from))
  return (position) => {
    const start = (spans[position] as Span).startUnixNano
    let last = countBefore(moments, start, precedence.from === 'end') - 1
    if (sorted[last] === position) last--
    const found = sorted[last]
    if (found === undefined) return undefined
    return isInOrder(start - (moments[last] as bigint), precedence) ? found : undefined
  }
}

/** For one span after the other: the first of the set (positions) that it comes before. */
export function askLater(spans: readonly Span[], positions: readonly number[], precedence: Precedence): Ask {
  const { sorted, moments } = byMoment(positions, (position) => (spans[position] as Span).startUnixNano)
  return (position) => {
    const moment = momentOf(spans[position] as Span, precedence.from)
    let first = countBefore(moments, moment, precedence.from === 'start')
    if (sorted[first] === position) first++
    const found = sorted[first]
    if (found === undefined) return undefined
    return isInOrder((moments[first] as bigint) - moment, precedence) ? found : undefined
  }
}

/** Positions in the order of some moment of their spans. */
export function byMoment(positions: readonly number[], momentAt: (position: number) => bigint) {
  const timed = positions.map((position) => ({ position, moment: momentAt(position) }))
  const isSorted = timed.every(({ moment }, i) => i === 0 || (timed[i - 1] as (typeof timed)[number]).moment <= moment)
  if (!isSorted) timed.sort((a, b) => (a.moment < b.moment ? -1 : a.moment > b.moment ? 1 : a.position - b.position))
  return { sorted: timed.map(({ position }) => position), moments: timed.map(({ moment }) => moment) }
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
