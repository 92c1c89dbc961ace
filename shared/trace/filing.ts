import type { TraceTime } from './summary.ts'

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

/** No trace is older than OpenTelemetry; an earlier start comes from a clock that was never set. */
const EARLIEST_HISTORY_MS = Date.UTC(2015, 0, 1)

/**
 * Files a trace under its earliest start. Where that lies more than 7 days before or 1 hour after the arrival
 * (milliseconds since 1970) of its first chunk, a broken clock is likelier, and the arrival counts, unless the trace is history.
 */
export function fileTrace(time: TraceTime | undefined, arrivedAtMs: number, judgeWindowMs: number): Filing {
  if (time === undefined) return { atMs: arrivedAtMs, by: 'arrival' }
  const { startMs } = time
  const believable = startMs >= arrivedAtMs - MAX_DELAY_MS && startMs <= arrivedAtMs + MAX_CLOCK_LEAD_MS
  return believable || isHistory(time, arrivedAtMs, judgeWindowMs)
    ? { atMs: startMs, by: 'start' }
    : { atMs: arrivedAtMs, by: 'arrival' }
}

/** Whether all spans of a trace started longer than the judge window before it arrived: somebody sends old data. */
export function isHistory({ startMs, lastStartMs }: TraceTime, arrivedAtMs: number, judgeWindowMs: number): boolean {
  return startMs >= EARLIEST_HISTORY_MS && lastStartMs < arrivedAtMs - judgeWindowMs
}
