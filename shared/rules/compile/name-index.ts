import { globParts, globTest } from './glob.ts'
import { literalSearch } from './literal-search.ts'

/** What the rules ask of a span name: the targets whose pattern it fits, exact ones first. */
export type NameLookup<Target> = (name: string) => readonly Target[]

/** How many names with their globs are remembered, and how long a name may be for that: at most about 1 MB. */
const MAX_REMEMBERED = 2048
const MAX_REMEMBERED_LENGTH = 256

/**
 * Indexes name patterns: a lookup costs one hash of the name, whatever the number of patterns. With globs the answer for
 * a new name takes one pass over it, which finds every glob whose longest literal part it holds, and is remembered.
 */
export function indexNames<Target>(
  exact: ReadonlyMap<string, Target>,
  globs: ReadonlyMap<string, Target>,
): NameLookup<Target> {
  const known = new Map([...exact].map(([name, target]) => [name, [target] as readonly Target[]]))
  if (globs.size === 0) return (name) => known.get(name) ?? none
  const search = globSearch(globs)
  const remembered = new Map<string, readonly Target[]>()
  return (name) => {
    const before = remembered.get(name)
    if (before !== undefined) return before
    const targets = [...(known.get(name) ?? none), ...search(name)]
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    if (name.length <= MAX_REMEMBERED_LENGTH) remembered.set(name, targets)
    return targets
  }
}

const none: readonly never[] = []

function globSearch<Target>(globs: ReadonlyMap<string, Target>): NameLookup<Target> {
  const entries = [...globs].map(([pattern, target]) => ({ test: globTest(pattern), target }))
  const search = literalSearch([...globs.keys()].map(longestPart))
  return (name) => {
    const candidates = new Set<number>()
    search(name, (index) => candidates.add(index))
    const fitting = [...candidates].sort((a, b) => a - b).map((index) => entries[index] as (typeof entries)[number])
    return fitting.filter((entry) => entry.test(name)).map((entry) => entry.target)
  }
}

function longestPart(pattern: string): string {
  return globParts(pattern).reduce((longest, part) => (part.length > longest.length ? part : longest))
}
