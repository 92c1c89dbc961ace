import type { CheckedRule, Condition, Filter } from '../ast.ts'
import { type PlacedTest, testsOf } from '../walk.ts'
import { bindsSpans, type Cases, casesOf, violation } from './cases.ts'
import { isImpossible } from './contradiction.ts'
import { eventFiltersOf, type NamedSelection, selectionsOf } from './selections.ts'

/** A rule and what lints ask of it, found once for all of them. */
export interface RuleFacts {
  readonly rule: CheckedRule
  /** In the order in which they are judged. */
  readonly conditions: readonly Condition[]
  readonly tests: readonly PlacedTest[]
  readonly selections: readonly NamedSelection[]
  readonly eventFilters: readonly (readonly Filter[])[]
  /** Whether it gives names to spans. */
  readonly binds: boolean
  /** What holds of a trace that violates it, and the ways in which that can be. */
  readonly violation: Condition
  readonly violated: Cases
  readonly neverFires: boolean
}

export function ruleFactsOf(rule: CheckedRule): RuleFacts {
  const conditions = conditionsOf(rule)
  const violating = violation(rule.body)
  const violated = casesOf(violating, true)
  return {
    rule,
    conditions,
    tests: testsOf(conditions),
    selections: selectionsOf(conditions),
    eventFilters: eventFiltersOf(conditions),
    binds: conditions.some(bindsSpans),
    violation: violating,
    violated,
    neverFires: isImpossible(violated),
  }
}

function conditionsOf({ body }: CheckedRule): readonly Condition[] {
  if (body.kind === 'pattern') return [body.condition]
  return [body.when, body.except, body.always, body.never].filter((condition) => condition !== undefined)
}
