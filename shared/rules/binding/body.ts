import type { CheckedRule } from '../ast.ts'
import type { Run } from '../compile/plan.ts'
import type { Outcome } from '../judge/verdict.ts'
import { isExhausted, newEnv } from './env.ts'
import { type Formula, invariantFormulas, newVariables, scopeFormula } from './formula.ts'
import { newPlanning, planFormula } from './join.ts'
import type { Planner } from './planner.ts'

/** Turns a rule that binds names into a closure: it is violated where some choice of spans for its names violates it. */
export function planBoundBody(planner: Planner, body: CheckedRule['body']): (run: Run) => Outcome {
  const variables = newVariables()
  const plan = (formula: Formula) => {
    const holds = planFormula(newPlanning(planner, variables), formula)
    return (run: Run) => {
      const env = newEnv(run)
      const found = holds(env)
      return isExhausted(env) ? undefined : found
    }
  }
  if (body.kind === 'pattern') {
    const violated = plan(scopeFormula(variables, body.condition, false))
    return (run) => outcomeOf(violated(run), () => 'satisfied')
  }
  const formulas = invariantFormulas(variables, body)
  const violated = plan(formulas.violated)
  const applies = plan(formulas.applies)
  return (run) => outcomeOf(violated(run), () => inForceOutcome(applies(run)))
}

function outcomeOf(violated: boolean | undefined, otherwise: () => Outcome): Outcome {
  if (violated === undefined) return 'inconclusive'
  return violated ? 'violated' : otherwise()
}

function inForceOutcome(applies: boolean | undefined): Outcome {
  if (applies === undefined) return 'inconclusive'
  return applies ? 'satisfied' : 'vacuous'
}
