import type { Order } from '../ast.ts'
import { askEarlier, gapNanos, isInOrder, type OrderedPair, type Precedence, widestPair } from '../order.ts'
import { precedenceOf } from '../relation.ts'
import type { Inspection, Seen } from './inspection.ts'
import { inspectEmptySides, nameAt, type Side, sayMany, sideOf } from './sides.ts'
import { noMisses, spanEvidence } from './spans.ts'
import { describeDuration } from './wording.ts'

/** Tells of a pair in this order, or else of the pair that came nearest to it, and the time between. */
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
  const ask = askEarlier(run.trace.spans, earlier.passing, precedence)
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
  const ask = askEarlier(spans, earlier.passing, { from, withinNanos: undefined })
  const gapOf = (pair: OrderedPair) => gapBetween(run.trace.spans, pair, from)
  let nearest: OrderedPair | undefined
  for (const position of later.passing) {
    const found = ask(position)
    if (found === undefined) continue
    const pair = { earlier: found, later: position }
    if (nearest === undefined || gapOf(pair) < gapOf(nearest)) nearest = pair
  }
  return nearest ?? widestPair(spans, earlier.passing, later.passing, from)
}

type Spans = Inspection['run']['trace']['spans']

function gapBetween(spans: Spans, { earlier, later }: OrderedPair, from: Precedence['from']): bigint {
  const [one, other] = [spans[earlier], spans[later]]
  return one === undefined || other === undefined ? 0n : gapNanos(one, other, from)
}

/** `cart.validate ended 12ms AFTER payment.charge started`, of the left side; what is not as it should be stands in capitals. */
function sayPair(inspection: Inspection, node: Order, pair: OrderedPair): string {
  const { isLeftEarlier, ...precedence } = precedenceOf(node)
  const gap = gapBetween(inspection.run.trace.spans, pair, precedence.from)
  const said = `${nameAt(inspection, isLeftEarlier ? pair.earlier : pair.later)} ${sayPlace(inspection, pair, precedence.from, isLeftEarlier ? 'earlier' : 'later', true)}`
  const isTooLong = !isInOrder(gap, precedence) && isInOrder(gap, { ...precedence, withinNanos: undefined })
  return isTooLong ? `${said}, NOT within ${describeDuration(precedence.withinNanos ?? 0n)}` : said
}

/** `ended 12ms after payment.charge started`. */
function sayPlace(
  inspection: Inspection,
  pair: OrderedPair,
  from: Precedence['from'],
  as: keyof OrderedPair,
  isLoud = false,
): string {
  const gap = gapBetween(inspection.run.trace.spans, pair, from)
  const moments = { earlier: from === 'end' ? 'ended' : 'started', later: 'started' }
  const other = as === 'earlier' ? 'later' : 'earlier'
  const partner = `${nameAt(inspection, pair[other])} ${moments[other]}`
  if (gap === 0n) return `${moments[as]} at the moment ${partner}`
  const isBefore = (as === 'earlier') === gap > 0n
  const word = isBefore ? 'before' : 'after'
  const time = describeDuration(gap < 0n ? -gap : gap)
  return `${moments[as]} ${time} ${isLoud && gap < 0n ? word.toUpperCase() : word} ${partner}`
}
