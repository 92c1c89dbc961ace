import type { CheckedRule } from '../ast.ts'
import type { CheckedRules } from './check.ts'

/**
 * The rules of the set before that stay in force: those whose new text has problems, by name, and those of a file in which
 * something is wrong that belongs to no rule with a name, unless the new set has them. A rule that was taken out is not among them.
 */
export function lastGoodRules(
  checked: Pick<CheckedRules, 'rules' | 'rejected' | 'troubledFiles'>,
  before: readonly CheckedRule[],
): readonly CheckedRule[] {
  if (checked.rejected.size === 0 && checked.troubledFiles.size === 0) return []
  const good = new Set(checked.rules.map(({ name }) => name))
  return before.filter(
    ({ name, file }) => !good.has(name) && (checked.rejected.has(name) || checked.troubledFiles.has(file)),
  )
}

/** How one set of rules differs from the one before, by name. */
export interface RulesDifference {
  readonly added: readonly string[]
  /** Of another revision: they say something else. */
  readonly changed: readonly string[]
  readonly removed: readonly string[]
  /** In force as they were, because their new text has problems. */
  readonly keptBack: readonly string[]
}

/** Compares two sets; `keptBack` are the rules of `after` that came from `before`. */
export function rulesDifference(
  before: readonly CheckedRule[],
  after: readonly CheckedRule[],
  keptBack: readonly CheckedRule[],
): RulesDifference {
  const earlier = new Map(before.map(({ name, revision }) => [name, revision]))
  const names = new Set(after.map(({ name }) => name))
  const fresh = after.filter(({ name }) => !earlier.has(name))
  const changed = after.filter(({ name, revision }) => earlier.has(name) && earlier.get(name) !== revision)
  return {
    added: fresh.map(({ name }) => name),
    changed: changed.map(({ name }) => name),
    removed: before.filter(({ name }) => !names.has(name)).map(({ name }) => name),
    keptBack: keptBack.map(({ name }) => name),
  }
}

const MAX_NAMED = 20

/** `2 added: A, B; 1 kept back: C`, at most 20 names of each; undefined where nothing differs. */
export function differenceText({ added, changed, removed, keptBack }: RulesDifference): string | undefined {
  const parts = Object.entries({ added, changed, removed, 'kept back': keptBack })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${names.length} ${what}: ${named(names)}`)
  return parts.length === 0 ? undefined : parts.join('; ')
}

function named(names: readonly string[]): string {
  const more = names.length - MAX_NAMED
  return `${names.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
