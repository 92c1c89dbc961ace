import type { SpanView } from '../plan.ts'
import type { Env } from './env.ts'
import type { Key } from './keys.ts'

/** Spans of one variable in one trace. */
export interface Members {
  /** Ascending. */
  readonly positions: readonly number[]
  /** By position. */
  readonly views: readonly (SpanView | undefined)[]
}

/** Some of them, which share their keys. */
export interface Bucket extends Members {
  readonly positions: number[]
  /** What was worked out of these spans once, by the number of the check that asked. */
  readonly memory: unknown[]
}

/** One value by which the spans of a variable are indexed, and the value of other variables that it is to be equal to. */
export interface Level {
  readonly own: (env: Env) => readonly Key[]
  readonly other: (env: Env) => readonly Key[]
}

type Tree = Bucket | Map<Key, Tree>

/** The spans of a variable by their keys. */
export interface Buckets {
  readonly tree: Tree
}

/** Stands the variable for the span at a position. */
export function stand(env: Env, slot: number, { views }: Members, position: number): void {
  env.positions[slot] = position
  env.views[slot] = views[position] as SpanView
}

/** Time and memory are linear in the spans, save that one with arrays is in a bucket for each combination of elements. */
export function indexMembers(env: Env, slot: number, members: Members, levels: readonly Level[]): Buckets {
  if (levels.length === 0) return { tree: { ...members, positions: [...members.positions], memory: [] } }
  const tree = new Map<Key, Tree>()
  const put = (node: Map<Key, Tree>, depth: number, position: number): void => {
    for (const key of (levels[depth] as Level).own(env)) {
      env.steps++
      const isLeaf = depth === levels.length - 1
      const next = node.get(key) ?? (isLeaf ? { views: members.views, positions: [], memory: [] } : new Map())
      node.set(key, next)
      if (next instanceof Map) put(next, depth + 1, position)
      else next.positions.push(position)
    }
  }
  for (const position of members.positions) {
    stand(env, slot, members, position)
    put(tree, 0, position)
  }
  return { tree }
}

/** The buckets that go with the spans the other variables stand for; of several, a span may be in more than one. */
export function bucketsFor(env: Env, { tree }: Buckets, levels: readonly Level[]): readonly Bucket[] {
  let found: readonly Tree[] = [tree]
  for (const { other } of levels) {
    const keys = other(env)
    found = found.flatMap((node) => (node instanceof Map ? keys.map((key) => node.get(key)) : [])).filter(isThere)
  }
  return found as readonly Bucket[]
}

function isThere(tree: Tree | undefined): tree is Tree {
  return tree !== undefined
}
