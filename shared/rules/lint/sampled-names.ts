import type { NamePattern } from '../ast.ts'
import { indexNames } from '../compile/name-index.ts'
import { nearest } from '../read/suggest.ts'
import type { RuleFacts } from './facts.ts'
import type { SampledSpans } from './sample.ts'

/** Names of a sample that are kept for one glob, and pairs of a name and a glob that are looked at for all rules. */
const NAMES_OF_GLOB = 1000
const FITTING_PAIRS = 1_000_000
/** Steps of comparing words with what was written, for all hints of a set: about half a second. */
const COMPARING_STEPS = 10_000_000

/** A sample as rules ask for it. */
export interface SampledNames {
  /** Names that a pattern fits, of a glob the first 1,000; undefined where too many globs fit too many names to tell. */
  fitting(pattern: NamePattern): readonly string[] | undefined
  /** The word of some that was meant; undefined where none is near, or comparing them would take too long. */
  meant(word: string, among: Words): string | undefined
}

/** Words to compare with, by a key of their own. */
interface Words {
  readonly id: string
  readonly words: () => ReadonlySet<string> | readonly string[]
}

export function sampledNames({ keysByName }: SampledSpans, rules: readonly RuleFacts[]): SampledNames {
  const names = [...keysByName.keys()]
  const byGlob = namesByGlob(names, rules)
  const hints = new Map<string, string | undefined>()
  const effort = { steps: COMPARING_STEPS }
  return {
    fitting(pattern) {
      if (pattern.kind === 'any') return names
      if (pattern.kind === 'glob') return byGlob.get(pattern.pattern)
      return keysByName.has(pattern.name) ? [pattern.name] : []
    },
    meant(word, { id, words }) {
      const key = `${word}\0${id}`
      if (!hints.has(key) && effort.steps > 0) hints.set(key, nearest(word, words(), effort))
      return hints.get(key)
    },
  }
}

/** One pass over the names finds the globs of all rules that fit them. */
function namesByGlob(names: readonly string[], rules: readonly RuleFacts[]): ReadonlyMap<string, readonly string[]> {
  const byGlob = new Map<string, string[]>()
  for (const { selections } of rules)
    for (const { name } of selections) if (name.kind === 'glob') byGlob.set(name.pattern, [])
  if (byGlob.size === 0) return byGlob
  const globsFor = indexNames(new Map(), byGlob)
  let pairs = 0
  for (const name of names) {
    const fitting = globsFor(name)
    for (const found of fitting) if (found.length < NAMES_OF_GLOB) found.push(name)
    pairs += fitting.length
    if (pairs > FITTING_PAIRS) return new Map()
  }
  return byGlob
}
