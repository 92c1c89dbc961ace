import type { RulePlan, Run } from '../compile/plan.ts'
import { startCounting } from './run.ts'
import { GivenUp } from './steps.ts'
import type { Outcome } from './verdict.ts'

/** What a rule says of the trace of a run. */
export function outcomeOf({ decide }: Pick<RulePlan, 'decide'>, run: Run): Outcome {
  startCounting(run)
  try {
    return decide(run)
  } catch (error) {
    if (error instanceof GivenUp) return 'inconclusive'
    throw error
  }
}
