import { newKeySlots, spanLookups } from '../lookups.ts'
import type { RuleSet, Run, SpanView } from '../plan.ts'
import { newView } from '../run.ts'
import type { ClauseEvidence } from '../verdict.ts'
import type { Sight } from './reasons.ts'

/** A trace as the rules of a set see it, to say why they hold or not. */
export interface Inspection {
  readonly set: RuleSet
  readonly run: Run
}

/** What was seen of a condition that is not made of others. */
export type Seen = Omit<ClauseEvidence, 'block' | 'depth' | 'clause'>

export function spanSight({ set, run }: Inspection, position: number): Sight<SpanView> {
  return { scope: newView(run, position), lookups: spanLookups(newKeySlots(), set.regex) }
}
