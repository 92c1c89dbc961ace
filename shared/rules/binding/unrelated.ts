import type { Span } from '../../trace/span.ts'
import type { Order, Structure } from '../ast.ts'
import type { Run } from '../compile/plan.ts'
import { precedenceOf } from '../compile/relation.ts'
import type { Lineage } from '../judge/lineage.ts'
import { momentsOf, perTie } from '../judge/moments.ts'
import { lineageOfRun } from '../judge/run.ts'
import type { Bucket } from './buckets.ts'

/** Positions that have to be asked for the span at a position. */
export type Candidates = (position: number) => readonly number[]

/** Some spans of a bucket: if any lacks the relation to the span at a position, one of these does. */
export function prepareUnrelated(
  run: Run,
  relation: Order | Structure,
  { positions }: Bucket,
  isLeft: boolean,
): Candidates {
  if (relation.kind === 'structure') {
    const directly = relation.relation === 'directly under'
    return prepareNotUnder(lineageOfRun(run), positions, isLeft, directly)
  }
  return prepareNotInOrder(run, relation, positions, isLeft)
}

/** Where the first and the last of one kind of moments are in order, so are all between them, unless they are tied. */
function prepareNotInOrder(run: Run, order: Order, positions: readonly number[], isLeft: boolean): Candidates {
  const { isLeftEarlier, from } = precedenceOf(order)
  const { spans } = run.trace
  const isEarlier = isLeft === isLeftEarlier
  const moments = momentsOf(spans, positions, isEarlier ? from : 'start')
  const extremes = [...ends(moments.fine.positions), ...ends(moments.whole.positions)]
  const known = new Set(positions)
  const tied = perTie(moments, (those) =>
    from === 'end' || those.length === 0 ? none : prepareNotUnder(lineageOfRun(run), those, !isEarlier, false),
  )
  return (position) => {
    if (known.has(position)) return [position]
    const { startUnixNano } = spans[position] as Span
    return from === 'end' ? extremes : [...extremes, ...tied(startUnixNano)(position)]
  }
}

const none: Candidates = () => []

function ends(positions: readonly number[]): readonly number[] {
  const [first] = positions
  const last = positions.at(-1)
  return first === undefined || last === undefined || first === last ? positions.slice(0, 1) : [first, last]
}

function prepareNotUnder(
  lineage: Lineage,
  positions: readonly number[],
  isLeft: boolean,
  directly: boolean,
): Candidates {
  const { nodes, parentNodes, tree } = lineage
  const node = (position: number) => nodes[position] as number
  const parent = (position: number) => parentNodes[position] as number
  const byNode = new Map(positions.map((position) => [node(position), position] as const))
  const ofSameNode =
    (others: readonly number[]): Candidates =>
    (position) => {
      const same = byNode.get(node(position))
      return same === undefined ? others : [same]
    }
  if (directly) return ofSameNode(twoOfDifferent(positions, isLeft ? parent : node))
  if (tree === undefined) return () => positions
  const { entries, exits } = tree
  const orphan = positions.find((position) => parent(position) < 0)
  if (isLeft && orphan !== undefined) return () => [orphan]
  const entry = (position: number) => entries[isLeft ? parent(position) : node(position)] as number
  const exit = (position: number) => exits[node(position)] as number
  const latest = least(positions, (position) => -entry(position))
  return ofSameNode([latest, least(positions, isLeft ? entry : exit)])
}

/** The first position of those that measure least; there is one at least. */
function least(positions: readonly number[], measure: (position: number) => number | bigint): number {
  let found = positions[0] as number
  let measured = measure(found)
  for (const position of positions) {
    const own = measure(position)
    if (own >= measured) continue
    found = position
    measured = own
  }
  return found
}

function twoOfDifferent(positions: readonly number[], key: (position: number) => number): readonly number[] {
  const first = positions[0] as number
  const second = positions.find((position) => key(position) !== key(first))
  return second === undefined ? [first] : [first, second]
}
