import type { SourceRange } from '../../errors.ts'
import type { RuleFacts } from './facts.ts'
import type { SampledSpans } from './sampled-spans.ts'

/** Everything that may be a mistake in rules that are well formed. */
export const RULE_WARNING_CODES = [
  'ambiguous-dotted-word',
  'misspelt-bound-name',
  'not-over-missing',
  'never-holds',
  'never-fires',
  'fires-without-names',
  'stray-value',
  'attribute-as-text',
  'unbound-order',
  'matches-itself',
  'except-ignores-binding',
  'unindexed-join',
  'fires-always',
  'implied-rule',
  'span-value-as-attribute',
  'event-attribute',
  'attribute-type',
  'quoted-glob',
  'group-by-id',
  'unknown-span-name',
  'unknown-attribute',
  'absent-attribute',
] as const

export type RuleWarningCode = (typeof RULE_WARNING_CODES)[number]

/** One thing in a rule that may be a mistake; the rule is used all the same. */
export interface Warning {
  readonly code: RuleWarningCode
  readonly message: string
  /** An instruction; following it removes the warning. */
  readonly hint: string
  readonly range: SourceRange
}

/** A warning, and the rule and file it is about. */
export interface RuleWarning extends Warning {
  readonly file: string
  readonly rule: string
}

/** What a lint may look at: all rules that are loaded together, and spans seen before. */
interface LintContext {
  readonly rules: readonly RuleFacts[]
  readonly sample: SampledSpans | undefined
}

export type ReportWarning = (warning: Warning) => void

/** Prepares one lint for a set of rules, and gives what looks at each of them. */
export type Lint = (context: LintContext) => (rule: RuleFacts, report: ReportWarning) => void
