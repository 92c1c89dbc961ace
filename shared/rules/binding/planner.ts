import type { Condition, Selector } from '../ast.ts'
import type { Predicate, Run, SpanView } from '../compile/plan.ts'
import type { Decider, Lookups } from '../compile/plan-test.ts'
import type { Formula, Variable, Variables } from './formula.ts'
import type { Joined } from './joined.ts'

/** What the planning of one rule takes from the set that it belongs to. */
export interface Planner {
  /** The spans of a selector that uses no names. */
  predicate(selector: Selector): Predicate
  /** How values of the spans of a selector are read. */
  lookups(selector: Selector): Lookups<SpanView>
  /** A condition that uses no names. */
  condition(condition: Condition): Decider<Run>
  readonly trace: Lookups<Run>
}

/** The planning of one rule. */
export interface Planning {
  readonly planner: Planner
  readonly variables: Variables
  /** The spans of a variable for which every part holds. */
  join(variable: Variable, parts: readonly Formula[]): Joined
  /** Numbers of memories given out so far. */
  memories: number
}

export function nextMemory(planning: Planning): number {
  return planning.memories++
}
