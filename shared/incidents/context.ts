import type { JudgingSettings } from '../pipeline/settings.ts'
import type { AlertCondition } from '../rules/ast.ts'

/** How long incidents live. */
export interface IncidentSettings {
  /** An incident may end when its rule was not broken for this time. */
  readonly quietMs: number
  /** An incident that opens again so soon after its end goes on, in the same episode; at least `quietMs`. */
  readonly cooldownMs: number
  /** Groups of one rule that have incidents of their own at one time. */
  readonly maxGroups: number
}

/** What a protocol needs beside the store. */
export interface IncidentContext {
  readonly settings: IncidentSettings
  readonly nowMs: number
  /** Each protocol is one transaction: nobody sees what is between its steps. */
  readonly atomic: boolean
  /** What the rules in force say of one; undefined where it is not in force, or is in shadow mode. */
  readonly ruleOf: (rule: string) => RuleInForce | undefined
}

export interface RuleInForce {
  readonly alert: AlertCondition
}

/** How long incidents live, of the settings that traces are judged by. */
export function incidentSettings(judging: JudgingSettings): IncidentSettings {
  const { incidentQuietMs: quietMs, incidentCooldownMs: cooldownMs, maxIncidentGroups: maxGroups } = judging
  return { quietMs, cooldownMs, maxGroups }
}
