import type { ObjectStore, StoredObject } from '../../archive/object-store.ts'
import type { CheckedRule } from '../../rules/ast.ts'
import { narrowedNeeds } from '../../rules/blind/absent.ts'
import { everyTrace, exerciseOf } from '../../rules/blind/exercise.ts'
import { compileRules } from '../../rules/compile/compile.ts'
import { planListedHour, type WorkItem } from '../plan.ts'
import type { ReplayRange } from '../range.ts'
import { addTally, newTally, type RuleTally, type Tally } from '../tally.ts'
import { newWorker, type Worker, workOn } from '../work.ts'
import { type HourSummary, hourCoverage, type RuleHour } from './hour-summary.ts'

/** The objects of an hour as they were listed. */
export interface ListedHour {
  readonly hourMs: number
  readonly objects: readonly StoredObject[]
}

/** Judges the traces of an hour by some rules. */
export type JudgeHour = (hour: ListedHour, rules: readonly CheckedRule[]) => Promise<HourSummary>

/** How much of an hour is judged. */
export interface HourBudget {
  /** Parts of the hour beyond this many bytes are left out; the first part is always judged. */
  readonly mostBytes: number
  /** False: no other part is begun. */
  readonly hasTime: () => boolean
}

export const NO_BUDGET: HourBudget = { mostBytes: Number.POSITIVE_INFINITY, hasTime: () => true }

/** The most bytes of the archive that one part of an hour may hold: it takes a few hundred MB of memory. */
const MAX_ITEM_BYTES = 64 * 1024 * 1024

/** Judges hours of the range in this thread; the rules are compiled once for hours that are asked about one after the other. */
export function hourJudge(store: ObjectStore, range: ReplayRange, budget: HourBudget): JudgeHour {
  let worker: { readonly key: string; readonly made: Worker } | undefined
  return async ({ hourMs, objects }, rules) => {
    const asked = askedOfHour(rules)
    const key = JSON.stringify(rules.map(({ name, revision }) => [name, revision]))
    if (worker?.key !== key) worker = { key, made: newWorker(store, compileRules(asked), range, 0) }
    const items = await planListedHour(store, hourMs, objects, { mostItemBytes: MAX_ITEM_BYTES })
    const chosen = itemsWithin(items, budget.mostBytes)
    const sum = newTally(asked.length)
    let judged = 0
    for (const item of chosen) {
      if (!budget.hasTime()) break
      addTally(sum, await workOn(worker.made, item), 0)
      judged++
    }
    return hourSummaryOf(rules, objects, sum, judged < items.length)
  }
}

/** The first items, as many as have no more bytes together; at least one. */
export function itemsWithin(items: readonly WorkItem[], mostBytes: number): readonly WorkItem[] {
  let bytes = 0
  return items.filter(({ objects }, index) => {
    bytes += objects.reduce((sum, { byteLength }) => sum + byteLength, 0)
    return index === 0 || bytes <= mostBytes
  })
}

/**
 * The rules, then (under names that no rule can have) for each the pattern of what exercises it, and one of every trace:
 * with it the traces that exercise nothing are also asked for the attributes that rules need, as in a verdict.
 */
export function askedOfHour(rules: readonly CheckedRule[]): readonly CheckedRule[] {
  const exercises = rules.map((rule, i) => exerciseOf(rule, `exercise#${i}`))
  return [...rules, ...exercises, ...rules.slice(0, 1).map(everyTrace)]
}

/** What the tally of `askedOfHour(rules)` says of each rule. */
export function hourSummaryOf(
  rules: readonly CheckedRule[],
  objects: readonly StoredObject[],
  tally: Tally,
  isPartial: boolean,
): HourSummary {
  return {
    traces: tally.traces,
    covers: hourCoverage(objects),
    failures: tally.failures,
    rules: rules.map((rule, i) => {
      const own = tally.rules[i] as RuleTally
      const exercise = tally.rules[rules.length + i] as RuleTally
      return ruleHour(rule, own, exercise, isPartial)
    }),
  }
}

function ruleHour(rule: CheckedRule, own: RuleTally, exercise: RuleTally, isPartial: boolean): RuleHour {
  const violated = own.outcomes.violated ?? 0
  // Whatever broke the rule gave it something to say.
  const exercised = Math.max(exercise.outcomes.violated ?? 0, violated)
  return {
    rule: rule.name,
    revision: rule.revision,
    exercised,
    violated,
    inconclusive: own.outcomes.inconclusive ?? 0,
    blind: violated > 0 ? 0 : own.blindness.blind,
    lastExercisedMs: finite(Math.max(exercise.lastMs, own.lastMs)),
    lastViolatedMs: finite(own.lastMs),
    ...(isPartial && { partial: true as const }),
    needs: violated > 0 ? [] : narrowedNeeds(rule.body, own.blindness.needs),
  }
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined
}
