import type { AttributeValue } from '../trace/span.ts'
import type { CheckedRule } from './ast.ts'

/** What one rule says of one trace; `vacuous`: its `when` held nowhere outside `except`. */
export type Outcome = 'satisfied' | 'violated' | 'vacuous'

export interface Verdict {
  readonly rule: CheckedRule
  readonly outcome: Outcome
  /** Present where the outcome is `violated`, and everywhere when explained. */
  readonly evidence?: Evidence
}

/** Why a verdict is what it is, clause by clause in the order written. */
export interface Evidence {
  readonly clauses: readonly ClauseEvidence[]
}

export interface ClauseEvidence {
  readonly block: 'pattern' | 'when' | 'always' | 'never' | 'except when'
  /** The clause as written, white space folded. */
  readonly clause: string
  readonly holds: boolean
  /** One readable line: what was seen, e.g. `0 of 12 spans named cart.validate`. */
  readonly seen: string
  /** Spans that made it true (the first few; `spanCount` says how many there were). */
  readonly spans: readonly SpanEvidence[]
  readonly spanCount: number
  /** Same name, failed filter (the first few). */
  readonly nearMisses: readonly SpanEvidence[]
}

export interface SpanEvidence {
  readonly spanId: string
  readonly name: string
  readonly service: string
  /** Attribute values that were read on this span; a value that is no JSON is rendered as text. */
  readonly values: Readonly<Record<string, AttributeValue | undefined>>
  /** For a near miss, why the filter failed: `retries is the string "5"`. */
  readonly reason?: string
}
