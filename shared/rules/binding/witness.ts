import type { Condition, Invariant } from '../ast.ts'
import type { Run } from '../compile/plan.ts'
import { newView } from '../judge/run.ts'
import { type Alternative, alternativesOf } from './alternatives.ts'
import { bindSpan } from './buckets.ts'
import { type Env, isExhausted, newEnv } from './env.ts'
import {
  type Formula,
  invariantFormulas,
  newVariables,
  scopeFormula,
  type Variable,
  type Variables,
} from './formula.ts'
import { newPlanning, planAll } from './join.ts'
import { baseOf } from './joined.ts'
import type { Planner, Planning } from './planner.ts'

/** Positions of the spans that names are bound to, by the id of the name. */
export type BoundSpans = ReadonlyMap<number, number>

/**
 * Spans of the names that a condition binds, beside those already known, for which it is true: for one name after the
 * other the first such span. Undefined where no such spans exist, or where finding them takes too long.
 */
export function witnessOf(planner: Planner, run: Run, condition: Condition, known: BoundSpans): BoundSpans | undefined {
  const variables = newVariables()
  const outer = [...known].map(([id, position]) => {
    const { range } = condition
    const selector = { kind: 'selector', name: { kind: 'any', range }, filters: [], range } as const
    const variable: Variable = { slot: variables.count++, name: undefined, selector }
    variables.byName.set(id, variable)
    return { variable, position }
  })
  const env = newEnv(run)
  for (const { variable, position } of outer) {
    env.positions[variable.slot] = position
    env.views[variable.slot] = newView(run, position)
  }
  const found = bindWitness(newPlanning(planner, variables), scopeFormula(variables, condition, false), env)
  return found && new Map([...known, ...namesOf(variables, found, env)])
}

/** Spans for the names of an invariant that violate it, or else that satisfy its `when`; undefined where no such spans exist. */
export function witnessOfInvariant(planner: Planner, run: Run, body: Invariant): BoundSpans | undefined {
  const variables = newVariables()
  const { violated, applies } = invariantFormulas(variables, body)
  for (const formula of [violated, applies]) {
    const env = newEnv(run)
    const found = bindWitness(newPlanning(planner, variables), formula, env)
    if (found !== undefined) return namesOf(variables, found, env)
  }
  return undefined
}

function namesOf({ byName }: Variables, found: readonly Variable[], { positions }: Env): BoundSpans {
  const known = new Set(found)
  const named = [...byName].filter(([, variable]) => known.has(variable))
  return new Map(named.map(([id, { slot }]) => [id, positions[slot] as number] as const))
}

/** Stands the variables of a formula for spans that make it true, and returns them. */
function bindWitness(planning: Planning, formula: Formula, env: Env): readonly Variable[] | undefined {
  const found = alternativesOf(formula).find(({ variables, parts }) => planAll(planning, variables, parts)(env))
  return found !== undefined && bindAll(planning, found, env) ? found.variables : undefined
}

function bindAll(planning: Planning, { variables, parts }: Alternative, env: Env): boolean {
  return variables.every((variable, index) => {
    const holds = planAll(planning, variables.slice(index + 1), parts)
    const base = baseOf(env, planning.planner.predicate(variable.selector))
    return base.positions.some((position) => {
      bindSpan(env, variable.slot, base, position)
      return holds(env) && !isExhausted(env)
    })
  })
}
