import type { Lineage, Tree } from './lineage.ts'
import { GivenUp, MAX_STEPS } from './steps.ts'

/** Asks of the span at a position for one of a set in some relation to it: its position, undefined where no such span exists. */
export type Ask = (position: number) => number | undefined

/** For one span after the other: a span of the set (positions) that it is under, or directly under. */
export function askAbove(lineage: Lineage, positions: readonly number[], directly: boolean): Ask {
  if (directly) return askParents(lineage, positions)
  return lineage.tree === undefined
    ? askLabelsAbove(lineage, positions)
    : askTreeAbove(lineage, lineage.tree, positions)
}

/** For one span after the other: a span of the set (positions) that is under it, or directly under it. */
export function askBelow(lineage: Lineage, positions: readonly number[], directly: boolean): Ask {
  if (directly) return askChildren(lineage, positions)
  return lineage.tree === undefined
    ? askLabelsBelow(lineage, positions)
    : askTreeBelow(lineage, lineage.tree, positions)
}

/** Whether the span at one position is under, or directly under, that at another. */
export function isUnder(lineage: Lineage, left: number, right: number, directly: boolean): boolean {
  const { nodes, parentNodes, tree } = lineage
  const parent = parentNodes[left] as number
  const above = nodes[right] as number
  if (parent < 0 || above === nodes[left]) return false
  if (directly) return parent === above
  if (tree === undefined) return walkUp(lineage, parent, (node) => node === above) !== undefined
  const entry = tree.entries[parent] as number
  return (tree.entries[above] as number) <= entry && entry < (tree.exits[above] as number)
}

/** For one span after the other the same as `askAbove`, where few spans are asked of each of many sets. */
export function askFewAbove(lineage: Lineage, positions: readonly number[]): Ask {
  const { nodes, parentNodes, tree } = lineage
  if (tree !== undefined) return askTreeAbove(lineage, tree, positions)
  const byNode = firstBy(positions, (position) => nodes[position] as number)
  return (position) => {
    const isOther = (node: number) => node !== nodes[position] && byNode.has(node)
    const found = walkUp(lineage, parentNodes[position] as number, isOther)
    return found === undefined ? undefined : byNode.get(found)
  }
}

/** From node to parents the first that is wanted. */
function walkUp(lineage: Lineage, from: number, isWanted: (node: number) => boolean): number | undefined {
  const seen = new Set(from < 0 ? [] : [from])
  for (const node of seen) {
    if (isWanted(node)) return node
    for (const parent of lineage.parentsOf(node)) seen.add(parent)
    countSteps(lineage, 1)
  }
  return undefined
}

/** Throws where one rule has taken too many. */
function countSteps(lineage: Lineage, steps: number): void {
  lineage.steps += steps
  if (lineage.steps > MAX_STEPS) throw new GivenUp()
}

function askParents({ nodes, parentNodes }: Lineage, positions: readonly number[]): Ask {
  const byNode = firstBy(positions, (position) => nodes[position] as number)
  return (position) => {
    const parent = parentNodes[position] as number
    return parent === nodes[position] ? undefined : byNode.get(parent)
  }
}

function askChildren({ nodes, parentNodes }: Lineage, positions: readonly number[]): Ask {
  const others = positions.filter((position) => parentNodes[position] !== nodes[position])
  const byParent = firstBy(others, (position) => parentNodes[position] as number)
  return (position) => byParent.get(nodes[position] as number)
}

function firstBy(positions: readonly number[], key: (position: number) => number): ReadonlyMap<number, number> {
  const first = new Map<number, number>()
  for (const position of positions) if (!first.has(key(position))) first.set(key(position), position)
  return first
}

/** Two spans of different nodes: whatever node is asked for, one of the two has another. */
interface Two {
  readonly first: number
  readonly second: number | undefined
}

function otherThan(node: number, two: Two | undefined, nodes: Int32Array): number | undefined {
  if (two === undefined) return undefined
  return nodes[two.first] === node ? two.second : two.first
}

/** Of the spans that were entered before the parent of the asked one, one that is left after it is above. */
function askTreeAbove({ nodes, parentNodes }: Lineage, { entries, exits }: Tree, positions: readonly number[]): Ask {
  const entryOf = (position: number) => entries[nodes[position] as number] as number
  const exitOf = (position: number | undefined) =>
    position === undefined ? 0 : (exits[nodes[position] as number] as number)
  const sorted = [...positions].sort((a, b) => entryOf(a) - entryOf(b))
  const sortedEntries = sorted.map(entryOf)
  const lastLeft: Two[] = []
  let two: Two | undefined
  for (const position of sorted) {
    two = withLastLeft(two, position, nodes, exitOf)
    lastLeft.push(two)
  }
  return (position) => {
    const parent = parentNodes[position] as number
    if (parent < 0) return undefined
    const entry = entries[parent] as number
    const above = otherThan(nodes[position] as number, lastLeft[countUpTo(sortedEntries, entry) - 1], nodes)
    return exitOf(above) > entry ? above : undefined
  }
}

/** The two of different nodes that are left last. */
function withLastLeft(
  two: Two | undefined,
  position: number,
  nodes: Int32Array,
  exitOf: (position: number | undefined) => number,
): Two {
  if (two === undefined) return { first: position, second: undefined }
  if (nodes[position] === nodes[two.first]) return two
  if (exitOf(position) > exitOf(two.first)) return { first: position, second: two.first }
  return exitOf(position) > exitOf(two.second) ? { first: two.first, second: position } : two
}

/** Spans in the order in which their parents were entered: those under a node stand together. */
function askTreeBelow({ nodes, parentNodes }: Lineage, { entries, exits }: Tree, positions: readonly number[]): Ask {
  const entryOf = (position: number) => entries[parentNodes[position] as number] as number
  const sorted = positions
    .filter((position) => (parentNodes[position] as number) >= 0)
    .sort((a, b) => entryOf(a) - entryOf(b))
  const sortedEntries = sorted.map(entryOf)
  const nextOfOtherNode = new Int32Array(sorted.length)
  for (let i = sorted.length - 1; i >= 0; i--) {
    const isSame = i + 1 < sorted.length && nodes[sorted[i + 1] as number] === nodes[sorted[i] as number]
    nextOfOtherNode[i] = isSame ? (nextOfOtherNode[i + 1] as number) : i + 1
  }
  return (position) => {
    const node = nodes[position] as number
    const start = countUpTo(sortedEntries, (entries[node] as number) - 1)
    const first = sorted[start]
    const found = first !== undefined && nodes[first] === node ? (nextOfOtherNode[start] as number) : start
    return (sortedEntries[found] ?? Number.POSITIVE_INFINITY) < (exits[node] as number) ? sorted[found] : undefined
  }
}

/** How many of ascending numbers are at most `limit`. */
export function countUpTo(ascending: readonly number[], limit: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

function askLabelsAbove(lineage: Lineage, positions: readonly number[]): Ask {
  const { nodes, parentNodes } = lineage
  const labels = spread(lineage, positions, lineage.childrenOf, (position) => nodes[position] as number)
  return (position) => otherThan(nodes[position] as number, labels.get(parentNodes[position] as number), nodes)
}

function askLabelsBelow(lineage: Lineage, positions: readonly number[]): Ask {
  const { nodes, parentNodes } = lineage
  const labels = spread(lineage, positions, lineage.parentsOf, (position) => parentNodes[position] as number)
  return (position) => otherThan(nodes[position] as number, labels.get(nodes[position] as number), nodes)
}

/** Steps that one label counts as: it takes longer than a step, and memory until the rule is answered. */
const LABEL_STEPS = 10

/**
 * Takes the spans from node to node along `next`, each from where it begins. A node keeps two of different nodes and
 * passes on no more, so that the whole is linear in the nodes that are reached.
 */
function spread(
  lineage: Lineage,
  positions: readonly number[],
  next: (node: number) => readonly number[],
  begin: (position: number) => number,
): ReadonlyMap<number, Two> {
  const { nodes } = lineage
  const labels = new Map<number, Two>()
  const queue = positions.map((position) => ({ node: begin(position), position })).filter(({ node }) => node >= 0)
  for (let i = 0; i < queue.length; i++) {
    const { node, position } = queue[i] as (typeof queue)[number]
    const two = labels.get(node)
    if (two !== undefined && (two.second !== undefined || nodes[two.first] === nodes[position])) continue
    labels.set(node, two === undefined ? { first: position, second: undefined } : { ...two, second: position })
    countSteps(lineage, LABEL_STEPS)
    for (const other of next(node)) queue.push({ node: other, position })
  }
  return labels
}
