import type { BoundValue } from '../ast.ts'
import type { BoundSpans } from '../binding/witness.ts'
import { newKeySlots, spanLookups } from '../compile/lookups.ts'
import type { Run, SpanView } from '../compile/plan.ts'
import { type Lookups, planOperand } from '../compile/plan-test.ts'
import type { CompiledRules } from '../compile/rule-set.ts'
import { newView } from '../judge/run.ts'
import type { Value } from '../judge/values.ts'
import type { ClauseEvidence } from '../judge/verdict.ts'
import type { Sight } from './reasons.ts'

/** A trace as the rules of a set see it, to say why they hold or not. */
export interface Inspection {
  readonly set: CompiledRules
  readonly run: Run
  /** The spans that bound names are bound to. */
  readonly names: BoundSpans
}

/** What was seen of a condition that is not made of others. */
export type Seen = Omit<ClauseEvidence, 'block' | 'depth' | 'clause'>

export function spanSight(inspection: Inspection, position: number): Sight<SpanView> {
  return { scope: newView(inspection.run, position), lookups: lookupsWithNames(inspection) }
}

/** How values of a span are read, and those of the bound spans. */
export function lookupsWithNames(inspection: Inspection): Lookups<SpanView> {
  return {
    ...spanLookups(newKeySlots(), inspection.set.regex),
    boundValue: (value) => () => boundValueOf(inspection, value),
  }
}

/** Missing where the name names no span. */
export function boundValueOf(inspection: Inspection, { bound, value }: BoundValue): Value {
  const position = inspection.names.get(bound.id)
  if (position === undefined) return undefined
  const { scope, lookups } = spanSight(inspection, position)
  return planOperand(value, lookups)(scope)
}
