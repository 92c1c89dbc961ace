import { arrivalMs } from './chunk.ts'
import { arrivedMs } from './clock-step.ts'
import type { Evaluator } from './evaluator.ts'
import { archiveBeyond, archiveLate, isWaitOver, judgeLeased } from './judge-leased.ts'
import { releasedOnError } from './lease.ts'
import type { Marker, PendingSignal, TraceTimer } from './ports.ts'
import { publishPending, requirePublished } from './publish.ts'
import { filingOf, readTrace, type StoredTrace, unfiled } from './reading.ts'

/** What became of a timer; everything but an error means that it is done with. */
export type TimerOutcome =
  /** Armed again: it came too early, another evaluator has the lease or took it over, more chunks may come. */
  | 'early'
  | 'held'
  | 'lost'
  | 'not-quiet'
  | 'incomplete'
  /** Judged in part: the trace has more status changes than are committed at once. */
  | 'continued'
  /** Dropped: a newer chunk has a timer of its own, or a verdict took in all chunks of this one. */
  | 'superseded'
  | 'settled'
  /** Done: the trace was judged, its late part archived, or signals of an earlier verdict sent. */
  | 'judged'
  | 'late'
  | 'history'
  | 'repeated'
  | 'republished'

/**
 * The protocol of one trace, run when a timer fires. Whatever crashes, comes twice, stalls or races: every chunk gets
 * into a verdict, and a signal is committed before it is sent. The clock decides when, never whether.
 */
export async function onTraceTimer(evaluator: Evaluator, timer: TraceTimer): Promise<TimerOutcome> {
  const nowMs = evaluator.clock()
  if (nowMs < timer.dueAtMs) return rearm(evaluator, timer, timer.dueAtMs, 'early')
  const marker = await evaluator.buffer.readMarker(timer.traceId)
  const newest = await evaluator.buffer.newestChunkKey(timer.traceId)
  if (marker?.lease !== undefined && nowMs <= marker.lease.untilMs) {
    return rearm(evaluator, timer, marker.lease.untilMs + 1, 'held')
  }
  const seen = new Set(marker?.seen)
  const waitIsOver = isWaitOver(evaluator, marker)
  if (marker === undefined || marker.pending.length === 0) {
    if (!waitIsOver && timer.chunkKeys.every((key) => seen.has(key))) return 'settled'
    if (!waitIsOver && marker?.truncated === true) return archiveOwnChunks(evaluator, timer, marker)
  }
  if (newest !== undefined && !(await tooOldToWait(evaluator, timer, newest, seen))) {
    // An evaluator that outlived its lease may hold the newest chunk's timer, and have read the trace before ours came:
    // clocks of ingest functions differ, so the newest by key need not be the last that was stored.
    const outlived = marker?.lease !== undefined
    const hasOwnTimer = !seen.has(newest) && !timer.chunkKeys.includes(newest) && !outlived
    if (hasOwnTimer && !waitIsOver) return 'superseded'
    const quietAtMs = arrivedMs(evaluator, newest) + evaluator.settings.quietPeriodMs
    if (nowMs < quietAtMs) return rearm(evaluator, timer, quietAtMs, 'not-quiet')
  }
  const lease = { token: evaluator.newToken(), untilMs: evaluator.clock() + evaluator.settings.leaseMs }
  if (!(await evaluator.buffer.takeLease(timer.traceId, marker, lease)))
    return rearm(evaluator, timer, lease.untilMs + 1, 'held')
  return releasedOnError(evaluator, timer.traceId, lease.token, () => underLease(evaluator, timer, marker, lease.token))
}

/** The pages are read only now, under the lease, so that no chunk stored before is overlooked. */
async function underLease(
  evaluator: Evaluator,
  timer: TraceTimer,
  marker: Marker | undefined,
  token: string,
): Promise<TimerOutcome> {
  const { traceId } = timer
  const unsent = await publishPending(evaluator, marker?.pending ?? [])
  const waitIsOver = isWaitOver(evaluator, marker)
  if (marker?.truncated === true && !waitIsOver) {
    await endWithoutVerdict(evaluator, traceId, token, marker, unsent)
    return rearm(evaluator, timer, evaluator.clock(), 'continued')
  }
  const stored = await readTrace(evaluator, traceId, marker, [], archiveBeyond(evaluator, traceId, marker))
  const judgeAtMs = await waitingUntilMs(evaluator, stored)
  const nothingNew = stored.unseenKeys.length === 0 && !stored.truncated && !waitIsOver
  if (nothingNew || evaluator.clock() < judgeAtMs) {
    const owned = await endWithoutVerdict(evaluator, traceId, token, marker, unsent)
    if (!nothingNew) return rearm(evaluator, timer, judgeAtMs, 'incomplete')
    return owned ? 'republished' : rearmAfterLease(evaluator, timer)
  }
  const outcome = await judgeLeased(evaluator, { traceId, token, marker, stored, unsent, rescued: false })
  if (outcome === 'lost') return rearmAfterLease(evaluator, timer)
  return outcome === 'continued' ? rearm(evaluator, timer, evaluator.clock(), outcome) : outcome
}

/** Gives the lease back; false if another evaluator has it by now. Throws while signals remain that could not be sent. */
async function endWithoutVerdict(
  evaluator: Evaluator,
  traceId: string,
  token: string,
  marker: Marker | undefined,
  unsent: readonly PendingSignal[],
): Promise<boolean> {
  const hadPending = marker !== undefined && marker.pending.length > 0
  const owned = hadPending
    ? await evaluator.buffer.settle(traceId, token, unsent)
    : await evaluator.buffer.release(traceId, token)
  requirePublished(unsent)
  return owned
}

/** When to judge: at once (0) if the trace is complete, truncated or too old, else when its missing spans had their time. */
async function waitingUntilMs(evaluator: Evaluator, stored: StoredTrace): Promise<number> {
  const oldest = stored.unseen[0]
  const newest = stored.chunks.at(-1)
  if (oldest === undefined || newest === undefined || stored.truncated) return 0
  const forcedAtMs = arrivedMs(evaluator, oldest.key) + evaluator.settings.maxTraceAgeMs
  const incompleteAtMs = arrivedMs(evaluator, newest.key) + evaluator.settings.incompleteWaitMs
  const judgeAtMs = Math.min(forcedAtMs, incompleteAtMs)
  if (evaluator.clock() >= judgeAtMs) return 0
  const { complete, truncated } = (await stored.open()).summary
  return complete || truncated ? 0 : judgeAtMs
}

/**
 * True where a trace that does not go quiet has waited long enough. Chunks closer together than half a quiet period
 * are no sign of such a trace, and spare the read: in an endless trace every second timer or more sees a wider gap.
 */
async function tooOldToWait(evaluator: Evaluator, timer: TraceTimer, newest: string, seen: ReadonlySet<string>) {
  const first = timer.chunkKeys.toSorted()[0] ?? newest
  if (arrivalMs(newest) - arrivalMs(first) < evaluator.settings.quietPeriodMs / 2) return false
  const lastSeen = [...seen].toSorted().at(-1)
  const oldest = await evaluator.buffer.oldestChunkKey(timer.traceId, lastSeen)
  return oldest !== undefined && evaluator.clock() - arrivedMs(evaluator, oldest) >= evaluator.settings.maxTraceAgeMs
}

/** A truncated trace is not judged again: its later chunks go to the archive, each by its own timer. */
async function archiveOwnChunks(evaluator: Evaluator, timer: TraceTimer, marker: Marker): Promise<TimerOutcome> {
  const seen = new Set(marker.seen)
  const unseen = timer.chunkKeys.filter((key) => !seen.has(key))
  const chunks = await evaluator.buffer.readChunksByKey(timer.traceId, unseen)
  const filing = await filingOf(evaluator, timer.traceId, marker, unfiled(evaluator, timer.traceId, chunks))
  await archiveLate(evaluator, { traceId: timer.traceId, chunks, filing, revision: marker.verdicts })
  return 'late'
}

async function rearm(
  evaluator: Evaluator,
  timer: TraceTimer,
  dueAtMs: number,
  outcome: TimerOutcome,
): Promise<TimerOutcome> {
  await evaluator.timers.arm([{ ...timer, dueAtMs }])
  return outcome
}

/** Whoever took over read our chunks too, but may crash before it commits: look again after its lease. */
function rearmAfterLease(evaluator: Evaluator, timer: TraceTimer): Promise<TimerOutcome> {
  return rearm(evaluator, timer, evaluator.clock() + evaluator.settings.leaseMs, 'lost')
}
