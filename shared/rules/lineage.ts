import type { Span } from '../trace/span.ts'

/** Of a span whose parent is not in the trace. */
const NO_NODE = -1

/**
 * Which span of a trace stands under which. Spans that share an id (the halves of one RPC) share a node: what is under
 * one is under all of them, and none of them is under another. Taking it up costs time linear in the spans.
 */
export interface Lineage {
  /** The node of the span at each position. */
  readonly nodes: Int32Array
  /** The node of its parent, which may be its own: a half of an RPC can name the id it shares. */
  readonly parentNodes: Int32Array
  /** Where each node lies in the tree; undefined where spans of one id have different parents, so that there is none. */
  readonly tree: Tree | undefined
  /** The other nodes that are parents of spans of a node, and those that are children, without repetitions. */
  readonly parentsOf: (node: number) => readonly number[]
  readonly childrenOf: (node: number) => readonly number[]
}

/** A node is above another, or the same, where `entries[above] <= entries[other] < exits[above]`; so is all of a cycle. */
export interface Tree {
  readonly entries: Int32Array
  readonly exits: Int32Array
}

export function lineageOf(spans: readonly Span[]): Lineage {
  const numbers = new Map<string, number>()
  const nodes = new Int32Array(spans.length)
  spans.forEach(({ spanId }, position) => {
    const known = numbers.get(spanId) ?? numbers.size
    numbers.set(spanId, known)
    nodes[position] = known
  })
  const parentNodes = Int32Array.from(spans, ({ parentSpanId }) => numbers.get(parentSpanId) ?? NO_NODE)
  const parents: (number[] | undefined)[] = new Array(numbers.size)
  const children: (number[] | undefined)[] = new Array(numbers.size)
  const edges = new Set<number>()
  let isTree = true
  for (let position = 0; position < spans.length; position++) {
    const node = nodes[position] as number
    const parent = parentNodes[position] as number
    if (parent === NO_NODE || parent === node || edges.has(node * numbers.size + parent)) continue
    edges.add(node * numbers.size + parent)
    if (parents[node] !== undefined) isTree = false
    add(parents, node, parent)
    add(children, parent, node)
  }
  const parentsOf = (node: number) => parents[node] ?? none
  const childrenOf = (node: number) => children[node] ?? none
  return {
    nodes,
    parentNodes,
    tree: isTree ? treeOf(numbers.size, parentsOf, childrenOf) : undefined,
    parentsOf,
    childrenOf,
  }
}

const none: readonly number[] = []

function add(lists: (number[] | undefined)[], node: number, item: number): void {
  const list = lists[node]
  if (list === undefined) lists[node] = [item]
  else list.push(item)
}

/** Numbers the nodes in the order of a walk from the roots down; a cycle of parents is walked as one node, a root. */
function treeOf(count: number, parentsOf: Lineage['parentsOf'], childrenOf: Lineage['childrenOf']): Tree {
  const entries = new Int32Array(count)
  const exits = new Int32Array(count)
  const seen = new Uint8Array(count)
  let next = 1
  const walk = (root: readonly number[]) => {
    const entry = next++
    for (const node of root) seen[node] = 1
    const path = root.flatMap((node) => childrenOf(node)).filter((child) => seen[child] === 0)
    const open: number[] = []
    while (path.length > 0) {
      const node = path.pop() as number
      if (node < 0) {
        exits[open.pop() as number] = next
        continue
      }
      seen[node] = 1
      entries[node] = next++
      open.push(node)
      path.push(NO_NODE)
      for (const child of childrenOf(node)) path.push(child)
    }
    for (const node of root) {
      entries[node] = entry
      exits[node] = next
    }
  }
  for (let node = 0; node < count; node++) if (parentsOf(node).length === 0) walk([node])
  for (let node = 0; node < count; node++) if (seen[node] === 0) walk(cycleAbove(node, parentsOf))
  return { entries, exits }
}

/** The cycle that a node without a root above it comes to. */
function cycleAbove(node: number, parentsOf: Lineage['parentsOf']): readonly number[] {
  const above = (each: number) => parentsOf(each)[0] as number
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
