import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { CheckedRule } from '../ast.ts'
import { closed, type Listing, list, newListing, roomIn } from '../read/listing.ts'
import { reportMisspeltNames } from './bound-names.ts'
import { reportExceptWithoutBinding } from './except-binding.ts'
import { ruleFactsOf } from './facts.ts'
import { reportFiringAlways } from './fires-always.ts'
import { reportGroupsById } from './group-by-id.ts'
import { reportImpliedRules } from './implied-rule.ts'
import { reportSelfMatches } from './matches-itself.ts'
import { reportContradictions } from './never.ts'
import { reportNotOverMissing } from './not-over-missing.ts'
import { reportQuotedGlobs } from './quoted-glob.ts'
import { sampledSpans } from './sampled-spans.ts'
import { reportEventAttributes, reportSpanValues } from './span-values.ts'
import { reportStrayValues } from './stray-value.ts'
import { reportUnboundOrders } from './unbound-order.ts'
import { reportUnindexedJoins } from './unindexed-join.ts'
import { reportUnknownNames } from './unknown-names.ts'
import type { Lint, RuleWarning, RuleWarningCode, Warning } from './warning.ts'
import { reportFiringWithoutNames } from './without-names.ts'
import { reportAttributesAsText, reportDottedWords } from './words.ts'
import { reportWrongTypes } from './wrong-type.ts'

/** Each looks at the whole rule and reports all it finds. */
const LINTS: readonly Lint[] = [
  reportContradictions,
  reportFiringAlways,
  reportFiringWithoutNames,
  reportNotOverMissing,
  reportDottedWords,
  reportAttributesAsText,
  reportStrayValues,
  reportSpanValues,
  reportEventAttributes,
  reportWrongTypes,
  reportQuotedGlobs,
  reportGroupsById,
  reportMisspeltNames,
  reportUnboundOrders,
  reportSelfMatches,
  reportExceptWithoutBinding,
  reportUnindexedJoins,
  reportImpliedRules,
  reportUnknownNames,
]

/**
 * What may be a mistake in a set of checked rules, rule by rule, by place; with a sample also where they do not fit its spans.
 * All are counted, the first 1,000 returned. Nothing here changes what a rule means. Takes time linear in the rules.
 */
export function lintRules(rules: readonly CheckedRule[], sample?: Catalogue): Listing<RuleWarning> {
  const facts = rules.map(ruleFactsOf)
  const context = { rules: facts, sample: sample && sampledSpans(sample, facts) }
  const lints = LINTS.map((lint) => lint(context))
  const listing = newListing<RuleWarning>()
  for (const each of facts) {
    const warnings: Warning[] = []
    for (const lint of lints) lint(each, (warning) => warnings.push(warning))
    if (warnings.length === 0) continue
    const { file, name: rule } = each.rule
    const found = inOrder(warnings)
    const listed = found.slice(0, roomIn(listing)).map((warning) => ({ ...warning, file, rule }))
    list(listing, file, listed, found.length)
  }
  return closed(listing)
}

/** Say less of a place than another warning: what the word is, or which one was meant. */
const VAGUE: ReadonlyMap<RuleWarningCode, readonly RuleWarningCode[]> = new Map([
  ['ambiguous-dotted-word', ['misspelt-bound-name']],
  ['absent-attribute', ['misspelt-bound-name', 'span-value-as-attribute', 'event-attribute', 'stray-value']],
])

/** By place; what a definition brings in stands at one place and is said once, and so is what one word is. */
function inOrder(warnings: readonly Warning[]): readonly Warning[] {
  const seen = new Set<string>()
  const said = new Set(warnings.map((warning) => `${warning.code} ${placeOf(warning)}`))
  return warnings
    .filter((warning) => !VAGUE.get(warning.code)?.some((code) => said.has(`${code} ${placeOf(warning)}`)))
    .toSorted((left, right) => left.range.start.offset - right.range.start.offset)
    .filter((warning) => {
      const key = `${warning.code} ${placeOf(warning)}`
      return !seen.has(key) && seen.add(key)
    })
}

function placeOf({ range }: Warning): number {
  return range.start.offset
}
