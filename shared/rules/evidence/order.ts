import type { Span } from '../../trace/span.ts'
import type { Order } from '../ast.ts'
import { precedenceOf } from '../compile/relation.ts'
import { gapNanos } from '../judge/clock.ts'
import { momentOf, type Precedence } from '../judge/moments.ts'
import { askEarlier, exactGap, type OrderedPair, precedes, widestPair } from '../judge/order.ts'
import type { Inspection, Seen } from './inspection.ts'
import { inspectEmptySides, nameAt, type Side, sayMany, sideOf } from './sides.ts'
import { noMisses, spanEvidence } from './spans.ts'
import { describeDuration } from './wording.ts'

/** Describes a pair in this order, or else the pair that came nearest to it, and the time between. */
export function inspectOrder(inspection: Inspection, node: Order): Seen {
  const left = sideOf(inspection, node.left)
  const right = sideOf(inspection, node.right)
  const empty = inspectEmptySides(inspection, [left, right])
  if (empty !== undefined) return empty
  const { isLeftEarlier, ...precedence } = precedenceOf(node)
  const [earlier, later] = isLeftEarlier ? [left, right] : [right, left]
  const pair = firstPair(inspection, earlier, later, precedence)
  if (pair === undefined) return inspectMissed(inspection, node, left, right)
  const spans = [
    { position: pair.earlier, side: earlier },
    { position: pair.later, side: later },
  ].map(({ position, side }) => spanEvidence(inspection, position, side.selector))
  return { holds: true, seen: sayPair(inspection, node, pair), spans, spanCount: spans.length, ...noMisses }
}

/** The first span that has one before it, with the last of those. */
function firstPair({ run }: Inspection, earlier: Side, later: Side, precedence: Precedence): OrderedPair | undefined {
  const ask = askEarlier(run, earlier.passing, precedence)
  for (const position of later.passing) {
    const found = ask(position)
    if (found !== undefined) return { earlier: found, later: position }
  }
  return undefined
}

function inspectMissed(inspection: Inspection, node: Order, left: Side, right: Side): Seen {
  const { isLeftEarlier, ...precedence } = precedenceOf(node)
  const [earlier, later] = isLeftEarlier ? [left, right] : [right, left]
  const pair = nearestPair(inspection, earlier, later, precedence)
  const none = `none of ${sayMany(left)} ${node.relation} one of ${sayMany(right)}`
  if (pair === undefined)
    return {
      holds: false,
      seen: 'the only span of both sides is one and the same',
      spans: [],
      spanCount: 0,
      ...noMisses,
    }
  const said = sayPair(inspection, node, pair)
  const isOnly = left.passing.length === 1 && right.passing.length === 1
  const nearMisses = [
    { position: pair.earlier, side: earlier, as: 'earlier' as const },
    { position: pair.later, side: later, as: 'later' as const },
  ].map(({ position, side, as }) => ({
    ...spanEvidence(inspection, position, side.selector),
    reason: sayPlace(inspection, pair, precedence.from, as),
  }))
  return {
    holds: false,
    seen: isOnly ? said : `${none}; the nearest: ${said}`,
    spans: [],
    spanCount: 0,
    nearMisses,
    nearMissCount: nearMisses.length,
  }
}

/** Of pairs in order but too far apart the closest, else the one that is least out of order. */
function nearestPair({ run }: Inspection, earlier: Side, later: Side, { from }: Precedence): OrderedPair | undefined {
  const { spans } = run.trace
  const ask = askEarlier(run, earlier.passing, { from, withinNanos: undefined })
  const gapOf = (pair: OrderedPair) => exactGap(spans, pair, from)
  let nearest: OrderedPair | undefined
  for (const position of later.passing) {
    const found = ask(position)
    if (found === undefined) continue
    const pair = { earlier: found, later: position }
    if (nearest === undefined || gapOf(pair) < gapOf(nearest)) nearest = pair
  }
  return nearest ?? widestPair(spans, earlier.passing, later.passing, from)
}

/** `cart.validate ended 12ms AFTER payment.charge started`, of the left side; capitals mark what is not as it should be. */
function sayPair(inspection: Inspection, node: Order, pair: OrderedPair): string {
  const { isLeftEarlier, ...precedence } = precedenceOf(node)
  const { earlier, later } = pair
  const isInOrder = (limit: bigint | undefined) =>
    precedes(inspection.run, earlier, later, { ...precedence, withinNanos: limit })
  const as = isLeftEarlier ? 'earlier' : 'later'
  const said = `${nameAt(inspection, pair[as])} ${sayPlace(inspection, pair, precedence.from, as, true)}${sayCut(inspection, pair, precedence)}`
  if (!isInOrder(undefined)) return said
  if (!isInOrder(precedence.withinNanos)) return `${said}, NOT within ${describeDuration(precedence.withinNanos ?? 0n)}`
  const isTied = precedence.from === 'start' && cutGap(inspection, pair, 'start') === 0n
  return isTied ? `${said}, which ${isLeftEarlier ? 'is under it' : 'it is under'}` : said
}

/** What decided about a limit, where it is not the time that the clocks tell. */
function sayCut(inspection: Inspection, pair: OrderedPair, { from, withinNanos }: Precedence): string {
  const gap = cutGap(inspection, pair, from)
  if (withinNanos === undefined || gap <= 0n) return ''
  const isExactWithin = exactGap(inspection.run.trace.spans, pair, from) <= withinNanos
  return isExactWithin === gap <= withinNanos ? '' : ` (${describeDuration(gap)} in whole milliseconds)`
}

/** Nanoseconds from the one to the other, as they are compared. */
function cutGap({ run }: Inspection, { earlier, later }: OrderedPair, from: Precedence['from']): bigint {
  const { spans } = run.trace
  return gapNanos(momentOf(spans[earlier] as Span, from), momentOf(spans[later] as Span, 'start'))
}

/** `ended 12ms after payment.charge started`. */
function sayPlace(
  inspection: Inspection,
  pair: OrderedPair,
  from: Precedence['from'],
  as: keyof OrderedPair,
  isLoud = false,
): string {
  const gap = exactGap(inspection.run.trace.spans, pair, from)
  const moments = { earlier: from === 'end' ? 'ended' : 'started', later: 'started' }
  const other = as === 'earlier' ? 'later' : 'earlier'
  const partner = `${nameAt(inspection, pair[other])} ${moments[other]}`
  if (gap === 0n) return `${moments[as]} at the moment ${partner}`
  if (cutGap(inspection, pair, from) === 0n) return `${moments[as]} in the millisecond in which ${partner}`
  const isBefore = (as === 'earlier') === gap > 0n
  const word = isBefore ? 'before' : 'after'
  const time = describeDuration(gap < 0n ? -gap : gap)
  return `${moments[as]} ${time} ${isLoud && gap < 0n ? word.toUpperCase() : word} ${partner}`
}
