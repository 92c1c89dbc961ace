import type { Catalogue, SeenAttribute, ValueType } from '../../catalogue/catalogue.ts'
import { namesOf, namesOnResource } from '../../trace/attribute-names.ts'
import type { Attribute, NamePattern } from '../ast.ts'
import { indexNames } from '../compile/name-index.ts'
import { nearest } from '../read/suggest.ts'
import type { RuleFacts } from './facts.ts'

/** Names of a sample that are kept for one glob, and pairs of a name and a glob that are looked at for all rules. */
const NAMES_OF_GLOB = 1000
const FITTING_PAIRS = 1_000_000
/** Attributes of names that are added up for all patterns of a set. */
const ADDED_ATTRIBUTES = 5_000_000
/** Steps of comparing words with what was written, for all hints of a set: about half a second. */
const COMPARING_STEPS = 10_000_000

type SampledAttribute = Pick<SeenAttribute, 'spans' | 'types'>

/** What the spans of a sample carry that a pattern of names fits. */
export interface FittingSpans {
  readonly spans: number
  /** They carry further keys, which the sample does not hold. */
  readonly hasMore: boolean
  readonly attributes: ReadonlyMap<string, SampledAttribute>
}

/** A sample as rules ask for it. */
export interface SampledSpans {
  readonly catalogue: Catalogue
  /**
   * Names that a pattern fits, of a glob the first 1,000; undefined where that cannot be known: too many globs fit too many
   * names, or names are grouped.
   */
  fitting(pattern: NamePattern): readonly string[] | undefined
  /** The spans of these names; undefined where `fitting` is, and where to add them up would take too long. */
  spansOf(pattern: NamePattern): FittingSpans | undefined
  /** The word of some that was meant; undefined where none is near, or comparing them would take too long. */
  meant(word: string, among: Words): string | undefined
}

/** Words to compare with, by a key of their own. */
interface Words {
  readonly id: string
  readonly words: () => Iterable<string>
}

export function sampledSpans(catalogue: Catalogue, rules: readonly RuleFacts[]): SampledSpans {
  const names = [...catalogue.names.keys()]
  const byGlob = namesByGlob(names, rules)
  const groupsOf = groupsOfNames(catalogue)
  const hints = new Map<string, string | undefined>()
  const known = new Map<string, FittingSpans | undefined>()
  const effort = { steps: COMPARING_STEPS, attributes: ADDED_ATTRIBUTES }
  const fitting = (pattern: NamePattern) => {
    if (pattern.kind === 'any') return names
    if (pattern.kind === 'glob') return catalogue.isGrouped ? undefined : byGlob.get(pattern.pattern)
    return catalogue.names.has(pattern.name) ? [pattern.name] : groupsOf(pattern.name)
  }
  return {
    catalogue,
    fitting,
    spansOf(pattern) {
      const id = patternId(pattern)
      if (!known.has(id)) known.set(id, addedUp(catalogue, fitting(pattern), effort))
      return known.get(id)
    },
    meant(word, { id, words }) {
      const key = `${word}\0${id}`
      if (!hints.has(key) && effort.steps > 0) hints.set(key, nearest(word, words(), effort))
      return hints.get(key)
    },
  }
}

/** A text that no other pattern has. */
export function patternId(pattern: NamePattern): string {
  if (pattern.kind === 'any') return 'any'
  return pattern.kind === 'exact' ? `=${pattern.name}` : `*${pattern.pattern}`
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

/** Finds the groups of the sample that a name is in. */
function groupsOfNames({ names }: Catalogue): (name: string) => readonly string[] {
  const groups = [...names].filter(([, { isGroup }]) => isGroup).map(([name]) => [name, name] as const)
  return groups.length === 0 ? () => [] : indexNames(new Map(), new Map(groups))
}

function addedUp(
  { names }: Catalogue,
  fitting: readonly string[] | undefined,
  effort: { attributes: number },
): FittingSpans | undefined {
  const found = fitting?.flatMap((name) => names.get(name) ?? [])
  if (found === undefined || found.length === 1) return found?.[0]
  const attributes = new Map<string, { spans: number; readonly types: Set<ValueType> }>()
  for (const seen of found) {
    effort.attributes -= seen.attributes.size
    if (effort.attributes < 0) return undefined
    for (const [key, { spans, types }] of seen.attributes) {
      const sum = attributes.get(key) ?? { spans: 0, types: new Set() }
      sum.spans += spans
      for (const type of types) sum.types.add(type)
      attributes.set(key, sum)
    }
  }
  const spans = found.reduce((sum, seen) => sum + seen.spans, 0)
  return { spans, hasMore: found.some(({ hasMore }) => hasMore), attributes }
}

/** What was seen of an attribute on these spans and on resources, under the name that they carry. */
export function sampledAttribute(
  { catalogue: { resource } }: SampledSpans,
  { attributes }: FittingSpans,
  { key, from, exact }: Attribute,
): { readonly key: string; readonly seen: readonly SampledAttribute[] } | undefined {
  const { others } = from === 'resource' ? namesOnResource(key, exact) : namesOf(key, exact)
  for (const name of [key, ...others.map((other) => other.key)]) {
    const seen = [from === 'resource' ? undefined : attributes.get(name), resource.get(name)]
    const found = seen.filter((each) => each !== undefined)
    if (found.length > 0) return { key: name, seen: found }
  }
  return undefined
}
