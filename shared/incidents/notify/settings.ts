import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml'
import type { PackNodes } from '../../rules/read/pack-nodes.ts'
import { type NotifyFile, refuse } from './problem.ts'
import { expanded, type Resolved } from './references.ts'

/** What is below a node as plain data. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }

/** Parts of one receiver, aliases followed: far above what any needs, far below what aliases could make. */
const MAX_PARTS = 1000
const MAX_DEPTH = 16

/** A node with what is below it, or undefined where aliases make it too large, which is reported. */
export function nodesBelow(file: NotifyFile, root: Node, most = MAX_PARTS): readonly Node[] | undefined {
  const parts: Node[] = []
  const add = (node: Node, depth: number): boolean => {
    parts.push(node)
    if (parts.length > most || depth > MAX_DEPTH) return false
    return childrenOf(file.nodes, node).every(({ value }) => add(value, depth + 1))
  }
  if (add(root, 0)) return parts
  return refuse(file, root, 'malformed-notify', 'this holds too much', 'write it without aliases')
}

/** The texts among nodes. */
export function textsIn(nodes: readonly Node[]): readonly Scalar<string>[] {
  return nodes.filter((node): node is Scalar<string> => isScalar(node) && typeof node.value === 'string')
}

/** What is below a node that `nodesBelow` has looked at, with the values of references in their places. */
export function plainValue(nodes: PackNodes, node: Node, resolved: Resolved): Plain {
  if (isSeq(node)) return childrenOf(nodes, node).map(({ value }) => plainValue(nodes, value, resolved))
  if (isMap(node)) {
    return Object.fromEntries(
      childrenOf(nodes, node).map(({ key, value }) => [key, plainValue(nodes, value, resolved)]),
    )
  }
  const value = isScalar(node) ? node.value : null
  if (typeof value === 'string') return expanded(value, resolved)
  return typeof value === 'number' || typeof value === 'boolean' ? value : null
}

interface Child {
  readonly key: string
  readonly keyNode: Node | undefined
  readonly value: Node
}

/** Items of a list, values of a map; a key without a value is left out. */
export function childrenOf(nodes: PackNodes, node: Node): readonly Child[] {
  const follow = (value: Node) => nodes.targets.get(value) ?? value
  if (isSeq(node)) {
    return (node.items as readonly Node[]).map((value, index) => {
      return { key: String(index), keyNode: undefined, value: follow(value) }
    })
  }
  if (!isMap(node)) return []
  return (node.items as readonly Pair<Node, Node | null>[]).flatMap(({ key, value }) =>
    value === null ? [] : [{ key: isScalar(key) ? String(key.value) : '', keyNode: key, value: follow(value) }],
  )
}

/** The node that a path of keys leads to, or the last on the way that there is; of a key alone, the key. */
export function nodeAt(nodes: PackNodes, root: Node, path: readonly string[], wanted: 'key' | 'value'): Node {
  let node = root
  let found: Child | undefined
  for (const step of path) {
    const next = childrenOf(nodes, node).find(({ key }) => key === step)
    if (next === undefined) break
    found = next
    node = next.value
  }
  return wanted === 'key' ? (found?.keyNode ?? node) : node
}
