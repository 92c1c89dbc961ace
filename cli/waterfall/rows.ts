import { type Lineage, lineageOf, membersOf } from '../../shared/rules/judge/lineage.ts'
import type { Span } from '../../shared/trace/span.ts'

/** A line of a drawn trace: a span (its position in the trace), or how many are left out there. */
export type WaterfallRow =
  | { readonly kind: 'span'; readonly position: number; readonly depth: number }
  | { readonly kind: 'left out'; readonly count: number; readonly depth: number }

/** Siblings of one name beyond this number are the first to be left out. */
const MAX_ALIKE = 3
/** The nearest ancestors of a wanted span are drawn first, even where other wanted spans then find no room. */
const MAX_ANCESTORS = 8
/** After all that are wanted. */
const LATER = 1e9

interface Placed {
  readonly position: number
  readonly depth: number
  /** Which of the siblings with its name it is. */
  readonly likeness: number
}

/**
 * The spans as a tree, each under its parent and siblings by start, at most `maxSpans` of them: those that are wanted
 * (positions) and the spans above them first, then from the roots down. Cycles of parents and lost parents are roots.
 */
export function rowsOf(spans: readonly Span[], wanted: readonly number[], maxSpans: number): readonly WaterfallRow[] {
  const lineage = lineageOf(spans)
  const placed = placeAll(spans, lineage)
  if (placed.length <= maxSpans) return placed.map(({ position, depth }) => ({ kind: 'span', position, depth }))
  const orders = withAncestors(lineage, wanted)
  const chosen = choose(placed, (position) => orders.get(lineage.nodes[position] as number), maxSpans)
  const rows: WaterfallRow[] = []
  for (const { position, depth } of placed) {
    const last = rows.at(-1)
    if (chosen.has(position)) rows.push({ kind: 'span', position, depth })
    else if (last?.kind === 'left out') rows[rows.length - 1] = { ...last, count: last.count + 1 }
    else rows.push({ kind: 'left out', count: 1, depth })
  }
  return rows
}

/** Every span in the order in which it is drawn. Spans that share an id stand one below the other. */
function placeAll(spans: readonly Span[], lineage: Lineage): readonly Placed[] {
  const { parentsOf, childrenOf } = lineage
  const members = membersOf(lineage)
  const placed: Placed[] = []
  const seen = new Set<number>()
  const alike = new Map<string, number>()
  const place = (root: number) => {
    const open = [{ node: root, depth: 0 }]
    for (let top = open.pop(); top !== undefined; top = open.pop()) {
      const { node, depth } = top
      if (seen.has(node)) continue
      seen.add(node)
      for (const position of members[node] ?? []) {
        const identity = `${parentsOf(node)[0] ?? ''} ${(spans[position] as Span).name}`
        const likeness = alike.get(identity) ?? 0
        alike.set(identity, likeness + 1)
        placed.push({ position, depth, likeness })
      }
      for (const child of [...childrenOf(node)].reverse()) open.push({ node: child, depth: depth + 1 })
    }
  }
  for (let node = 0; node < members.length; node++) if (parentsOf(node).length === 0) place(node)
  for (let node = 0; node < members.length; node++) place(node)
  return placed
}

/** The nodes of the wanted spans as given, then of the spans above them, nearest first. */
function withAncestors({ nodes, parentsOf }: Lineage, wanted: readonly number[]): ReadonlyMap<number, number> {
  const shown = new Set(wanted.map((position) => nodes[position] as number))
  let level = [...shown]
  for (let steps = 0; steps < MAX_ANCESTORS && level.length > 0; steps++) {
    level = level.flatMap((node) => parentsOf(node).slice(0, 1)).filter((node) => !shown.has(node))
    for (const node of level) shown.add(node)
  }
  return new Map([...shown].map((node, order) => [node, order]))
}

function choose(placed: readonly Placed[], orderOf: (position: number) => number | undefined, maxSpans: number) {
  const rank = ({ position, likeness }: Placed) => orderOf(position) ?? (likeness < MAX_ALIKE ? LATER : LATER + 1)
  const ranked = [...placed].sort((a, b) => rank(a) - rank(b) || a.depth - b.depth || a.position - b.position)
  return new Set(ranked.slice(0, maxSpans).map(({ position }) => position))
}
