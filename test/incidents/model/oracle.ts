import type { AlertCondition } from '../../../shared/rules/ast.ts'

/*
 * What the language says of conditions and ends, once more in the plainest words, over what the model recorded; nothing of
 * the protocol is used.
 */

const MINUTE_MS = 60_000

/** A signal as it was stored. */
export interface RecordedSignal {
  readonly key: string
  readonly traceId: string
  readonly firedAtMs: number
  retracted: boolean
}

/** A trace that gave a rule something to say. */
export interface RecordedExercise {
  readonly atMs: number
  readonly held: boolean
}

/** Until when the condition of an incident held; before all time where it never did. */
export function heldUntil(
  alert: AlertCondition,
  signals: readonly RecordedSignal[],
  exercise: readonly RecordedExercise[],
  nowMs: number,
): number {
  const times = timesOf(signals)
  if (alert.kind === 'each') return Math.max(Number.NEGATIVE_INFINITY, ...times)
  if (alert.kind === 'count') {
    const crowded = times.filter(
      (start) => times.filter((time) => time >= start && time < start + alert.windowMs).length >= alert.count,
    )
    return Math.max(Number.NEGATIVE_INFINITY, ...crowded.map((start) => start + alert.windowMs))
  }
  // No window that begins after the last of them says anything.
  const lastMs = startOfMinute(Math.min(nowMs, Math.max(0, ...times) + alert.windowMs))
  const inWindow = (endMs: number) => (ms: number) => ms >= endMs - alert.windowMs && ms < endMs
  for (let endMs = lastMs; endMs > Math.min(...times, lastMs); endMs -= MINUTE_MS) {
    const broken = times.filter(inWindow(endMs)).length
    const tried = exercise.filter(({ atMs }) => inWindow(endMs)(atMs)).length
    if (broken >= 1 && broken >= alert.share * tried && tried >= 1 / alert.share) return endMs + MINUTE_MS
  }
  return Number.NEGATIVE_INFINITY
}

function startOfMinute(ms: number): number {
  return ms - (ms % MINUTE_MS)
}

/** When each trace broke the rule last. */
function timesOf(signals: readonly RecordedSignal[]): readonly number[] {
  const newest = new Map<string, number>()
  for (const { traceId, firedAtMs } of signals) newest.set(traceId, Math.max(firedAtMs, newest.get(traceId) ?? 0))
  return [...newest.values()]
}

/**
 * Whether a rule was kept often enough since the last of these signals: three times as many traces as it took for one to
 * break it while it was broken, 3 at least and 300 at most.
 */
export function heldEnough(
  signals: readonly RecordedSignal[],
  exercise: readonly RecordedExercise[],
  openedAtMs: number,
): boolean {
  const lastMs = Math.max(...signals.map(({ firedAtMs }) => firedAtMs))
  const openedMinuteMs = startOfMinute(openedAtMs)
  const tried = exercise.filter(({ atMs }) => atMs >= openedMinuteMs && atMs <= lastMs).length
  const tracesForOne = tried / timesOf(signals).length
  const needed = Math.min(300, Math.max(3, Math.ceil(3 * tracesForOne)))
  return exercise.filter(({ atMs, held }) => held && atMs > lastMs).length >= needed
}
