import type { CheckedRule } from '../ast.ts'

/**
 * What one rule says of one trace; `vacuous`: its `when` held nowhere outside `except`; `inconclusive`: it was given up,
 * as no index answers it and it would take too many steps.
 */
export type Outcome = 'satisfied' | 'violated' | 'vacuous' | 'inconclusive'

export interface Verdict {
  readonly rule: CheckedRule
  readonly outcome: Outcome
  /** Present where the outcome is `violated`, and everywhere when explained. Worked out when first read. */
  readonly evidence?: Evidence
  /**
   * Of a violation that a later span may end, as an order with `within` allows: until when it may start, in nanoseconds since
   * 1970 by the clock of the spans. Worked out when first read.
   */
  readonly openUntilNanos?: bigint | undefined
}

/**
 * Why a verdict is what it is. Of a violation only what led to it: of an `or` that is true the arms that are true, of a
 * block that is as it should be nothing. JSON as written, at most 8 KiB.
 */
export interface Evidence {
  /** Clauses by block and in the order written; the parts of a clause follow it, one level deeper. */
  readonly clauses: readonly ClauseEvidence[]
  /** True where clauses, spans, values or text were cut to keep within the size; the counts stay exact. */
  readonly truncated: boolean
}

export type Block = 'pattern' | 'when' | 'always' | 'never' | 'except when'

export interface ClauseEvidence {
  readonly block: Block
  /** 0 for a clause of the block itself, 1 for a part of the clause before at depth 0, and so on. */
  readonly depth: number
  /** The clause in its own words. */
  readonly clause: string
  readonly holds: boolean
  /** One readable line: what was seen, e.g. `0 of 12 spans named cart.validate`. */
  readonly seen: string
  /** Spans that decided it, by start, then id (the first few): those found, those counted, those that are not as `all` has it. */
  readonly spans: readonly SpanEvidence[]
  readonly spanCount: number
  /** Where none was found: spans of the name that failed the filter, those that failed least first (a few). */
  readonly nearMisses: readonly SpanEvidence[]
  readonly nearMissCount: number
}

export interface SpanEvidence {
  readonly spanId: string
  readonly name: string
  /** The resource's `service.name`, '' where it has none. */
  readonly service: string
  /** What was read on this span, by attribute key or intrinsic; null where there was no value. */
  readonly values: Readonly<Record<string, EvidenceValue>>
  /** Why the filter failed, of a near miss: `retries is the string "5", not a number`. */
  readonly reason?: string
}

/**
 * A value as JSON: an integer beyond 2^53 as its digits, NaN and the infinities by name, a duration with its unit, bytes
 * as `3 bytes: 0a0b0c`, a key-value list as its JSON text. Long strings and arrays are cut, with what was there counted.
 */
export type EvidenceValue = string | number | boolean | null | readonly EvidenceValue[]
