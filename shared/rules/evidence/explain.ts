import type { Trace } from '../../trace/span.ts'
import { startRun } from '../judge.ts'
import type { RuleSet } from '../plan.ts'
import type { Verdict } from '../verdict.ts'
import { wholeEvidence } from './evidence.ts'

/** The verdict of every rule on one trace, in the order of the rules, each with all that was seen, clause by clause. */
export function explain(set: RuleSet, trace: Trace): readonly Verdict[] {
  const run = startRun(set, trace)
  return set.plans.map(({ rule, decide }) => ({
    rule,
    outcome: decide(run),
    evidence: wholeEvidence({ set, run }, rule),
  }))
}
