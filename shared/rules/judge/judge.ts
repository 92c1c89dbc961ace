import type { Trace } from '../../trace/span.ts'
import type { Rule } from '../ast.ts'
import type { NamedSpans, RulePlan, Run } from '../compile/plan.ts'
import type { CompiledRules } from '../compile/rule-set.ts'
import { evidenceOf } from '../evidence/evidence.ts'
import { outcomeOf } from './outcome.ts'
import { newRun } from './run.ts'
import type { Evidence, Outcome, Verdict } from './verdict.ts'

/**
 * Judges one trace by every rule whose trigger occurs in it, in the order of the rules. A rule that is not among the
 * verdicts lacks the span names it needs: it has its `idleOutcome`. Total and re-entrant.
 */
export function judge(set: CompiledRules, trace: Trace): readonly Verdict[] {
  return judgeRun(set, startRun(set, trace))
}

/** The same of a run that more is asked about afterwards. */
export function judgeRun(set: CompiledRules, run: Run): readonly Verdict[] {
  return touchedPlans(set, run).map((plan) => verdictOf(set, plan, run))
}

/** Groups the spans of the trace by the names the rules ask for. */
export function startRun(set: CompiledRules, trace: Trace): Run {
  return newRun(trace, groupByName(set, trace))
}

/** What a rule says of a trace without the span names it needs. */
export function idleOutcome({ body }: Rule): Outcome {
  return body.kind === 'pattern' ? 'satisfied' : 'vacuous'
}

function groupByName({ lookup }: CompiledRules, { spans }: Trace): ReadonlyMap<string, NamedSpans> {
  const byName = new Map<string, NamedSpans>()
  for (let position = 0; position < spans.length; position++) {
    const { name } = spans[position] as Trace['spans'][number]
    const groups = lookup(name)
    if (groups.length === 0) continue
    const named = byName.get(name)
    if (named === undefined) byName.set(name, { groups, positions: [position] })
    else named.positions.push(position)
  }
  return byName
}

/** The plans, each once, in the order of the rules. Most traces concern one rule or two, so sorting is left to the last. */
function touchedPlans(set: CompiledRules, run: Run): readonly RulePlan[] {
  const touched: RulePlan[] = [...set.always]
  if (run.trace.spans.length > 0) touched.push(...set.anySpan)
  for (const { groups } of run.spansByName.values()) for (const { triggers } of groups) touched.push(...triggers)
  return touched.length < 2 ? touched : inOrder(set, touched)
}

function inOrder({ plans }: CompiledRules, touched: readonly RulePlan[]): readonly RulePlan[] {
  const orders = touched.some(({ repeats }) => repeats)
    ? new Set(touched.map(({ order }) => order))
    : touched.map(({ order }) => order)
  return Array.from(Int32Array.from(orders).sort(), (order) => plans[order] as RulePlan)
}

function verdictOf(set: CompiledRules, plan: RulePlan, run: Run): Verdict {
  const outcome = outcomeOf(plan, run)
  return outcome === 'violated' ? violation(set, plan, run) : plan.plain[outcome]
}

/** Evidence takes longer than the verdict and not every caller asks for it. */
function violation(set: CompiledRules, { rule, openUntil }: RulePlan, run: Run): Verdict {
  let evidence: Evidence | undefined
  return {
    rule,
    outcome: 'violated',
    get evidence() {
      evidence ??= evidenceOf({ set, run }, rule)
      return evidence
    },
    get openUntilNanos() {
      return openUntil?.(run)
    },
  }
}
