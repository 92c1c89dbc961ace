import type { Span } from '../../trace/span.ts'
import { countUpTo } from './ancestors.ts'
import { cutToClock, isWhole, MILLISECOND_NANOS } from './clock.ts'
import type { Lineage } from './lineage.ts'
import { ascending, countBefore, momentOf, type Precedence } from './moments.ts'

/** Some of a list of positions: from `start`, up to `end`. */
export interface Range {
  readonly positions: readonly number[]
  readonly start: number
  readonly end: number
}

/**
 * Asks of the span at a position for all of a set that may have some relation to it; no other has. Undefined where
 * finding them takes as long as asking each.
 */
export type AskRange = (position: number) => Range | undefined

/** How many spans above a span are followed. */
const MAX_DEPTH = 1000

const empty: Range = { positions: [], start: 0, end: 0 }

/** For one span after the other: those of the set (positions) that it is under, or directly under. */
export function rangeAbove(lineage: Lineage, positions: readonly number[], directly: boolean): AskRange {
  const { nodes, parentNodes, parentsOf, tree } = lineage
  const byNode = groupBy(positions, (position) => nodes[position] as number)
  if (directly) return (position) => whole(byNode.get(parentNodes[position] as number))
  if (tree === undefined) return () => undefined
  return (position) => {
    const found: number[] = []
    let node: number | undefined = parentNodes[position] as number
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      if (node === undefined || node < 0) return whole(found)
      for (const member of byNode.get(node) ?? []) found.push(member)
      node = parentsOf(node)[0]
    }
    return undefined
  }
}

/** For one span after the other: those of the set (positions) that are under it, or directly under it. */
export function rangeBelow(
  { nodes, parentNodes, tree }: Lineage,
  positions: readonly number[],
  directly: boolean,
): AskRange {
  if (directly) {
    const byParent = groupBy(positions, (position) => parentNodes[position] as number)
    return (position) => whole(byParent.get(nodes[position] as number))
  }
  if (tree === undefined) return () => undefined
  const entryOf = (position: number) => tree.entries[parentNodes[position] as number] as number
  const sorted = positions
    .filter((position) => (parentNodes[position] as number) >= 0)
    .sort((a, b) => entryOf(a) - entryOf(b))
  const entries = sorted.map(entryOf)
  return (position) => {
    const node = nodes[position] as number
    const start = countUpTo(entries, (tree.entries[node] as number) - 1)
    return { positions: sorted, start, end: countUpTo(entries, (tree.exits[node] as number) - 1) }
  }
}

/** For one span after the other: those of the set (positions) that may come before it. */
export function rangeEarlier(
  spans: readonly Span[],
  positions: readonly number[],
  { from, withinNanos }: Precedence,
): AskRange {
  const { positions: sorted, moments } = ascending(spans, positions, from)
  const isCoarse = moments.some(isWhole)
  return (position) => {
    const limit = (spans[position] as Span).startUnixNano
    const least = (isCoarse ? cutToClock(limit) : limit) - (withinNanos ?? 0n)
    const start = withinNanos === undefined ? 0 : countBefore(moments, least, false)
    const end = isWhole(limit)
      ? countBefore(moments, limit + MILLISECOND_NANOS, false)
      : countBefore(moments, limit, true)
    return { positions: sorted, start, end }
  }
}

/** For one span after the other: those of the set (positions) that it may come before. */
export function rangeLater(
  spans: readonly Span[],
  positions: readonly number[],
  { from, withinNanos }: Precedence,
): AskRange {
  const { positions: sorted, moments } = ascending(spans, positions, 'start')
  const isCoarse = moments.some(isWhole)
  return (position) => {
    const moment = momentOf(spans[position] as Span, from)
    const start = countBefore(moments, isCoarse ? cutToClock(moment) : moment, false)
    if (withinNanos === undefined) return { positions: sorted, start, end: sorted.length }
    const most = moment + withinNanos + (isWhole(moment) ? MILLISECOND_NANOS - 1n : 0n)
    return { positions: sorted, start, end: countBefore(moments, most, true) }
  }
}

function whole(positions: readonly number[] | undefined): Range {
  return positions === undefined ? empty : { positions, start: 0, end: positions.length }
}

function groupBy(
  positions: readonly number[],
  key: (position: number) => number,
): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<number, number[]>()
  for (const position of positions) {
    const group = groups.get(key(position))
    if (group === undefined) groups.set(key(position), [position])
    else group.push(position)
  }
  return groups
}
