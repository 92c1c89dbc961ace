import type { Trace } from '../../trace/span.ts'
import type { RulePlan, Run } from '../compile/plan.ts'
import type { CompiledRules } from '../compile/rule-set.ts'
import { startRun } from '../judge/judge.ts'
import { outcomeOf } from '../judge/outcome.ts'
import type { Verdict } from '../judge/verdict.ts'
import { givenUpEvidence, wholeEvidence } from './evidence.ts'

/** The verdict of every rule on one trace, in the order of the rules, each with all that was seen, clause by clause. */
export function explain(set: CompiledRules, trace: Trace): readonly Verdict[] {
  const run = startRun(set, trace)
  return set.plans.map((plan) => explained(set, run, plan))
}

function explained(set: CompiledRules, run: Run, plan: RulePlan): Verdict {
  const { rule } = plan
  const outcome = outcomeOf(plan, run)
  const evidence = outcome === 'inconclusive' ? givenUpEvidence(rule) : wholeEvidence({ set, run }, rule)
  const openUntilNanos = outcome === 'violated' ? plan.openUntil?.(run) : undefined
  return { rule, outcome, evidence, ...(openUntilNanos !== undefined && { openUntilNanos }) }
}
