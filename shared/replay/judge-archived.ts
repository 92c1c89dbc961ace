import { ColumnNotLoaded } from '../archive/row-group.ts'
import { type SignalData, signalData } from '../pipeline/signal.ts'
import { judge } from '../rules/judge.ts'
import type { RuleSet } from '../rules/plan.ts'
import type { Verdict } from '../rules/verdict.ts'
import type { Trace } from '../trace/span.ts'
import {
  addSamples,
  countOutcome,
  countViolation,
  type RuleTally,
  type Sample,
  type Tally,
  wantsSample,
} from './tally.ts'

/** What judging of archived traces needs and adds to. */
export interface Judging {
  readonly set: RuleSet
  readonly tally: Tally
  readonly orderOf: ReadonlyMap<string, number>
  readonly sampleLimit: number
  /** Takes every violation with its evidence, where all of them are wanted and not only samples. */
  readonly onViolation?: (trace: Trace, verdict: Verdict) => void
  /** Columns that rules have asked for so far: whoever opens the next row group loads them at once. */
  readonly columns: Set<string>
}

/** A violation whose evidence is still to be gathered. */
export interface Violation {
  readonly trace: Trace
  readonly verdict: Verdict
  readonly atMs: number
}

/** Judges one trace and counts what came of it; a trace counts only if it was judged to the end. */
export function judgeOne(judging: Judging, trace: Trace, hourMs: number, atMs: () => number): readonly Violation[] {
  const verdicts = judge(judging.set, trace)
  const violated = verdicts.filter(({ outcome }) => outcome === 'violated')
  const when = violated.length > 0 ? atMs() : 0
  judging.tally.traces++
  for (const verdict of verdicts) countOutcome(ruleTally(judging, verdict), verdict)
  for (const verdict of violated) countViolation(ruleTally(judging, verdict), hourMs, when)
  return violated
    .filter((verdict) => judging.onViolation !== undefined || isSample(judging, verdict, when))
    .map((verdict) => ({ trace, verdict, atMs: when }))
}

function isSample(judging: Judging, verdict: Verdict, atMs: number): boolean {
  return wantsSample(ruleTally(judging, verdict), atMs, judging.sampleLimit)
}

function ruleTally({ tally, orderOf }: Judging, { rule }: Verdict): RuleTally {
  return tally.rules[orderOf.get(rule.name) as number] as RuleTally
}

/** Gathers the evidence of violations, which may ask for columns that judging did without. */
export async function explainAll(judging: Judging, violations: readonly Violation[]): Promise<void> {
  const samples = new Map<RuleTally, Sample[]>()
  for (const { trace, verdict, atMs } of violations) {
    const rule = ruleTally(judging, verdict)
    const data: SignalData = await whenLoaded(() => signalData(trace, verdict))
    judging.onViolation?.(trace, verdict)
    const before = samples.get(rule)
    if (before === undefined) samples.set(rule, [{ atMs, data }])
    else before.push({ atMs, data })
  }
  for (const [rule, found] of samples) addSamples(rule, found, judging.sampleLimit)
}

/** Repeats what reads columns until all of them are loaded. */
export async function whenLoaded<Result>(read: () => Result, onLoad?: (column: string) => void): Promise<Result> {
  for (;;) {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ColumnNotLoaded)) throw error
      await error.load()
      onLoad?.(error.column)
    }
  }
}
