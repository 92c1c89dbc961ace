import type { CheckedRule, Severity } from '../rules/ast.ts'
import type { Verdict } from '../rules/judge/verdict.ts'
import type { RuleProblem } from '../rules/problem.ts'
import type { More } from '../rules/read/listing.ts'
import type { Filing } from '../trace/filing.ts'
import type { Trace } from '../trace/span.ts'
import type { TraceSummary } from '../trace/summary.ts'
import type { Chunk } from './chunk.ts'
import type { PublishedEvent, SignalEvent, SignalMode, SignalStatus } from './signal.ts'

/*
 * Every port fails with a StorageError and nothing else. Reads see every write that was acknowledged before
 * (strongly consistent). Times are milliseconds since 1970.
 */

/** The chunks of every trace under judgement, and one marker a trace that says how far judging came. */
export interface TraceBuffer {
  /**
   * `commit` itself counts the signals in shadow mode among `pending`, and stores some, in the same write. They do not
   * become pending then.
   */
  readonly countsShadow?: true
  /**
   * Stores chunks; resolved means durable. A chunk that cannot be taken while its neighbours can is returned, never
   * thrown; what is not returned is stored. Storing the same key again changes nothing. Every stored chunk arms a
   * timer of its own for the quiet period, by the store itself (a stream, or the same transaction). Where it fails, or
   * the process ends meanwhile, some may be stored. `flow` is the queue of their timers, where senders take turns.
   */
  append(chunks: Iterable<Chunk>, flow?: number): Promise<readonly RefusedChunk[]>
  readMarker(traceId: string): Promise<Marker | undefined>
  /** The greatest chunk key of the trace (one read, descending). */
  newestChunkKey(traceId: string): Promise<string | undefined>
  /** The least chunk key greater than `after`, or the least of all. */
  oldestChunkKey(traceId: string, after: string | undefined): Promise<string | undefined>
  /** All chunks by ascending key, page by page; a chunk stored before the call is among them, one stored meanwhile may be. */
  readChunks(traceId: string): AsyncIterable<readonly Chunk[]>
  /** Some chunks by key; keys that are gone are left out. */
  readChunksByKey(traceId: string, keys: readonly string[]): Promise<readonly Chunk[]>
  /**
   * Takes the lease if the marker still is what was read: same revision (or none) and same lease token (or none).
   * Creates the marker with revision 0 where there was none. False: somebody else was faster.
   */
  takeLease(traceId: string, read: Marker | undefined, lease: Lease): Promise<boolean>
  /**
   * Replaces the verdict under the lease and adds 1 to the revision; false, and nothing written, if the lease token is
   * no longer ours. The lease is kept while `pending` is not empty, else released in the same write.
   */
  commit(traceId: string, token: string, verdict: CommittedJudgement): Promise<boolean>
  /** Replaces what is pending, releases the lease and adds 1 to the revision; false if the token is no longer ours. */
  settle(traceId: string, token: string, pending: readonly PendingSignal[]): Promise<boolean>
  /** Releases the lease and nothing else; false if the token is no longer ours. */
  release(traceId: string, token: string): Promise<boolean>
}

export interface RefusedChunk {
  readonly chunk: Chunk
  /** `throttled`: this trace id gets more writes than the store takes; `too-large`: no store item can hold it. */
  readonly reason: 'throttled' | 'too-large'
}

/** Who may write the marker, and until when others keep off; `token` is unique to each taking. */
export interface Lease {
  readonly token: string
  readonly untilMs: number
}

/** What is known of a trace's judging. It outlives the chunks and is renewed by every write. */
export interface Marker extends CommittedJudgement {
  /** Grows with every commit and settle. */
  readonly revision: number
  readonly lease?: Lease
}

export interface CommittedJudgement {
  /** Keys of the chunks that a verdict took in; empty before the first verdict. */
  readonly seen: readonly string[]
  /** Verdicts given so far on the whole trace; the archive's revision of the last one. */
  readonly verdicts: number
  /** Where the archive has the trace; from the first verdict on, and then for good. */
  readonly filing?: Filing
  /** Judged on less than all spans for size: later chunks are archived, not judged. */
  readonly truncated: boolean
  /** Signals ever fired on the trace, each with its last status. */
  readonly signals: readonly SignalState[]
  /** Violations that a later span may still end; the trace is judged again then. Absent where none waits. */
  readonly waiting?: WaitingRules
  /** Committed but not yet known to be stored and published. */
  readonly pending: readonly PendingSignal[]
}

/** Violations of a trace that are not signalled yet. */
export interface WaitingRules {
  /** When the first of them has waited long enough. */
  readonly untilMs: number
  /** Names of their rules. */
  readonly rules: readonly string[]
}

/** Where one signal stands; its id follows from the trace id, rule and ruleRevision. */
export interface SignalState {
  readonly rule: string
  readonly ruleRevision: string
  readonly sequence: number
  readonly status: 'firing' | 'retracted'
  readonly complete: boolean
  /** It was never published, because its rule was in shadow mode. */
  readonly shadow: boolean
  /** When it last began to fire; absent where an earlier release noted it. */
  readonly firedAtMs?: number
}

export interface PendingSignal {
  readonly event: SignalEvent
  /** Store it, do not publish it. */
  readonly shadow: boolean
}

/** Wakes the evaluator, at least once a timer, never much before `dueAtMs` but possibly in hops. */
export interface Timers {
  arm(timers: readonly Timer[]): Promise<void>
  /** Sets aside a timer that failed too often, for a person to look at and redrive. */
  bury(timer: Timer, reason: string): Promise<void>
}

export type Timer = TraceTimer

/** Says: chunks of this trace were stored, look whether it can be judged. */
export interface TraceTimer {
  readonly kind: 'trace'
  readonly traceId: string
  /** The chunks that armed it. */
  readonly chunkKeys: readonly string[]
  readonly dueAtMs: number
  /** How often handling it has failed. */
  readonly attempt: number
  /** The queue it waits in, where a runtime lets senders take turns. */
  readonly flow?: number
}

/** Keeps whole traces for replay and questions. */
export interface Archive {
  /** Resolved means durable. Writing the same again adds nothing a reader would see twice. */
  write(entry: ArchiveEntry): Promise<void>
}

export interface ArchiveEntry {
  /** For `late` only of the spans that came too late to be judged, else of the whole trace. */
  readonly trace: Pick<TraceSummary, 'traceId' | 'complete' | 'truncated' | 'spans'>
  /** The same spans as they came, TracesData each, and those that were cut off for the size of the trace. */
  readonly chunks: readonly Chunk[]
  /** That of the marker, else `fileTrace` of this one: every part of a trace lies in one partition. */
  readonly filing: Filing
  /** The highest wins; a late part belongs to the revision it comes after (0: none was given). */
  readonly revision: number
  readonly reason: 'verdict' | 'history' | 'late' | 'rescued'
}

/** Keeps every signal, published or not; of those in shadow mode it may keep samples and count the others. */
export interface SignalStore {
  /** Resolved means durable; the same event id again changes nothing. */
  record(signals: readonly PendingSignal[]): Promise<void>
}

/** Sends events to whoever listens, at least once. */
export interface SignalPublisher {
  /** Returns the events that could not be sent; throws only if none was. */
  publish(events: readonly PublishedEvent[]): Promise<readonly FailedEvent[]>
}

export interface FailedEvent {
  readonly event: PublishedEvent
  /** For the log: no span content. */
  readonly reason: string
}

/** Takes signals into incidents, so that one bug is one page. */
export interface IncidentLedger {
  /** Takes live signals that are not in shadow mode, oldest first; the same again changes nothing. Resolved means durable. */
  take(signals: readonly SignalEvent[]): Promise<void>
  /** Counts the rules that a trace exercised when it was judged first; never throws. */
  countExercise(rules: readonly ExercisedRule[]): void
}

/** A rule whose trigger a trace met. */
export interface ExercisedRule {
  readonly rule: string
  readonly held: boolean
}

/** The rules in force. */
export interface RuleSource {
  current(): Promise<RuleSet>
}

/** Rules that were switched to together; never changes. */
export interface RuleSet {
  readonly rules: readonly CheckedRule[]
  /** Total and re-entrant; a rule without a verdict here is not violated. */
  judge(trace: Trace): readonly Verdict[]
  /** Rules that were found and have problems. */
  readonly rejected: number
  /** Those of `rules` that are as they were in the set before, because their new text has problems. */
  readonly keptBack: readonly CheckedRule[]
  /** What is wrong with them, the first 1,000. */
  readonly problems: readonly RuleProblem[]
  /** Those that are not among these. */
  readonly more: More
}

/** Now, in milliseconds since 1970. */
export type Clock = () => number

/** A step that the clock took while chunks were stored: the time it told just before, and just after. */
export interface ClockStep {
  readonly beforeMs: number
  readonly afterMs: number
}

/** What is counted, with its labels; a runtime may drop labels that cost too much (rule). */
export interface Counted {
  /** Spans stored; a request that failed and is sent again counts once. */
  readonly spansReceived: Record<never, never>
  readonly spansRejected: { readonly reason: string }
  readonly requests: { readonly status: number }
  /** Requests answered with 503. */
  readonly requestsRefused: { readonly reason: string }
  /** Bytes of request bodies as they were sent. */
  readonly bytesReceived: Record<never, never>
  readonly chunksStored: Record<never, never>
  /** Removed by their time to live although no verdict could take them in. */
  readonly chunksDropped: Record<never, never>
  readonly tracesJudged: { readonly complete: boolean }
  readonly tracesReopened: Record<never, never>
  readonly tracesLate: Record<never, never>
  /** Older than the judge window when they first arrived: archived, not judged. */
  readonly tracesHistory: Record<never, never>
  /** Archived, but part of no verdict: late, or beyond the size limits of their trace. */
  readonly spansNotJudged: Record<never, never>
  readonly tracesTruncated: Record<never, never>
  readonly tracesRescued: Record<never, never>
  /** Judgements that left violations waiting for spans that may still end them. */
  readonly tracesWaiting: Record<never, never>
  /** Rules whose judging was stopped on a trace because it would take too many steps; signals do not mention them. */
  readonly verdictsInconclusive: { readonly severity: Severity }
  readonly signals: {
    readonly rule: string
    readonly severity: Severity
    readonly status: SignalStatus
    readonly mode: SignalMode
    readonly shadow: boolean
  }
  /** Requests of the API of experiments and stop conditions. */
  readonly apiRequests: { readonly status: number }
  /** Verdicts on experiments, revisions among them. */
  readonly verdicts: { readonly outcome: string }
  /** Live signals that began to fire: what stops an experiment. */
  readonly signalsFiring: { readonly severity: Severity }
  readonly signalsSuppressed: { readonly rule: string; readonly severity: Severity }
  readonly publishFailures: Record<never, never>
  readonly timers: { readonly outcome: string }
  readonly timerFailures: { readonly transient: boolean }
  readonly timersBuried: Record<never, never>
}

/** What is measured. */
export type Measured = 'judgeMs' | 'ingestMs'

/** Counters and histograms; never throws. */
export interface Metrics {
  /** `traceId`: a trace that is an example of what is counted; a runtime may show it beside the count. */
  add<Name extends keyof Counted>(name: Name, labels: Counted[Name], amount?: number, traceId?: string): void
  observe(name: Measured, value: number): void
}

/** Writes one line for operators; never throws, never carries span content. */
export type Log = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, string | number | boolean>>,
) => void
