import type { SignalData } from '../pipeline/signal.ts'
import type { CheckedRule, Severity } from '../rules/ast.ts'
import { type AbsentAttribute, absentAttributes } from '../rules/blind/absent.ts'
import { idleOutcome } from '../rules/judge/judge.ts'
import type { Outcome } from '../rules/judge/verdict.ts'
import type { ReplayPlan } from './plan.ts'
import type { ReplayRange } from './range.ts'
import type { Failure, ObjectTally, RuleTally, Tally } from './tally.ts'

/** What a replay found, as JSON. Times are RFC 3339, UTC; `to` is exclusive. */
export interface ReplayReport {
  readonly from: string
  readonly to: string
  /** Latest trace in range that is archived; traces that are still being judged are not. Null: the range has no archived trace. */
  readonly archivedThrough: string | null
  /**
   * Traces judged. One that a crash had archived twice is counted by each skipped object that holds it, until these are
   * compacted; violations are never counted twice.
   */
  readonly traces: number
  readonly rules: readonly RuleReport[]
  /** `replaced`: taken over by compacted objects. */
  readonly objects: ObjectTally & { readonly replaced: number }
  /** What could not be read, and is missing from the counts. */
  readonly failures: readonly Failure[]
}

export interface RuleReport {
  readonly rule: string
  readonly revision: string
  readonly severity: Severity
  /** Of mode shadow: its violations are counted, and reach nobody when it is in force. */
  readonly shadow: boolean
  readonly judged: number
  readonly violated: number
  readonly satisfied: number
  /** The rule's `when` held nowhere outside `except`. */
  readonly vacuous: number
  /** The rule was given up, as it would have taken too many steps. */
  readonly inconclusive: number
  /**
   * Traces that exercised the rule and left it blind: with some values of attributes that are missing there, it would have
   * been violated. Not counted of a rule that was violated.
   */
  readonly blind: number
  /** Attributes that the rule needs and that no span it asked carries. Not looked for where the rule was violated. */
  readonly absent: readonly AbsentAttribute[]
  /** Hours with violations, oldest first. */
  readonly hours: readonly { readonly hour: string; readonly violated: number }[]
  readonly first: string | null
  readonly last: string | null
  /** The earliest violations, with their evidence. */
  readonly samples: readonly ReportSample[]
}

interface ReportSample extends SignalData {
  /** When the trace started. */
  readonly time: string
}

/** Puts the report of a finished replay together. */
export function reportOf(
  range: ReplayRange,
  plan: ReplayPlan,
  rules: readonly CheckedRule[],
  tally: Tally,
): ReplayReport {
  const foreign = plan.foreign.map((key) => ({ key, reason: 'it is not an archive object; move it elsewhere' }))
  return {
    from: iso(range.fromMs),
    to: iso(range.toMs),
    archivedThrough: isoOrNull(tally.archivedThroughMs),
    traces: tally.traces,
    rules: rules.map((rule, order) => reportRule(rule, tally.rules[order] as RuleTally, tally.traces)),
    objects: { ...tally.objects, replaced: plan.replaced },
    failures: [...tally.failures, ...foreign].sort((a, b) => (a.key < b.key ? -1 : 1)),
  }
}

function reportRule(rule: CheckedRule, tally: RuleTally, traces: number): RuleReport {
  const spoken = Object.values(tally.outcomes).reduce((sum, count) => sum + count, 0)
  const outcomes: Record<Outcome, number> = {
    satisfied: 0,
    violated: 0,
    vacuous: 0,
    inconclusive: 0,
    ...tally.outcomes,
  }
  outcomes[idleOutcome(rule)] += traces - spoken
  const hours = [...tally.hours].sort(([a], [b]) => a - b)
  return {
    rule: rule.name,
    revision: rule.revision,
    severity: rule.severity,
    shadow: rule.metadata.mode === 'shadow',
    judged: traces,
    ...outcomes,
    blind: outcomes.violated > 0 ? 0 : tally.blindness.blind,
    absent: outcomes.violated > 0 ? [] : absentAttributes(rule.body, tally.blindness.needs),
    hours: hours.map(([hourMs, violated]) => ({ hour: iso(hourMs), violated })),
    first: isoOrNull(tally.firstMs),
    last: isoOrNull(tally.lastMs),
    samples: tally.samples.map(({ atMs, data }) => ({ time: iso(atMs), ...data })),
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function isoOrNull(ms: number): string | null {
  return Number.isFinite(ms) ? iso(ms) : null
}
