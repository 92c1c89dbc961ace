import type { Trace } from './span.ts'

/** Under which time the archive files a trace: fixed at its first verdict, whatever spans come later. */
export interface Filing {
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** `arrival`: the start the trace claims cannot be true. */
  readonly by: 'start' | 'arrival'
}

const HOUR_MS = 3_600_000
const MAX_DELAY_MS = 7 * 24 * HOUR_MS
const MAX_CLOCK_LEAD_MS = HOUR_MS

/**
 * Files a trace under its earliest start; where that lies more than 7 days before or 1 hour after the arrival
 * (milliseconds since 1970) of its first chunk, a broken clock is likelier, and the arrival counts.
 */
export function fileTrace(trace: Pick<Trace, 'spans'>, arrivedAtMs: number): Filing {
  const first = trace.spans[0]
  if (first === undefined) return { atMs: arrivedAtMs, by: 'arrival' }
  const startMs = Number(first.startUnixNano / 1_000_000n)
  const believable = startMs >= arrivedAtMs - MAX_DELAY_MS && startMs <= arrivedAtMs + MAX_CLOCK_LEAD_MS
  return believable ? { atMs: startMs, by: 'start' } : { atMs: arrivedAtMs, by: 'arrival' }
}
