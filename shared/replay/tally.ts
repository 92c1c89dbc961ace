import type { SignalData } from '../pipeline/signal.ts'
import type { Outcome } from '../rules/judge/verdict.ts'
import { addBlindTally, type BlindTally, newBlindTally } from './blind-tally.ts'

/** The results of judging, ready to be sent between workers and added up. Maps and sets become arrays only in the report. */
export interface Tally {
  /** Traces judged. */
  traces: number
  /** Latest time a trace in range is filed under, milliseconds since 1970; -Infinity without any trace. */
  archivedThroughMs: number
  /** By place of the rule in its set. */
  readonly rules: readonly RuleTally[]
  readonly objects: ObjectTally
  readonly failures: Failure[]
}

export interface RuleTally {
  /** Traces on which the rule had an outcome other than its idle one. */
  readonly outcomes: Partial<Record<Outcome, number>>
  /** Violations by the hour their trace is filed in, milliseconds since 1970. */
  readonly hours: Map<number, number>
  firstMs: number
  lastMs: number
  /** The earliest violations, by time, then trace id. */
  samples: readonly ViolationSample[]
  /** Says nothing of a rule that was violated. */
  readonly blindness: BlindTally
}

/** One violation, with its evidence. */
export interface ViolationSample {
  readonly atMs: number
  readonly data: SignalData
}

/** How much lay in range and how much of it was read. */
export interface ObjectTally {
  scanned: number
  skipped: number
  bytesScanned: number
  bytesSkipped: number
  spansScanned: number
  spansSkipped: number
}

/** Something that could not be read; its traces are missing from the report. */
export interface Failure {
  readonly key: string
  readonly reason: string
}

export function newTally(rules: number): Tally {
  return {
    traces: 0,
    archivedThroughMs: Number.NEGATIVE_INFINITY,
    rules: Array.from({ length: rules }, newRuleTally),
    objects: {
      scanned: 0,
      skipped: 0,
      bytesScanned: 0,
      bytesSkipped: 0,
      spansScanned: 0,
      spansSkipped: 0,
    },
    failures: [],
  }
}

function newRuleTally(): RuleTally {
  return {
    outcomes: {},
    hours: new Map(),
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: Number.NEGATIVE_INFINITY,
    samples: [],
    blindness: newBlindTally(),
  }
}

export function countOutcome(rule: RuleTally, outcome: Outcome): void {
  rule.outcomes[outcome] = (rule.outcomes[outcome] ?? 0) + 1
}

/** Counts where in time a violation lies: `hourMs` its partition, `atMs` when its trace is filed. */
export function countViolation(rule: RuleTally, hourMs: number, atMs: number): void {
  rule.hours.set(hourMs, (rule.hours.get(hourMs) ?? 0) + 1)
  rule.firstMs = Math.min(rule.firstMs, atMs)
  rule.lastMs = Math.max(rule.lastMs, atMs)
}

export function addSamples(rule: RuleTally, samples: readonly ViolationSample[], limit: number): void {
  rule.samples = [...rule.samples, ...samples].sort(bySample).slice(0, limit)
}

function bySample(a: ViolationSample, b: ViolationSample): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs
  if (a.data.traceId === b.data.traceId) return 0
  return a.data.traceId < b.data.traceId ? -1 : 1
}

/** Adds the results of other work over the same rules. */
export function addTally(sum: Tally, part: Tally, sampleLimit: number): void {
  sum.traces += part.traces
  sum.archivedThroughMs = Math.max(sum.archivedThroughMs, part.archivedThroughMs)
  sum.rules.forEach((rule, order) => {
    const other = part.rules[order]
    if (other !== undefined) addRule(rule, other, sampleLimit)
  })
  for (const key of Object.keys(sum.objects) as (keyof ObjectTally)[]) sum.objects[key] += part.objects[key]
  sum.failures.push(...part.failures)
}

function addRule(sum: RuleTally, part: RuleTally, sampleLimit: number): void {
  for (const outcome of Object.keys(part.outcomes) as Outcome[]) {
    sum.outcomes[outcome] = (sum.outcomes[outcome] ?? 0) + (part.outcomes[outcome] ?? 0)
  }
  for (const [hourMs, count] of part.hours) sum.hours.set(hourMs, (sum.hours.get(hourMs) ?? 0) + count)
  sum.firstMs = Math.min(sum.firstMs, part.firstMs)
  sum.lastMs = Math.max(sum.lastMs, part.lastMs)
  addSamples(sum, part.samples, sampleLimit)
  addBlindTally(sum.blindness, part.blindness)
}
