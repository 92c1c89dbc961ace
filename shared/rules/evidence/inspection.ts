import type { BoundValue } from '../ast.ts'
import type { BoundSpans } from '../binding/witness.ts'
import { newKeySlots, spanLookups } from '../compile/lookups.ts'
import type { Run, SpanView } from '../compile/plan.ts'
import { type Lookups, planOperand } from '../compile/plan-test.ts'
import type { CompiledRules } from '../compile/rule-set.ts'
import { newView } from '../judge/run.ts'
import type { Value } from '../judge/values.ts'
import type { ClauseEvidence } from '../judge/verdict.ts'
import { spanWith } from './elsewhere.ts'
import type { Sight } from './sight.ts'

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
  const { run } = inspection
  const scope = newView(run, position)
  return {
    scope,
    lookups: lookupsWithNames(inspection),
    spanWith: (attribute) => spanWith(run, attribute, scope.span.name),
  }
}

/** How values of a span are read, and those of the bound spans. */
export function lookupsWithNames(inspection: Inspection): Lookups<SpanView> {
  const ofSpan = spanLookups(newKeySlots(), inspection.set.regex)
  return {
    ...ofSpan,
    boundValue: (value) => () => boundValueOf(inspection, value),
    nameRead: (value) => (value.kind === 'boundValue' ? () => boundNameOf(inspection, value) : ofSpan.nameRead(value)),
  }
}

/** The other name under which a value of a bound span was found. */
export function boundNameOf(inspection: Inspection, { bound, value }: BoundValue): string | undefined {
  const position = inspection.names.get(bound.id)
  if (position === undefined || value.kind !== 'attribute') return undefined
  const { scope, lookups } = spanSight(inspection, position)
  return lookups.nameRead(value)(scope)
}

/** Missing where the name names no span. */
export function boundValueOf(inspection: Inspection, { bound, value }: BoundValue): Value {
  const position = inspection.names.get(bound.id)
  if (position === undefined) return undefined
  const { scope, lookups } = spanSight(inspection, position)
  return planOperand(value, lookups)(scope)
}
