import type { SpanView } from '../compile/plan.ts'
import type { Env } from './env.ts'
import type { Key, Keys } from './keys.ts'

/** Spans of one variable in one trace. */
export interface Members {
  /** Ascending. */
  readonly positions: number[]
  /** By position. */
  readonly views: readonly (SpanView | undefined)[]
}

/** Some of them, which share their keys. */
export interface Bucket extends Members {
  /** What was worked out of these spans once, by the number of the check that asked. */
  readonly memory: unknown[]
}

/** One value that indexes the spans of a variable, and the value of other variables that it must equal. */
export interface Level {
  readonly own: (env: Env) => Keys
  readonly other: (env: Env) => Keys
}

/** A span that shares its keys with no other is there by its position alone. */
type Leaf = Bucket | number
type Tree = Leaf | Map<Key, Tree>

/** The spans of a variable by their keys. */
export interface Buckets {
  readonly tree: Tree
  readonly views: Members['views']
}

/** Stands the variable for the span at a position. */
export function bindSpan(env: Env, slot: number, { views }: Pick<Members, 'views'>, position: number): void {
  env.positions[slot] = position
  env.views[slot] = views[position] as SpanView
}

/** Time and memory are linear in the spans, save that one with arrays is in a bucket for each combination of elements. */
export function indexMembers(env: Env, slot: number, members: Members, levels: readonly Level[]): Buckets {
  const { positions, views } = members
  if (levels.length === 0) return { tree: { views, positions, memory: [] }, views }
  const tree = new Map<Key, Tree>()
  const putUnder = (node: Map<Key, Tree>, key: Key, depth: number, position: number): void => {
    env.steps++
    const known = node.get(key)
    if (depth < levels.length - 1) {
      const next = known instanceof Map ? known : new Map<Key, Tree>()
      if (known === undefined) node.set(key, next)
      put(next, depth + 1, position)
    } else if (known === undefined) node.set(key, position)
    else if (typeof known === 'number') node.set(key, { views, positions: [known, position], memory: [] })
    else if (!(known instanceof Map)) known.positions.push(position)
  }
  const put = (node: Map<Key, Tree>, depth: number, position: number): void => {
    const keys = (levels[depth] as Level).own(env)
    if (isOne(keys)) putUnder(node, keys, depth, position)
    else for (const key of keys) putUnder(node, key, depth, position)
  }
  for (const position of positions) {
    bindSpan(env, slot, members, position)
    put(tree, 0, position)
  }
  return { tree, views }
}

/** Whether a test holds of one of the buckets, or single spans, that match the spans chosen for the other variables. */
export function someBucket(
  env: Env,
  { tree }: Buckets,
  levels: readonly Level[],
  test: (leaf: Leaf) => boolean,
): boolean {
  const visit = (node: Tree | undefined, depth: number): boolean => {
    if (node === undefined) return false
    if (!(node instanceof Map)) return test(node)
    const keys = (levels[depth] as Level).other(env)
    return isOne(keys) ? visit(node.get(keys), depth + 1) : keys.some((key) => visit(node.get(key), depth + 1))
  }
  return visit(tree, 0)
}

/** All those buckets; a span may be in more than one. */
export function allBuckets(env: Env, buckets: Buckets, levels: readonly Level[]): readonly Bucket[] {
  const found: Bucket[] = []
  someBucket(env, buckets, levels, (leaf) => {
    found.push(typeof leaf === 'number' ? { views: buckets.views, positions: [leaf], memory: [] } : leaf)
    return false
  })
  return found
}

function isOne(keys: Keys): keys is Key {
  return typeof keys !== 'object'
}
