import type { Severity } from '../rules/ast.ts'
import type { AbsentAttribute } from '../rules/blind/absent.ts'
import type { RuleVerdict } from './experiment-verdict.ts'

/** What judging a range of traces by one rule found. */
interface RuleCounts {
  readonly exercised: number
  readonly violated: number
  readonly inconclusive: number
  readonly blind: number
  readonly absent: readonly AbsentAttribute[]
}

/** The word for a rule over a range: the first that is so of violated, inconclusive, blind, held. */
export function verdictOver({ exercised, violated, inconclusive, blind, absent }: RuleCounts): RuleVerdict['verdict'] {
  if (violated > 0) return 'violated'
  if (inconclusive > 0) return 'inconclusive'
  if (blind > 0 && absent.length > 0) return 'blind'
  return exercised > 0 ? 'held' : 'not-exercised'
}

/** The states of rules over a range of whole hours; written to JSON without change, times RFC 3339, UTC. */
export interface RuleStates {
  /** The first hour, and the end of the last one, which is not part of the range. */
  readonly from: string
  readonly to: string
  /** Traces that started in the range. */
  readonly traces: number
  /** In the order of the rules asked about. */
  readonly rules: readonly RuleState[]
  /** Hours that were too large for their summary: their counts are those of a part of their traces. */
  readonly partialHours: readonly string[]
  /** What could not be read, and is missing from the counts. */
  readonly failures: readonly { readonly key: string; readonly reason: string }[]
}

/** The state of one rule over a range. */
export interface RuleState {
  readonly rule: string
  readonly revision: string
  readonly severity: Severity
  /** Of mode shadow: its violations are counted and reach nobody. */
  readonly shadow: boolean
  /** In force as it was, because its new text has problems. */
  readonly keptBack: boolean
  /** The first that is so of violated, inconclusive, blind, held; not-exercised: none is. */
  readonly state: RuleVerdict['verdict']
  /** Traces that gave the rule something to say, and those that broke it. */
  readonly exercised: number
  readonly violated: number
  /** Traces on which judging was stopped, as it would have taken too many steps. */
  readonly inconclusive: number
  /** Traces that exercised the rule and left it blind; 0 where it was violated. */
  readonly blind: number
  /** When the last trace that exercised the rule, or broke it, started. */
  readonly lastExercised: string | null
  readonly lastViolated: string | null
  /** Attributes the rule needs that were on none of the spans it was asked of; empty where it was violated. */
  readonly absent: readonly AbsentAttribute[]
  /** Hours with traces that count in one of the numbers, oldest first. */
  readonly hours: readonly RuleStateHour[]
}

/** What one hour adds to the state of a rule. */
export interface RuleStateHour {
  readonly hour: string
  readonly exercised: number
  readonly violated: number
  readonly inconclusive: number
  readonly blind: number
}
