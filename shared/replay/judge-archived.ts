import { ColumnNotLoaded } from '../archive/row-group.ts'
import { signalData } from '../pipeline/signal.ts'
import type { Blindness } from '../rules/blind/blindness.ts'
import type { Run } from '../rules/compile/plan.ts'
import type { CompiledRules } from '../rules/compile/rule-set.ts'
import { judge, judgeRun, startRun } from '../rules/judge/judge.ts'
import type { Outcome, Verdict } from '../rules/judge/verdict.ts'
import type { Trace } from '../trace/span.ts'
import { addObservation, type BlindObservation, observeBlindness } from './blind-tally.ts'
import type { Shapes, ShapeVerdicts } from './shapes.ts'
import { addSamples, countOutcome, countViolation, type RuleTally, type Tally, type ViolationSample } from './tally.ts'

/** What judging of archived traces needs and adds to. */
export interface Judging {
  readonly set: CompiledRules
  readonly orderOf: ReadonlyMap<string, number>
  readonly shapes: Shapes
  /** What can leave each rule blind, by its place. */
  readonly blindness: Blindness
  readonly tally: Tally
  /** Most violations of each rule that come with evidence. */
  readonly sampleLimit: number
  /** Takes every violation with its evidence, where all of them are wanted and not only samples. */
  readonly onViolation?: OnViolation | undefined
  /** Columns that rules have asked for so far: whoever opens the next row group loads them at once. */
  readonly columns: Set<string>
  /** Violations whose evidence is still to be gathered, by place of their rule. */
  readonly kept: Map<number, KeptViolations>
}

/** Called with violations as their row group is done; again with the same where an item had to be planned again. */
export type OnViolation = (violation: ViolationSample) => void

interface KeptViolations {
  readonly violations: Violation[]
  /** No violation after this time can be among the samples. */
  latestMs: number
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

/** Judges one trace and counts its verdicts; counts nothing if it throws. */
export function judgeOne(judging: Judging, trace: Trace, filed: Filed): void {
  const run = startRun(judging.set, trace)
  const verdicts = judgeRun(judging.set, run)
  const observed = verdicts.map((verdict) => observe(judging, verdict, run))
  const isViolated = verdicts.some(({ outcome }) => outcome === 'violated')
  const atMs = isViolated ? filed.atMs() : 0
  judging.tally.traces++
  for (const [i, verdict] of verdicts.entries()) {
    const order = orderOf(judging, verdict)
    count(judging, order, verdict.outcome, filed.hourMs, { trace, verdict: () => verdict, atMs })
    const observation = observed[i]
    if (observation !== undefined) addObservation(ruleTally(judging, order).blindness, observation)
  }
}

function orderOf(judging: Judging, { rule }: Verdict): number {
  return judging.orderOf.get(rule.name) as number
}

/** Whether the rule was blind on the trace. Of a rule that is violated somewhere nobody asks. */
function observe(judging: Judging, verdict: Verdict, run: Run): BlindObservation | undefined {
  const order = orderOf(judging, verdict)
  const blindness = judging.blindness(order)
  const { outcomes, blindness: tally } = ruleTally(judging, order)
  if (blindness === undefined || verdict.outcome === 'violated' || outcomes.violated !== undefined) return undefined
  return observeBlindness(blindness, run, tally)
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
function keep({ kept, sampleLimit, onViolation }: Judging, order: number, rule: RuleTally, found: Violation): void {
  const before = kept.get(order) ?? { violations: [], latestMs: latestSampleMs(rule, sampleLimit) }
  kept.set(order, before)
  if (onViolation !== undefined) before.violations.push(found)
  else if (found.atMs <= before.latestMs) keepEarliest(before, found, sampleLimit)
}

function latestSampleMs({ samples }: RuleTally, sampleLimit: number): number {
  if (samples.length < sampleLimit) return Number.POSITIVE_INFINITY
  return samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY
}

/** Sorts only now and then: a rule may be violated by every trace. */
function keepEarliest(kept: KeptViolations, found: Violation, limit: number): void {
  kept.violations.push(found)
  if (kept.violations.length < 2 * limit) return
  kept.violations.sort(byTime)
  kept.violations.length = limit
  kept.latestMs = kept.violations.at(-1)?.atMs ?? kept.latestMs
}

function byTime(a: Violation, b: Violation): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs
  return a.trace.traceId < b.trace.traceId ? -1 : 1
}

/**
 * Gathers the evidence of the violations kept, which may ask for columns that judging did without. Where some cannot be
 * read, the others get theirs, then the first failure is thrown.
 */
export async function explainKept(judging: Judging): Promise<void> {
  const { kept, sampleLimit, onViolation } = judging
  const failures: unknown[] = []
  for (const [order, { violations }] of kept) {
    violations.sort(byTime)
    const samples: ViolationSample[] = []
    for (const violation of onViolation === undefined ? violations.slice(0, sampleLimit) : violations) {
      await explain(violation).then(
        (sample) => samples.push(sample),
        (error) => failures.push(error),
      )
    }
    for (const sample of samples) onViolation?.(sample)
    addSamples(ruleTally(judging, order), samples, sampleLimit)
  }
  kept.clear()
  if (failures.length > 0) throw failures[0]
}

async function explain({ trace, verdict, atMs }: Violation): Promise<ViolationSample> {
  return { atMs, data: await whenLoaded(() => signalData(trace, verdict())) }
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
