import type { Span } from '../../trace/span.ts'
import type { Run } from '../compile/plan.ts'
import { type Ask, askBelow, askFewAbove, isUnder } from './ancestors.ts'
import { gapNanos, isTied, isWhole, MILLISECOND_NANOS } from './clock.ts'
import {
  type Ascending,
  firstAfter,
  lastBefore,
  type Moments,
  momentOf,
  momentsOf,
  type Precedence,
  perTie,
} from './moments.ts'
import { lineageOfRun } from './run.ts'

/** Whether one span (its position) comes before another. */
export function precedes(run: Run, earlier: number, later: number, { from, withinNanos }: Precedence): boolean {
  const moment = momentAt(run, earlier, from)
  const start = momentAt(run, later, 'start')
  const gap = gapNanos(moment, start)
  if (gap < 0n || (withinNanos !== undefined && gap > withinNanos)) return false
  if (gap > 0n || from === 'end') return true
  return isTied(moment, start) && isUnder(lineageOfRun(run), later, earlier, false)
}

function momentAt({ trace }: Run, position: number, from: Precedence['from']): bigint {
  return momentOf(trace.spans[position] as Span, from)
}

/** Two different spans, by their positions. */
export interface OrderedPair {
  readonly earlier: number
  readonly later: number
}

/** The pair with the longest time between the one and the other, as their clocks tell it. */
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
      const gap = exactGap(spans, { earlier: one, later: other }, from)
      if (one === other || (widest !== undefined && gap <= widestNanos)) continue
      widest = { earlier: one, later: other }
      widestNanos = gap
    }
  }
  return widest
}

/** Nanoseconds from the one to the other, as their clocks tell it. */
export function exactGap(spans: readonly Span[], { earlier, later }: OrderedPair, from: Precedence['from']): bigint {
  return (spans[later] as Span).startUnixNano - momentOf(spans[earlier] as Span, from)
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
  run: Run,
  earlier: readonly number[],
  later: readonly number[],
  precedence: Precedence,
): boolean {
  const { spans } = run.trace
  const widest = widestPair(spans, earlier, later, precedence.from)
  if (widest === undefined) return false
  const gap = exactGap(spans, widest, precedence.from)
  // Cutting changes the time between two spans by less than a millisecond.
  if (gap <= -MILLISECOND_NANOS) return false
  if (gap >= MILLISECOND_NANOS && precedence.withinNanos === undefined) return true
  const before = askEarlier(run, earlier, precedence)
  return later.some((position) => before(position) !== undefined)
}

/** For one span after the other: the last of the set (positions) that comes before it. */
export function askEarlier(run: Run, positions: readonly number[], precedence: Precedence): Ask {
  const { fine, whole } = momentsOf(run.trace.spans, positions, precedence.from)
  const tied = askTied(run, { fine, whole }, precedence, askFewAbove)
  return (position) => {
    const start = momentAt(run, position, 'start')
    const one = lastBefore(fine, start, isWhole(start), precedence, position)
    const other = lastBefore(whole, start, true, precedence, position)
    if (one === undefined && other === undefined) return tied(start)(position)
    const isOne = other === undefined || (one !== undefined && isBefore(whole, other, fine, one))
    return isOne ? fine.positions[one as number] : whole.positions[other]
  }
}

/** For one span after the other: the first of the set (positions) that it comes before. */
export function askLater(run: Run, positions: readonly number[], precedence: Precedence): Ask {
  const { fine, whole } = momentsOf(run.trace.spans, positions, 'start')
  const tied = askTied(run, { fine, whole }, precedence, (lineage, tied) => askBelow(lineage, tied, false))
  return (position) => {
    const moment = momentAt(run, position, precedence.from)
    const one = firstAfter(fine, moment, isWhole(moment), precedence, position)
    const other = firstAfter(whole, moment, true, precedence, position)
    if (one === undefined && other === undefined) return tied(moment)(position)
    const isOne = other === undefined || (one !== undefined && isBefore(fine, one, whole, other))
    return isOne ? fine.positions[one as number] : whole.positions[other]
  }
}

function isBefore(one: Ascending, at: number, other: Ascending, otherAt: number): boolean {
  return (one.moments[at] as bigint) < (other.moments[otherAt] as bigint)
}

/** Of spans that start in one millisecond, those above another start before it. */
function askTied(
  run: Run,
  moments: Moments,
  { from }: Precedence,
  askKin: typeof askFewAbove,
): (moment: bigint) => Ask {
  if (from === 'end') return () => askNone
  return perTie(moments, (tied) => (tied.length === 0 ? askNone : askKin(lineageOfRun(run), tied)))
}

const askNone: Ask = () => undefined
