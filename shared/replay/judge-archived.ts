import { ColumnNotLoaded } from '../archive/row-group.ts'
import { type SignalData, signalData } from '../pipeline/signal.ts'
import { judge } from '../rules/judge.ts'
import type { RuleSet } from '../rules/plan.ts'
import type { Outcome, Verdict } from '../rules/verdict.ts'
import type { Trace } from '../trace/span.ts'
import type { Shapes, ShapeVerdicts } from './shapes.ts'
import { addSamples, countOutcome, countViolation, type RuleTally, type Tally } from './tally.ts'

/** What judging of archived traces needs and adds to. */
export interface Judging {
  readonly set: RuleSet
  readonly orderOf: ReadonlyMap<string, number>
  readonly shapes: Shapes
  readonly tally: Tally
  /** Most violations of each rule that come with evidence. */
  readonly sampleLimit: number
  /** Takes every violation with its evidence, where all of them are wanted and not only samples. */
  readonly onViolation?: (trace: Trace, verdict: Verdict) => void
  /** Columns that rules have asked for so far: whoever opens the next row group loads them at once. */
  readonly columns: Set<string>
  /** Violations whose evidence is still to be gathered, by place of their rule. */
  readonly violations: Map<number, Violation[]>
}

interface Violation {
  readonly trace: Trace
  readonly verdict: () => Verdict
  readonly atMs: number
}

/** Where and when the trace is filed. */
export interface Filed {
  readonly hourMs: number
  readonly atMs: () => number
}

/** Judges one trace and counts what came of it; what throws has counted nothing. */
export function judgeOne(judging: Judging, trace: Trace, filed: Filed): void {
  const verdicts = judge(judging.set, trace)
  const isViolated = verdicts.some(({ outcome }) => outcome === 'violated')
  const atMs = isViolated ? filed.atMs() : 0
  judging.tally.traces++
  for (const verdict of verdicts) {
    const order = judging.orderOf.get(verdict.rule.name) as number
    count(judging, order, verdict.outcome, filed.hourMs, { trace, verdict: () => verdict, atMs })
  }
}

/** Counts what is known to be said of a trace; its evidence, if wanted, is worked out by judging it after all. */
export function countShape(judging: Judging, known: ShapeVerdicts, traceOf: () => Trace, filed: Filed): void {
  const atMs = known.isViolated ? filed.atMs() : 0
  judging.tally.traces++
  for (const { order, outcome } of known.outcomes) {
    if (outcome !== 'violated') countOutcome(ruleTally(judging, order), outcome)
    else {
      const trace = traceOf()
      const verdict = () =>
        judge(judging.set, trace).find(({ rule }) => judging.orderOf.get(rule.name) === order) as Verdict
      count(judging, order, outcome, filed.hourMs, { trace, verdict, atMs })
    }
  }
}

function count(judging: Judging, order: number, outcome: Outcome, hourMs: number, violation: Violation): void {
  const rule = ruleTally(judging, order)
  countOutcome(rule, outcome)
  if (outcome !== 'violated') return
  countViolation(rule, hourMs, violation.atMs)
  keep(judging, order, rule, violation)
}

function ruleTally({ tally }: Judging, order: number): RuleTally {
  return tally.rules[order] as RuleTally
}

/** Keeps the violation if all are wanted, or if it can be among the samples: the earliest of its rule. */
function keep(
  { violations, sampleLimit, onViolation }: Judging,
  order: number,
  rule: RuleTally,
  found: Violation,
): void {
  let kept = violations.get(order)
  if (kept === undefined) {
    kept = []
    violations.set(order, kept)
  }
  if (onViolation === undefined) {
    const latest = rule.samples.length < sampleLimit ? Number.POSITIVE_INFINITY : (rule.samples.at(-1)?.atMs ?? 0)
    if (sampleLimit === 0 || found.atMs > latest) return
    const full = kept.length >= sampleLimit
    if (full && found.atMs > (kept[sampleLimit - 1] as Violation).atMs) return
  }
  kept.push(found)
  if (onViolation === undefined && kept.length >= 2 * sampleLimit) {
    kept.sort(byTime)
    kept.length = sampleLimit
  }
}

function byTime(a: Violation, b: Violation): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs
  return a.trace.traceId < b.trace.traceId ? -1 : 1
}

/** Gathers the evidence of the violations kept, which may ask for columns that judging did without. */
export async function explainKept(judging: Judging): Promise<void> {
  const { violations, sampleLimit, onViolation } = judging
  for (const [order, kept] of violations) {
    kept.sort(byTime)
    const wanted = onViolation === undefined ? kept.slice(0, sampleLimit) : kept
    const samples: { atMs: number; data: SignalData }[] = []
    for (const { trace, verdict, atMs } of wanted) {
      const explained = await whenLoaded(() => {
        const given = verdict()
        return { given, data: signalData(trace, given) }
      })
      onViolation?.(trace, explained.given)
      samples.push({ atMs, data: explained.data })
    }
    addSamples(ruleTally(judging, order), samples, sampleLimit)
  }
  violations.clear()
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
