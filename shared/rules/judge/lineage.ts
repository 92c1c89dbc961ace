import type { Span } from '../../trace/span.ts'

/** Of a span whose parent is not in the trace. */
const NO_NODE = -1

/**
 * Which span of a trace is under which. Spans that share an id (the halves of one RPC) share a node: what is under
 * one is under all of them, and none of them is under another. Taking it up costs time linear in the spans.
 */
export interface Lineage {
  /** The node of the span at each position. */
  readonly nodes: Int32Array
  /** The node of its parent, which may be its own: a half of an RPC can name the id it shares. */
  readonly parentNodes: Int32Array
  /** Where each node lies in the tree; undefined where spans of one id have different parents, since the trace is then not a tree. */
  readonly tree: Tree | undefined
  /** The other nodes that are parents of spans of a node, and those that are children, without repetitions. */
  readonly parentsOf: (node: number) => readonly number[]
  readonly childrenOf: (node: number) => readonly number[]
  /** Steps that one rule has taken along parents and children; counted only without a tree. */
  steps: number
}

/** A node is above another, or the same, where `entries[above] <= entries[other] < exits[above]`; so is all of a cycle. */
export interface Tree {
  readonly entries: Int32Array
  readonly exits: Int32Array
}

export function lineageOf(spans: readonly Span[]): Lineage {
  const numbers = new Map<string, number>()
  const nodes = new Int32Array(spans.length)
  for (let position = 0; position < spans.length; position++) {
    const { spanId } = spans[position] as Span
    const known = numbers.get(spanId)
    nodes[position] = known ?? numbers.size
    if (known === undefined) numbers.set(spanId, numbers.size)
  }
  const parentNodes = Int32Array.from(spans, ({ parentSpanId }) => numbers.get(parentSpanId) ?? NO_NODE)
  const edges = edgesOf(numbers.size, nodes, parentNodes)
  const parentsOf = (node: number) =>
    edges.several.get(node) ?? (edges.parents[node] === NO_NODE ? none : [edges.parents[node] as number])
  const tree = edges.several.size === 0 ? treeOf(edges) : undefined
  return { nodes, parentNodes, tree, parentsOf, childrenOf: (node) => childrenOf(edges, node), steps: 0 }
}

const none: readonly number[] = []

/** From node to parent, and from parent to children as linked lists: an edge is a span's position. */
interface Edges {
  /** The first parent of each node. */
  readonly parents: Int32Array
  /** All parents of a node that has several. */
  readonly several: ReadonlyMap<number, readonly number[]>
  readonly first: Int32Array
  readonly next: Int32Array
  /** The child at the end of each edge. */
  readonly nodes: Int32Array
}

function edgesOf(count: number, nodes: Int32Array, parentNodes: Int32Array): Edges {
  const parents = new Int32Array(count).fill(NO_NODE)
  const several = new Map<number, Set<number>>()
  const first = new Int32Array(count).fill(NO_NODE)
  const next = new Int32Array(nodes.length).fill(NO_NODE)
  // Backwards, so that the list of each parent begins with its earliest child.
  for (let edge = nodes.length - 1; edge >= 0; edge--) {
    const node = nodes[edge] as number
    const parent = parentNodes[edge] as number
    const known = parents[node] as number
    if (parent === NO_NODE || parent === node || parent === known) continue
    if (known !== NO_NODE) {
      const all = several.get(node) ?? new Set([known])
      if (all.has(parent)) continue
      several.set(node, all.add(parent))
    }
    parents[node] = parent
    next[edge] = first[parent] as number
    first[parent] = edge
  }
  return { parents, several: new Map([...several].map(([node, all]) => [node, [...all]])), first, next, nodes }
}

function childrenOf({ first, next, nodes }: Edges, node: number): readonly number[] {
  const children: number[] = []
  for (let edge = first[node] as number; edge !== NO_NODE; edge = next[edge] as number) {
    children.push(nodes[edge] as number)
  }
  return children
}

/** Numbers the nodes in the order of a walk from the roots down; a cycle of parents is walked as one node, a root. */
function treeOf(edges: Edges): Tree {
  const { parents } = edges
  const walk: Walk = {
    edges,
    entries: new Int32Array(parents.length),
    exits: new Int32Array(parents.length),
    left: edges.first.slice(),
    next: 1,
  }
  for (let node = 0; node < parents.length; node++) if (parents[node] === NO_NODE) walkDown(walk, node)
  for (let node = 0; node < parents.length; node++) if (walk.entries[node] === 0) walkCycle(walk, node)
  return walk
}

interface Walk extends Tree {
  readonly edges: Edges
  /** Of each node the edge to the child that is next. */
  readonly left: Int32Array
  next: number
}

function walkDown(walk: Walk, root: number): void {
  const { edges, entries, exits, left } = walk
  let at = root
  entries[at] = walk.next++
  for (;;) {
    const edge = left[at] as number
    if (edge === NO_NODE) {
      exits[at] = walk.next
      if (at === root) return
      at = edges.parents[at] as number
      continue
    }
    left[at] = edges.next[edge] as number
    at = edges.nodes[edge] as number
    entries[at] = walk.next++
  }
}

function walkCycle(walk: Walk, below: number): void {
  const { edges, entries, exits } = walk
  const cycle = cycleAbove(below, edges.parents)
  const entry = walk.next++
  for (const node of cycle) entries[node] = entry
  for (const child of cycle.flatMap((node) => childrenOf(edges, node))) if (entries[child] === 0) walkDown(walk, child)
  for (const node of cycle) exits[node] = walk.next
}

/** The cycle that a node without a root above it comes to. */
function cycleAbove(node: number, parents: Int32Array): readonly number[] {
  const above = (each: number) => parents[each] as number
  const passed = new Set<number>()
  let start = node
  while (!passed.has(start)) {
    passed.add(start)
    start = above(start)
  }
  const cycle = [start]
  for (let each = above(start); each !== start; each = above(each)) cycle.push(each)
  return cycle
}

/** The spans of each node, by position. */
export function membersOf({ nodes }: Lineage): readonly (readonly number[])[] {
  const members: number[][] = []
  nodes.forEach((node, position) => {
    const known = members[node]
    if (known === undefined) members[node] = [position]
    else known.push(position)
  })
  return members
}
