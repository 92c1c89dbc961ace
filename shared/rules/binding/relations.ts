import type { Span } from '../../trace/span.ts'
import type { Order, Structure } from '../ast.ts'
import { type Ask, askAbove, askBelow } from '../kin.ts'
import type { Lineage } from '../lineage.ts'
import { askEarlier, askLater, momentOf, precedes } from '../order.ts'
import type { Run } from '../plan.ts'
import { type AskRange, rangeAbove, rangeBelow, rangeEarlier, rangeLater } from '../ranges.ts'
import { precedenceOf } from '../relation.ts'
import { lineageOfRun } from '../run.ts'
import type { Bucket } from './buckets.ts'
import type { Literal } from './formula.ts'
import type { Check } from './joined.ts'

type Relation = Extract<Literal, { readonly kind: 'relation' }>

/** Whether the span at one position stands in the relation to that at another. */
export function areRelated(run: Run, relation: Order | Structure, left: number, right: number): boolean {
  if (left === right) return false
  if (relation.kind === 'structure')
    return isUnder(lineageOfRun(run), left, right, relation.relation === 'directly under')
  const { isLeftEarlier, ...precedence } = precedenceOf(relation)
  const [earlier, later] = isLeftEarlier ? [left, right] : [right, left]
  return precedes(run.trace.spans[earlier] as Span, run.trace.spans[later] as Span, precedence)
}

function isUnder(lineage: Lineage, left: number, right: number, directly: boolean): boolean {
  const { nodes, parentNodes, tree } = lineage
  const parent = parentNodes[left] as number
  const above = nodes[right] as number
  if (parent < 0 || above === nodes[left]) return false
  if (directly) return parent === above
  if (tree === undefined) return askAbove(lineage, [right], false)(left) !== undefined
  const entry = tree.entries[parent] as number
  return (tree.entries[above] as number) <= entry && entry < (tree.exits[above] as number)
}

/** The spans of a bucket of which one stands, or does not stand, in the relation to the span of the other variable. */
export function relationCandidates(
  { relation, left, right, negated }: Relation,
  slot: number,
): NonNullable<Check['candidates']> {
  const isLeft = left.slot === slot
  const other = isLeft ? right.slot : left.slot
  const prepare = negated ? prepareUnrelated : prepareRelated
  return ({ run, positions }, bucket, number) => {
    const known = bucket.memory[number] as Candidates | undefined
    const candidates = known ?? prepare(run, relation, bucket, isLeft)
    bucket.memory[number] = candidates
    return candidates(positions[other] as number)
  }
}

/** Positions that have to be asked for the span at a position. */
type Candidates = (position: number) => readonly number[]

function prepareRelated(run: Run, relation: Order | Structure, { positions }: Bucket, isLeft: boolean): Candidates {
  const ask = askRelated(run, relation, positions, isLeft)
  return (position) => {
    const found = ask(position)
    return found === undefined ? [] : [found]
  }
}

function askRelated(run: Run, relation: Order | Structure, positions: readonly number[], isLeft: boolean): Ask {
  if (relation.kind === 'structure') {
    const ask = isLeft ? askBelow : askAbove
    return ask(lineageOfRun(run), positions, relation.relation === 'directly under')
  }
  const { isLeftEarlier, ...precedence } = precedenceOf(relation)
  const ask = isLeft === isLeftEarlier ? askEarlier : askLater
  return ask(run.trace.spans, positions, precedence)
}

/** All spans of a bucket that may stand in the relation to the span of the other variable. */
export function relationRange({ relation, left, right }: Relation, slot: number): NonNullable<Check['range']> {
  const isLeft = left.slot === slot
  const other = isLeft ? right.slot : left.slot
  return ({ run, positions }, bucket, number) => {
    const known = bucket.memory[number] as AskRange | undefined
    const ask = known ?? askRange(run, relation, bucket, isLeft)
    bucket.memory[number] = ask
    return ask(positions[other] as number)
  }
}

function askRange(run: Run, relation: Order | Structure, { positions }: Bucket, isLeft: boolean): AskRange {
  if (relation.kind === 'structure') {
    const range = isLeft ? rangeBelow : rangeAbove
    return range(lineageOfRun(run), positions, relation.relation === 'directly under')
  }
  const { isLeftEarlier, ...precedence } = precedenceOf(relation)
  const range = isLeft === isLeftEarlier ? rangeEarlier : rangeLater
  return range(run.trace.spans, positions, precedence)
}

/** Where the first and the last of some spans are as they should be, so are all between them. */
function prepareUnrelated(run: Run, relation: Order | Structure, { positions }: Bucket, isLeft: boolean): Candidates {
  if (relation.kind === 'structure') {
    const directly = relation.relation === 'directly under'
    return prepareNotUnder(lineageOfRun(run), positions, isLeft, directly)
  }
  const { isLeftEarlier, from } = precedenceOf(relation)
  const moment = (position: number) =>
    momentOf(run.trace.spans[position] as Span, isLeft === isLeftEarlier ? from : 'start')
  const known = new Set(positions)
  const extremes = [least(positions, moment), least(positions, (position) => -moment(position))]
  return (position) => (known.has(position) ? [position] : extremes)
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
