import type { ReplayPlan } from './plan.ts'

/** What a replay is likely to take. */
export interface ReplayEstimate {
  readonly spans: number
  readonly seconds: number
}

/** Measured on shop traffic (8 attributes a span): an archived span takes about 45 bytes. */
const BYTES_A_SPAN = 45
/** Measured: a rule with filters judges about 2 million archived spans a second and core, one on names alone more. */
const SPANS_A_SECOND = 2_000_000
/** Opening an item: listing, footers, the first columns. */
const SECONDS_AN_ITEM = 0.005

/** Estimates a planned replay from the bytes of its objects, on the given number of parallel workers. */
export function estimateReplay({ bytes, items }: ReplayPlan, workers: number): ReplayEstimate {
  const spans = Math.round(bytes / BYTES_A_SPAN)
  return { spans, seconds: (spans / SPANS_A_SECOND + items.length * SECONDS_AN_ITEM) / Math.max(1, workers) }
}
