import type { CheckedRule, Severity } from '../ast.ts'
import { testsOf } from '../walk.ts'
import { allOf, bindsSpans, type Cases, casesOf, violation } from './cases.ts'
import { isImpossible } from './contradiction.ts'
import { selectionsOf, valuesOf } from './selections.ts'
import { conditionsOf, type Lint } from './warning.ts'

/** Rules that a rule is compared with, of those that read what it reads. */
const COMPARED_LIMIT = 100

/** A rule that never says anything another one has not said, at the same severity or a higher one. */
export const reportImpliedRules: Lint = ({ rules }) => {
  const read = rules.map(readingOf)
  const byRarest = indexByRarest(read)
  const own = new Map(read.map((reading) => [reading.rule, reading]))
  return (rule, report) => {
    const narrow = own.get(rule)
    if (narrow === undefined || isImpossible(narrow.violated)) return
    const near = new Set([...narrow.subjects, ANYTHING].flatMap((subject) => byRarest.get(subject) ?? []))
    near.delete(narrow)
    const candidates = [...near].filter((wide) => maySayMore(wide, narrow)).slice(0, COMPARED_LIMIT)
    const wide = candidates.find(
      (other) => implies(narrow, other) && !(isBefore(narrow, other) && implies(other, narrow)),
    )
    if (wide === undefined) return
    const { name, file, range, severity } = wide.rule
    report({
      code: 'implied-rule',
      message: `every trace that breaks this rule breaks ${name} (${file}:${range.start.line}) too`,
      hint:
        severity === 'critical'
          ? 'remove this rule, or correct its condition'
          : `remove this rule, give it a higher severity than ${severity}, or correct its condition`,
      range: rule.nameRange,
    })
  }
}

/** What every rule reads. */
const ANYTHING = 'anything'

/** A rule and what of it is compared. */
interface RuleReading {
  readonly rule: CheckedRule
  readonly index: number
  /** Names of spans, values of the trace and attributes it reads; none for a pattern of names. */
  readonly subjects: ReadonlySet<string>
  readonly violated: Cases
  readonly kept: Cases
}

function readingOf(rule: CheckedRule, index: number): RuleReading {
  const condition = violation(rule.body)
  return {
    rule,
    index,
    subjects: subjectsOf(rule),
    violated: casesOf(condition, true),
    // Names that two rules give to spans have nothing to do with each other.
    kept: conditionsOf(rule).some(bindsSpans) ? undefined : casesOf(condition, false),
  }
}

function subjectsOf(rule: CheckedRule): ReadonlySet<string> {
  const conditions = conditionsOf(rule)
  const names = selectionsOf(conditions).map(({ name }) => name)
  const values = [...testsOf(conditions)].flatMap(({ test }) => valuesOf(test))
  return new Set([
    ...names.flatMap((name) => (name.kind === 'exact' ? [`name ${name.name}`] : [])),
    ...values.flatMap((operand) => {
      if (operand.kind === 'attribute') return [`attribute ${operand.key}`]
      return operand.kind === 'intrinsic' ? [`value ${operand.name}`] : []
    }),
  ])
}

/** Each rule under the rarest of what it reads: one that implies it reads that as well. */
function indexByRarest(read: readonly RuleReading[]): ReadonlyMap<string, readonly RuleReading[]> {
  const frequency = new Map<string, number>()
  for (const { subjects } of read)
    for (const subject of subjects) frequency.set(subject, (frequency.get(subject) ?? 0) + 1)
  const rules = new Map<string, RuleReading[]>()
  for (const reading of read) {
    const rarest = [...reading.subjects].reduce<string | undefined>(
      (least, each) => (least === undefined || (frequency.get(each) ?? 0) < (frequency.get(least) ?? 0) ? each : least),
      undefined,
    )
    // One with alternatives is implied by a rule that reads one of them.
    const under = isConjunction(reading) ? [rarest ?? ANYTHING] : [...reading.subjects, ANYTHING]
    for (const subject of under) rules.set(subject, [...(rules.get(subject) ?? []), reading])
  }
  return rules
}

function isConjunction({ kept }: RuleReading): boolean {
  return kept?.every((claims) => claims.length === 1) ?? false
}

const RANKS: Readonly<Record<Severity, number>> = { critical: 4, high: 3, medium: 2, low: 1, info: 0 }

function maySayMore(wide: RuleReading, narrow: RuleReading): boolean {
  if (RANKS[narrow.rule.severity] > RANKS[wide.rule.severity]) return false
  if (wide.rule.metadata.mode === 'shadow' && narrow.rule.metadata.mode === 'live') return false
  return !isConjunction(wide) || [...wide.subjects].every((subject) => narrow.subjects.has(subject))
}

function implies(narrow: RuleReading, wide: RuleReading): boolean {
  if (narrow.rule.revision === wide.rule.revision) return true
  return isImpossible(allOf([narrow.violated, wide.kept]))
}

/** Of two rules that say the same, the first one stays; at unlike severities the higher one. */
function isBefore(one: RuleReading, other: RuleReading): boolean {
  const higher = RANKS[one.rule.severity] - RANKS[other.rule.severity]
  return higher > 0 || (higher === 0 && one.index < other.index)
}
