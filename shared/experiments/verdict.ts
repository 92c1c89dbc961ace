import type { Experiment, ExperimentWindow } from '../pipeline/experiment.ts'
import {
  type ExperimentVerdict,
  provesNothing,
  type RuleVerdict,
  type VerdictSubject,
} from '../pipeline/experiment-verdict.ts'
import { verdictOver } from '../pipeline/rule-state.ts'
import type { ReplayRange } from '../replay/range.ts'
import type { ReplayReport, RuleReport } from '../replay/report.ts'
import type { CheckedRule } from '../rules/ast.ts'
import { everyTrace, exerciseOf } from '../rules/blind/exercise.ts'
import { withinServices } from '../rules/blind/within-services.ts'

/** Violations of each rule that a verdict shows. */
export const VERDICT_SAMPLES = 3

/** What is to be judged: a window, the rules, and whose window it is. */
export interface VerdictRequest {
  readonly range: ReplayRange
  readonly rules: readonly CheckedRule[]
  /** Traces with a span of one of these services count; with an empty list all traces count. */
  readonly services: readonly string[]
  /** Names of the rules that are to be exercised. */
  readonly expected: readonly string[]
  /** By name of a rule: the share of the traces that exercise it which may break it, above 0 and up to 1. */
  readonly tolerated?: ReadonlyMap<string, number>
  /** Start of the window that this one is compared with; that of the same length before it unless told. */
  readonly baselineFromMs?: number
  readonly experiment?: VerdictSubject
}

/** Replays a range by some rules; the report has the rules in the order given, with the earliest violations of each. */
export type Replay = (rules: readonly CheckedRule[], range: ReplayRange) => Promise<ReplayReport>

/** Judges a window, and the one that it is compared with. */
export async function giveExperimentVerdict(request: VerdictRequest, replay: Replay): Promise<ExperimentVerdict> {
  const { range, rules } = request
  const lengthMs = range.toMs - range.fromMs
  const earlierMs = request.baselineFromMs ?? range.fromMs - lengthMs
  const earlier = { fromMs: earlierMs, toMs: earlierMs + lengthMs }
  const asked = askedRules(request)
  const now = await replay(asked, range)
  const before = await replay(asked, earlier)
  const ruleVerdicts = rules.map((rule, i) => ruleVerdict(rule, request, countsOf(now, i), countsOf(before, i)))
  const live = ruleVerdicts.filter(({ shadow }) => !shadow)
  const names = new Set(rules.map(({ name }) => name))
  const unknownRules = request.expected.filter((name) => !names.has(name))
  return {
    ...(request.experiment === undefined ? {} : { experiment: request.experiment }),
    from: iso(range.fromMs),
    to: iso(range.toMs),
    services: request.services,
    outcome: outcomeOf(live, unknownRules),
    traces: tracesOf(now),
    signals: live.reduce((sum, { violated }) => sum + violated, 0),
    rules: ruleVerdicts,
    unknownRules,
    before: { from: iso(earlier.fromMs), to: iso(earlier.toMs), traces: tracesOf(before) },
    failures: [...now.failures, ...before.failures, ...givenUp(now, rules)],
  }
}

/** What a verdict says of the experiment whose window it is about. */
export function subjectOf(experiment: Experiment, { state, cut }: ExperimentWindow): VerdictSubject {
  const { id, name, source, labels, outcome, clockSkew } = experiment
  return {
    id,
    name,
    source,
    labels,
    state: state === 'ended' ? 'ended' : 'abandoned',
    ...(outcome === undefined ? {} : { outcome }),
    cut,
    clockSkew,
  }
}

/** Each rule, then (under names that no rule can have) for each the pattern of what exercises it, then one of every trace that counts. */
function askedRules({ rules, services }: VerdictRequest): readonly CheckedRule[] {
  const scoped = rules.map((rule) => withinServices(rule, services))
  const exercises = rules.map((rule, i) => withinServices(exerciseOf(rule, `exercise#${i}`), services))
  return [...scoped, ...exercises, ...scoped.slice(0, 1).map((rule) => withinServices(everyTrace(rule), services))]
}

/** A rule whose judging was stopped on a trace has not held there, as far as anybody knows. */
function givenUp(now: ReplayReport, rules: readonly CheckedRule[]): ExperimentVerdict['failures'] {
  return rules.flatMap(({ name }, i) => {
    const count = (now.rules[i] as RuleReport).inconclusive
    return count === 0
      ? []
      : [{ key: name, reason: `not judged to the end on ${count} traces: more steps than a rule may take` }]
  })
}

interface Counts {
  readonly report: RuleReport
  readonly exercised: number
}

/** The rules stand first in the report, as many patterns of what exercises them after, and the one of all traces last. */
function countsOf({ rules }: ReplayReport, index: number): Counts {
  const count = (rules.length - 1) / 2
  const report = rules[index] as RuleReport
  const exercised = (rules[count + index] as RuleReport).violated
  // Whatever broke the rule gave it something to say.
  return { report, exercised: Math.max(exercised, report.violated) }
}

function tracesOf({ rules, traces }: ReplayReport): number {
  return rules.at(-1)?.violated ?? traces
}

function ruleVerdict(rule: CheckedRule, request: VerdictRequest, now: Counts, before: Counts): RuleVerdict {
  const { violated, blind, absent, first, samples, inconclusive } = now.report
  const tolerated = request.tolerated?.get(rule.name)
  const isTolerated = tolerated !== undefined && violated > 0 && inconclusive === 0 && shareOf(now) <= tolerated
  return {
    rule: rule.name,
    severity: rule.severity,
    verdict: isTolerated ? 'held' : verdictOver({ ...now.report, exercised: now.exercised }),
    ...(tolerated !== undefined && { tolerated }),
    expected: request.expected.includes(rule.name),
    shadow: rule.metadata.mode === 'shadow',
    exercised: now.exercised,
    violated,
    blind,
    absent,
    before: { exercised: before.exercised, violated: before.report.violated },
    change: changeOf(shareOf(now), shareOf(before)),
    first,
    samples: samples.slice(0, VERDICT_SAMPLES).map(({ traceId, time, service, evidence }) => {
      return { traceId, time, service, text: evidence.text }
    }),
  }
}

function shareOf({ report, exercised }: Counts): number {
  return exercised === 0 ? 0 : report.violated / exercised
}

function changeOf(now: number, before: number): RuleVerdict['change'] {
  if (now === 0 && before === 0) return null
  if (before === 0) return 'new'
  if (now === before) return 'same'
  return now > before ? 'worse' : 'better'
}

function outcomeOf(live: readonly RuleVerdict[], unknownRules: readonly string[]): ExperimentVerdict['outcome'] {
  if (live.some(({ verdict }) => verdict === 'violated')) return 'violated'
  const expected = live.filter((rule) => rule.expected)
  const missing = expected.some(provesNothing) || unknownRules.length > 0
  const nothing = live.every(provesNothing)
  return missing || nothing ? 'not-exercised' : 'held'
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
