import type { Severity } from '../rules/ast.ts'
import type { Verdict } from '../rules/judge/verdict.ts'
import { lastEndOf } from '../trace/last-end.ts'
import type { Trace } from '../trace/span.ts'
import type { TraceSummary } from '../trace/summary.ts'
import type { ExperimentWindow } from './experiment.ts'
import type { ExercisedRule, RuleSet, SignalState, WaitingRules } from './ports.ts'
import type { EventContext } from './signal.ts'
import { type StatusChanges, statusChanges } from './status.ts'
import { type Arrivals, withPatience } from './waiting.ts'

/** A trace put together from its chunks, to be judged here or by a thread. */
export interface OpenTrace {
  readonly summary: TraceSummary
  /** Those of the windows in which it ran. */
  during(windows: readonly ExperimentWindow[]): Promise<readonly ExperimentWindow[]>
  /** Judges it by the rules in force. */
  judge(circumstances: Circumstances): Promise<JudgedTrace>
}

/** What signals depend on beside the trace and the rules; plain data. */
export interface Circumstances {
  /** Chunks exist that are not part of the trace. */
  readonly truncated: boolean
  /** Chunks were removed before a verdict took them in. */
  readonly rescued: boolean
  /** The state of every signal of the trace so far. */
  readonly signals: readonly SignalState[]
  readonly context: EventContext
  /** Absent where no violation waits: of a trace that is cut, or no longer whole. */
  readonly arrivals?: Arrivals
  /** Status changes to work out at most. */
  readonly maxChanges: number
}

/** What rules say of a trace; plain data, which a thread can send. */
export interface JudgedTrace extends StatusChanges {
  readonly complete: boolean
  readonly truncated: boolean
  /** Violations that are not among the changes yet. */
  readonly waiting?: WaitingRules
  /** Rules that were given up. */
  readonly inconclusive: readonly { readonly name: string; readonly severity: Severity }[]
  /** Live rules that the trace gave something to say, and those of them that it kept. */
  readonly exercised: readonly ExercisedRule[]
  /** How long the rules took. */
  readonly judgeMs: number
}

/** Judges a trace by all rules and works out what that changes about its signals; `stopwatch` counts milliseconds. */
export function judgeTrace(
  rules: Pick<RuleSet, 'judge'>,
  assembled: Trace,
  circumstances: Circumstances,
  stopwatch: () => number,
): JudgedTrace {
  const truncated = assembled.truncated || circumstances.truncated
  const complete = assembled.complete && !truncated && !circumstances.rescued
  const trace: Trace = { ...assembled, truncated, complete }
  const startedMs = stopwatch()
  const verdicts = rules.judge(trace)
  const judgeMs = stopwatch() - startedMs
  const { signals, context, maxChanges, arrivals } = circumstances
  const { verdicts: final, waiting } =
    arrivals === undefined || truncated
      ? { verdicts, waiting: undefined }
      : withPatience(verdicts, signals, arrivals, lastEndOf(trace), context.nowMs)
  const changes = statusChanges(trace, final, signals, context, maxChanges)
  const inconclusive = verdicts
    .filter(({ outcome }) => outcome === 'inconclusive')
    .map(({ rule: { name, severity } }) => ({ name, severity }))
  const exercised = exercisedAmong(verdicts)
  return {
    ...changes,
    complete,
    truncated,
    inconclusive,
    exercised,
    judgeMs,
    ...(waiting !== undefined && { waiting }),
  }
}

function exercisedAmong(verdicts: readonly Verdict[]): readonly ExercisedRule[] {
  const exercised: ExercisedRule[] = []
  for (const { outcome, rule } of verdicts) {
    if (outcome !== 'violated' && outcome !== 'satisfied') continue
    if (rule.metadata.mode !== 'shadow') exercised.push({ rule: rule.name, held: outcome === 'satisfied' })
  }
  return exercised
}
