import type { AlertCondition } from '../rules/ast.ts'

export const MINUTE_MS = 60_000

/** What happened to a rule in one whole minute. */
export interface RuleMinute {
  readonly minuteMs: number
  /** Traces that gave the rule something to say, in any group. */
  readonly exercised: number
  /** Live signals of the incident that fired. */
  readonly broken: number
}

/** What is known of an incident over the time that its condition looks back on. */
export interface ConditionFacts {
  /** When its live signals fired, one a trace, the newest first: the newest alone for `each`, none for a share. */
  readonly firedMs: readonly number[]
  /** For a share: the minutes in which something happened. */
  readonly minutes: readonly RuleMinute[]
}

/** How far back a condition looks that may have held until `quietMs` ago. */
export function lookBackMs(alert: AlertCondition, quietMs: number): number {
  return alert.kind === 'each' ? quietMs : quietMs + alert.windowMs + MINUTE_MS
}

/**
 * Until when the condition held that opens an incident; undefined where it never did in what is known. A time to come means
 * that it holds now. Of a share only minutes that are over count.
 */
export function heldUntilMs(alert: AlertCondition, facts: ConditionFacts, nowMs: number): number | undefined {
  switch (alert.kind) {
    case 'each':
      return facts.firedMs[0]
    case 'count':
      return countedUntilMs(alert.count, alert.windowMs, facts.firedMs)
    case 'share':
      return shareUntilMs(alert.share, alert.windowMs, facts.minutes, nowMs)
  }
}

/** The last time at which that many signals had fired within the window. */
function countedUntilMs(count: number, windowMs: number, firedMs: readonly number[]): number | undefined {
  for (let at = count - 1; at < firedMs.length; at++) {
    const [newest = 0, oldest = 0] = [firedMs[at - count + 1], firedMs[at]]
    if (newest - oldest < windowMs) return oldest + windowMs
  }
  return undefined
}

function shareUntilMs(
  share: number,
  windowMs: number,
  minutes: readonly RuleMinute[],
  nowMs: number,
): number | undefined {
  if (minutes.length === 0) return undefined
  const byMinute = new Map(minutes.map((minute) => [minute.minuteMs, minute]))
  const firstMs = Math.min(...byMinute.keys())
  for (let endMs = startOfMinute(nowMs); endMs > firstMs; endMs -= MINUTE_MS) {
    let [exercised, broken] = [0, 0]
    for (let ms = endMs - windowMs; ms < endMs; ms += MINUTE_MS) {
      exercised += byMinute.get(ms)?.exercised ?? 0
      broken += byMinute.get(ms)?.broken ?? 0
    }
    // A single trace can so never be share enough.
    if (broken > 0 && exercised * share >= 1 && broken >= share * exercised) return endMs + MINUTE_MS
  }
  return undefined
}

/** The start of the minute of a time; milliseconds since 1970. */
export function startOfMinute(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS
}
