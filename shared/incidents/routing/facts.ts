import type { Severity } from '../../rules/ast.ts'
import type { Value } from '../../rules/judge/values.ts'

/** What matchers can ask of an incident. A notice has all of it, too. */
export interface IncidentFacts {
  readonly rule: string
  readonly severity: Severity
  readonly owner?: string | undefined
  readonly tags: readonly string[]
  readonly service: string
  readonly group?: { readonly name: string; readonly value: string } | undefined
  /** Ids of the experiments during which it opened. */
  readonly experiments: readonly string[]
  /** Whether the first trace that broke the rule was complete; left out where that is not known. */
  readonly complete?: boolean | undefined
  /** Which BeTrace says it: the `source` of its CloudEvents. */
  readonly source: string
}

/** The names that a matcher may read, all there are: a name beside these would silently match nothing. */
export const FACT_NAMES = [
  'rule',
  'severity',
  'owner',
  'tags',
  'service',
  'group',
  'group.name',
  'experiments',
  'complete',
  'source',
] as const

export type FactName = (typeof FACT_NAMES)[number]

/** How each name is read; an empty list and an empty text are missing, so that `exists(tags)` means that there is one. */
export const FACTS: { readonly [Name in FactName]: (incident: IncidentFacts) => Value } = {
  rule: ({ rule }) => rule,
  severity: ({ severity }) => severity,
  owner: ({ owner }) => present(owner),
  tags: ({ tags }) => (tags.length === 0 ? undefined : tags),
  service: ({ service }) => present(service),
  group: ({ group }) => group?.value,
  'group.name': ({ group }) => group?.name,
  experiments: ({ experiments }) => (experiments.length === 0 ? undefined : experiments),
  complete: ({ complete }) => complete,
  source: ({ source }) => present(source),
}

function present(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

export function isFactName(name: string): name is FactName {
  return Object.hasOwn(FACTS, name)
}
