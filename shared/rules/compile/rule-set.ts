import type { CheckedRule } from '../ast.ts'
import type { Planner } from '../binding/planner.ts'
import type { NameLookup } from './name-index.ts'
import type { NameGroup, RulePlan } from './plan.ts'
import type { RegexTest } from './regex.ts'

/**
 * Rules ready to judge any number of traces. A rule that no trace lacking certain span names can violate is looked at
 * only where such a name occurs; `judge` returns no verdict of it elsewhere, where its outcome is its idle outcome.
 */
export interface CompiledRules {
  readonly rules: readonly CheckedRule[]
  readonly plans: readonly RulePlan[]
  /** Groups of the rules that a span name belongs to; those of `any` are left out. */
  readonly lookup: NameLookup<NameGroup>
  /** To be judged on every trace, as they may be violated or triggered whatever spans it has. */
  readonly always: readonly RulePlan[]
  /** To be judged on every trace that has a span. */
  readonly anySpan: readonly RulePlan[]
  /** Every name pattern that is asked for, by its shape. */
  readonly groups: ReadonlyMap<string, NameGroup>
  /** Compiled regexes. */
  readonly regex: (pattern: string) => RegexTest
  /** Finds spans for the names of a rule, to say why it holds or not. */
  readonly planner: Planner
}
