import type { IncidentContext, IncidentSettings } from '../../incidents/context.ts'
import { rulesInForce } from '../../incidents/rules-in-force.ts'
import type { Clock, RuleSource } from '../../pipeline/ports.ts'

/** What decides when incidents open and end in a stack. */
export interface IncidentRules {
  readonly rules: RuleSource
  readonly settings: IncidentSettings
  readonly clock: Clock
}

/** The context of the protocol now; its steps are single writes. */
export async function incidentContext({ rules, settings, clock }: IncidentRules): Promise<IncidentContext> {
  const inForce = rulesInForce(await rules.current())
  return { settings, nowMs: clock(), atomic: false, ruleOf: (rule) => inForce.get(rule) }
}
