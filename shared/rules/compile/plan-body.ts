import type { CheckedRule } from '../ast.ts'
import { planBoundBody } from '../binding/body.ts'
import type { Planner } from '../binding/planner.ts'
import { usesNames } from '../binding/references.ts'
import type { Outcome } from '../judge/verdict.ts'
import type { Run } from './plan.ts'

/** A body as a closure over what the planner's set shares. */
export function planBody(planner: Planner, body: CheckedRule['body']): (run: Run) => Outcome {
  if (usesNames(body)) return planBoundBody(planner, body)
  if (body.kind === 'pattern') {
    const holds = planner.condition(body.condition)
    return (run) => (holds(run) ? 'violated' : 'satisfied')
  }
  const when = planner.condition(body.when)
  const always = body.always && planner.condition(body.always)
  const never = body.never && planner.condition(body.never)
  const except = body.except && planner.condition(body.except)
  return (run) => {
    if (!when(run) || except?.(run) === true) return 'vacuous'
    return always?.(run) === false || never?.(run) === true ? 'violated' : 'satisfied'
  }
}
