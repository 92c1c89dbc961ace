import { type Filing, isHistory } from '../trace/filing.ts'
import type { TraceSummary } from '../trace/summary.ts'
import { arrivalMs, type Chunk } from './chunk.ts'
import { arrivedMs } from './clock-step.ts'
import { judgementIn } from './committed.ts'
import type { Evaluator } from './evaluator.ts'
import type { ExperimentWindow } from './experiment.ts'
import type { JudgedTrace, OpenTrace } from './open-trace.ts'
import type { ArchiveEntry, CommittedJudgement, Marker, PendingSignal, WaitingRules } from './ports.ts'
import { publishPending, requirePublished } from './publish.ts'
import { filingOf, type OnOverflow, openTrace, portionsOf, type StoredTrace, unfiled } from './reading.ts'
import type { Arrivals } from './waiting.ts'

/** A trace whose lease we hold and that has something new to judge. */
export interface LeasedTrace {
  readonly traceId: string
  readonly token: string
  /** As it was read before the lease was taken. */
  readonly marker: Marker | undefined
  readonly stored: StoredTrace
  /** Signals of earlier verdicts that are still to be sent. */
  readonly unsent: readonly PendingSignal[]
  /** Some chunks were removed by their time to live before a verdict took them in. */
  readonly rescued: boolean
}

const NO_JUDGEMENT: CommittedJudgement = { seen: [], verdicts: 0, truncated: false, signals: [], pending: [] }

/** Judges and archives a trace, commits the verdict, then sends its signals; or archives spans that are too late to be judged. */
export async function judgeLeased(
  evaluator: Evaluator,
  leased: LeasedTrace,
): Promise<'judged' | 'continued' | Unjudged> {
  const before = leased.marker ?? NO_JUDGEMENT
  if (before.verdicts === 0 && (await isOld(evaluator, leased))) return archiveHistory(evaluator, leased, before)
  const hasNew = leased.stored.unseen.length > 0 || leased.stored.truncated
  const waitIsOver = isWaitOver(evaluator, before) || (leased.rescued && before.waiting !== undefined)
  if (before.verdicts > 0 && !waitIsOver) {
    if (!hasNew) return close(evaluator, leased, before, 'repeated')
    if (!(await mayReopen(evaluator, leased))) return close(evaluator, leased, before, 'late')
  }
  const isRevision = before.verdicts === 0 || hasNew
  const judged = await judge(evaluator, leased, before, isRevision)
  const seen = judged.more ? before.seen : withUnseen(before, leased.stored)
  // Before the commit: a crash in between costs a verdict on an experiment worked out twice, never one missed.
  if (!judged.more) await evaluator.experiments.judged(judged.windows)
  if (!judged.more && judged.waiting !== undefined) await armWait(evaluator, leased, judged.waiting)
  const committed = await evaluator.buffer.commit(leased.traceId, leased.token, {
    seen,
    verdicts: before.verdicts + (isRevision && !judged.more ? 1 : 0),
    filing: judged.filing,
    truncated: before.truncated || (judged.truncated && !judged.more),
    signals: judged.states,
    ...waitingAfter(judged, before),
    pending: [...leased.unsent, ...judged.changes],
  })
  if (!committed) return 'lost'
  countJudgement(evaluator, leased, before, judged)
  const changes =
    evaluator.buffer.countsShadow === true ? judged.changes.filter(({ shadow }) => !shadow) : judged.changes
  if (!(await sendCommitted(evaluator, leased, changes))) return 'lost'
  return judged.more ? 'continued' : 'judged'
}

/** Whether violations that were kept back have waited long enough. */
export function isWaitOver({ clock }: Evaluator, marker: Pick<CommittedJudgement, 'waiting'> | undefined): boolean {
  return marker?.waiting !== undefined && clock() >= marker.waiting.untilMs
}

/** A judgement that goes on in rounds waits as before until its last round. */
function waitingAfter(judged: Judged, before: CommittedJudgement): Pick<CommittedJudgement, 'waiting'> {
  const waiting = judged.more ? before.waiting : judged.waiting
  return waiting === undefined ? {} : { waiting }
}

/** Before the commit, so that no wait is without its timer. */
function armWait(evaluator: Evaluator, { traceId, stored }: LeasedTrace, { untilMs }: WaitingRules): Promise<void> {
  const chunkKeys = stored.chunks.slice(-1).map(({ key }) => key)
  return evaluator.timers.arm([{ kind: 'trace', traceId, chunkKeys, dueAtMs: untilMs, attempt: 0 }])
}

/** A late span re-opens its trace if it started recently and nothing that was judged before is gone. */
async function mayReopen(evaluator: Evaluator, { traceId, stored }: LeasedTrace): Promise<boolean> {
  if (!stored.seenReadable) return false
  if (stored.truncated && stored.unseen.length === 0) return true
  for (const chunk of stored.unseen) {
    const { time } = (await openTrace(evaluator, traceId, [chunk])).summary
    const earliestMs = arrivalMs(chunk.key) - evaluator.settings.judgeWindowMs
    if (time !== undefined && time.lastStartMs >= earliestMs) return true
  }
  return false
}

interface Judged extends JudgedTrace {
  readonly filing: Filing
  /** Of the experiments during which the trace ran. */
  readonly windows: readonly ExperimentWindow[]
  /** Spans that were cut off for the size of their trace. */
  readonly cutSpans: number
}

async function judge(
  evaluator: Evaluator,
  leased: LeasedTrace,
  before: CommittedJudgement,
  isRevision: boolean,
): Promise<Judged> {
  const { traceId, marker, stored, rescued } = leased
  const opened = await stored.open()
  const filing = await filingOf(evaluator, traceId, marker, stored)
  const windows = await windowsOf(evaluator, opened)
  const { source, maxSignalsPerCommit: maxChanges } = evaluator.settings
  const experiments = windows.map(({ id }) => id)
  const context = { source, mode: 'live', nowMs: evaluator.clock(), experiments } as const
  const { truncated } = stored
  const arrivals = rescued || truncated || marker?.truncated === true ? undefined : arrivalsOf(evaluator, stored)
  const judged = await opened.judge({
    truncated,
    rescued,
    signals: before.signals,
    context,
    maxChanges,
    ...(arrivals !== undefined && { arrivals }),
  })
  evaluator.metrics.observe('judgeMs', judged.judgeMs)
  if (!judged.more && isRevision) {
    const trace = { ...opened.summary, complete: judged.complete, truncated: judged.truncated }
    const revision = before.verdicts + 1
    const reason = rescued ? 'rescued' : 'verdict'
    await evaluator.archive.write({ trace, chunks: stored.chunks, filing, revision, reason })
  }
  return { ...judged, filing, windows, cutSpans: cutSpans(evaluator, opened.summary, stored) }
}

/** Undefined without a chunk. */
function arrivalsOf(evaluator: Evaluator, { chunks }: StoredTrace): Arrivals | undefined {
  const { quietPeriodMs, maxTraceAgeMs } = evaluator.settings
  const [oldest, newest] = [chunks[0], chunks.at(-1)]
  if (oldest === undefined || newest === undefined) return undefined
  const newestMs = arrivedMs(evaluator, newest.key)
  const latestMs = arrivedMs(evaluator, oldest.key) + maxTraceAgeMs
  return { newestMs, latestMs, quietPeriodMs }
}

async function windowsOf(evaluator: Evaluator, opened: OpenTrace): Promise<readonly ExperimentWindow[]> {
  const windows = await evaluator.experiments.overlapping(opened.summary.time)
  return windows.length === 0 ? [] : opened.during(windows)
}

/** Those that came since the last verdict; a span that was sent twice counts twice. */
function cutSpans(evaluator: Evaluator, { spans }: TraceSummary, { chunks, unseen }: StoredTrace): number {
  if (spans.length < evaluator.settings.maxTraceSpans) return 0
  return Math.min(spansIn(chunks) - spans.length, spansIn(unseen))
}

/** `repeated`: the same bytes came again; `lost`: another evaluator took over. */
type Unjudged = 'late' | 'history' | 'repeated' | 'lost'

/** A trace that is history when it first arrives: nobody is paged for last week. */
async function isOld(evaluator: Evaluator, { stored }: LeasedTrace): Promise<boolean> {
  const [first] = stored.chunks
  if (first === undefined) return false
  const { time } = (await stored.open()).summary
  return time !== undefined && isHistory(time, arrivalMs(first.key), evaluator.settings.judgeWindowMs)
}

/** Archives a trace that is history under its own time, as a whole, and counts its spans; no rule judges it. */
async function archiveHistory(
  evaluator: Evaluator,
  leased: LeasedTrace,
  before: CommittedJudgement,
): Promise<'history' | 'lost'> {
  const { traceId, token, stored, unsent } = leased
  const { chunks } = stored
  const opened = await stored.open()
  const filing = await filingOf(evaluator, traceId, leased.marker, stored)
  const truncated = opened.summary.truncated || stored.truncated
  const complete = opened.summary.complete && !truncated && !leased.rescued
  const trace = { ...opened.summary, truncated, complete }
  await evaluator.archive.write({ trace, chunks, filing, revision: 1, reason: 'history' })
  await evaluator.experiments.judged(await windowsOf(evaluator, opened))
  const committed = await evaluator.buffer.commit(traceId, token, {
    seen: withUnseen(before, stored),
    verdicts: 1,
    filing,
    truncated: stored.truncated,
    signals: [],
    pending: unsent,
  })
  if (!committed) return 'lost'
  evaluator.metrics.add('tracesHistory', {})
  evaluator.metrics.add('spansNotJudged', {}, spansIn(chunks))
  evaluator.log('warn', 'a trace is older than the judge window; it is archived and not judged', { traceId })
  return (await sendCommitted(evaluator, leased, [])) ? 'history' : 'lost'
}

/** Nothing to judge: late spans are archived beside the last verdict and counted; no signal changes. */
async function close(
  evaluator: Evaluator,
  leased: LeasedTrace,
  before: CommittedJudgement,
  outcome: Unjudged,
): Promise<Unjudged> {
  const { traceId, token, stored, unsent } = leased
  const filing = await filingOf(evaluator, traceId, leased.marker, stored)
  await archiveLate(evaluator, { traceId, chunks: stored.unseen, filing, revision: before.verdicts })
  if (outcome === 'late') {
    const late = await openTrace(evaluator, traceId, stored.unseen)
    await evaluator.experiments.judged(await windowsOf(evaluator, late))
  }
  const seen = withUnseen(before, stored)
  const full = stored.truncated || seen.length > evaluator.settings.maxTraceChunks
  const committed = await evaluator.buffer.commit(traceId, token, {
    ...judgementIn(before),
    seen: full ? before.seen : seen,
    truncated: full,
    pending: unsent,
  })
  if (!committed) return 'lost'
  if (outcome === 'late') evaluator.metrics.add('tracesLate', {})
  return (await sendCommitted(evaluator, leased, [])) ? outcome : 'lost'
}

/** Archives spans that no verdict takes in, beside the given revision of their trace. */
export async function archiveLate(
  evaluator: Evaluator,
  late: Omit<ArchiveEntry, 'trace' | 'reason'> & { traceId: string },
) {
  const { traceId, filing, revision } = late
  for (const chunks of portionsOf(evaluator, late.chunks)) {
    await evaluator.archive.write({
      trace: (await openTrace(evaluator, traceId, chunks)).summary,
      chunks,
      filing,
      revision,
      reason: 'late',
    })
    evaluator.metrics.add('spansNotJudged', {}, spansIn(chunks))
  }
}

function spansIn(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { spanCount }) => sum + spanCount, 0)
}

/** Archives what lies beyond the size limits of a trace that is about to be judged. */
export function archiveBeyond(evaluator: Evaluator, traceId: string, marker: Marker | undefined): OnOverflow {
  return async (chunks, within) => {
    const filing = await filingOf(evaluator, traceId, marker, unfiled(evaluator, traceId, within))
    return archiveLate(evaluator, { traceId, chunks, filing, revision: (marker?.verdicts ?? 0) + 1 })
  }
}

/** Sends what was committed and clears it; false if another evaluator took over, which then sends it again. */
async function sendCommitted(
  evaluator: Evaluator,
  leased: LeasedTrace,
  changes: readonly PendingSignal[],
): Promise<boolean> {
  if (leased.unsent.length + changes.length === 0) return true
  const unsent = [...leased.unsent, ...(await publishPending(evaluator, changes))]
  const owned = await evaluator.buffer.settle(leased.traceId, leased.token, unsent)
  requirePublished(unsent)
  return owned
}

function withUnseen(before: CommittedJudgement, stored: StoredTrace): readonly string[] {
  return [...before.seen, ...stored.unseenKeys]
}

function countJudgement(evaluator: Evaluator, leased: LeasedTrace, before: CommittedJudgement, judged: Judged): void {
  for (const { event, shadow } of judged.changes) {
    const { signal: rule, severity } = event.data
    const labels = { rule, severity, status: event.status, mode: event.mode, shadow }
    evaluator.metrics.add('signals', labels, 1, leased.traceId)
    if (event.status === 'firing' && !shadow) evaluator.metrics.add('signalsFiring', { severity })
  }
  if (judged.more) return
  if (judged.waiting !== undefined) evaluator.metrics.add('tracesWaiting', {})
  evaluator.metrics.add('tracesJudged', { complete: judged.complete })
  if (before.verdicts > 0) evaluator.metrics.add('tracesReopened', {})
  else evaluator.incidents.countExercise(judged.exercised)
  if (judged.truncated) evaluator.metrics.add('tracesTruncated', {})
  if (judged.cutSpans > 0) evaluator.metrics.add('spansNotJudged', {}, judged.cutSpans)
  if (leased.rescued) evaluator.metrics.add('tracesRescued', {})
  for (const { name, severity } of judged.inconclusive) {
    evaluator.metrics.add('verdictsInconclusive', { severity })
    evaluator.log('warn', 'rule given up', { rule: name, traceId: leased.traceId })
  }
}
