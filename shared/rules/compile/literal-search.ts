interface Node {
  readonly next: Map<number, Node>
  /** Where to go on when no edge fits: the longest suffix of this node's text that begins a literal. */
  fallback: Node | undefined
  /** The nearest node down the fallbacks where a literal ends. */
  shorter: Node | undefined
  /** Literals that end here. */
  readonly found: number[]
}

/**
 * Finds which of many literals, none empty, occur in a text in one pass over it (Aho and Corasick 1975), however many
 * literals there are: calls `report` with the index of each, more than once where one occurs more than once.
 */
export function literalSearch(literals: readonly string[]): (text: string, report: (index: number) => void) => void {
  const root = newNode()
  literals.forEach((literal, index) => {
    insert(root, literal, index)
  })
  linkFallbacks(root)
  return (text, report) => {
    let node = root
    for (let at = 0; at < text.length; at++) {
      node = step(root, node, text.charCodeAt(at))
      for (let ending: Node | undefined = node; ending !== undefined; ending = ending.shorter)
        ending.found.forEach(report)
    }
  }
}

function newNode(): Node {
  return { next: new Map(), fallback: undefined, shorter: undefined, found: [] }
}

function insert(root: Node, literal: string, index: number): void {
  let node = root
  for (let at = 0; at < literal.length; at++) {
    const unit = literal.charCodeAt(at)
    let next = node.next.get(unit)
    if (next === undefined) {
      next = newNode()
      node.next.set(unit, next)
    }
    node = next
  }
  node.found.push(index)
}

/** Breadth first, so that a node's fallback, which is shorter, is complete before the node. */
function linkFallbacks(root: Node): void {
  const queue: Node[] = [root]
  for (const node of queue) {
    for (const [unit, child] of node.next) {
      const fallback = node.fallback === undefined ? root : step(root, node.fallback, unit)
      child.fallback = fallback
      child.shorter = fallback.found.length > 0 ? fallback : fallback.shorter
      queue.push(child)
    }
  }
}

function step(root: Node, from: Node, unit: number): Node {
  let node: Node | undefined = from
  while (node !== undefined) {
    const next = node.next.get(unit)
    if (next !== undefined) return next
    node = node.fallback
  }
  return root
}
