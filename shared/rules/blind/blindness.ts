import { namesOf } from '../../trace/attribute-names.ts'
import type { AttributeSource } from '../../trace/span.ts'
import type { CheckedRule } from '../ast.ts'
import type { Planner } from '../binding/planner.ts'
import { usesNames } from '../binding/references.ts'
import type { Predicate, Run, SpanView } from '../compile/plan.ts'
import { planBody } from '../compile/plan-body.ts'
import { planName } from '../compile/plan-selector.ts'
import type { CompiledRules } from '../compile/rule-set.ts'
import { readEventAttribute } from '../judge/attribute.ts'
import { outcomeOf } from '../judge/outcome.ts'
import { eventsOf, passingViews } from '../judge/run.ts'
import { isMissing, type Value } from '../judge/values.ts'
import type { Outcome } from '../judge/verdict.ts'
import { exerciseOf } from './exercise.ts'
import { type Need, needsOf } from './needs.ts'
import { possibleBody } from './possible.ts'

/** What can be found out about the attributes that one rule reads. */
export interface RuleBlindness {
  readonly needs: readonly PlannedNeed[]
  /**
   * Whether the rule, which does not violate the trace of the run, would with some values of the attributes that are
   * missing there. True also where that would take more steps than a rule may take.
   */
  isBlind(run: Run): boolean
  /** Whether the trace of the run gives the rule something to say. */
  isExercised(run: Run): boolean
}

/** One attribute that the rule reads, ready to be looked for. */
interface PlannedNeed extends Need {
  /** The attributes of every span, or event, of the run that the attribute is asked of, and whether it is there. */
  asked(run: Run): readonly AskedOf[]
}

interface AskedOf {
  readonly hasValue: boolean
  /** Attributes among which it was looked for. */
  readonly sources: readonly AttributeSource[]
}

/** Tells what leaves a rule of the set blind, by the rule's place; undefined for one that no missing attribute can blind. */
export type Blindness = (order: number) => RuleBlindness | undefined

/** Compiles a rule's blindness when it is first asked for: most rules of a large set concern no trace. */
export function blindnessOf({ rules, planner }: CompiledRules): Blindness {
  const known = new Map<number, RuleBlindness | undefined>()
  return (order) => {
    const rule = rules[order]
    if (!known.has(order) && rule !== undefined)
      known.set(order, rule.derived === true ? undefined : ruleBlindness(planner, rule))
    return known.get(order)
  }
}

function ruleBlindness(planner: Planner, rule: CheckedRule): RuleBlindness | undefined {
  const body = possibleBody(rule.body)
  if (body === rule.body) return undefined
  const possible = planBody(planner, body)
  const needs = needsOf(rule.body).map((need) => planNeed(planner, need))
  const isPossible = (run: Run) => isBroken(outcomeOf({ decide: possible }, run))
  const exercise = planExercise(planner, rule)
  return {
    needs,
    // A join with missing values on both sides has no index: it is asked only where a value is missing.
    isBlind: usesNames(rule.body)
      ? (run) => needs.some((need) => need.asked(run).some(({ hasValue }) => !hasValue)) && isPossible(run)
      : isPossible,
    isExercised: (run) => isBroken(outcomeOf({ decide: exercise }, run)),
  }
}

function planExercise(planner: Planner, rule: CheckedRule): (run: Run) => Outcome {
  return planBody(planner, exerciseOf(rule, rule.name).body)
}

/** A rule that was given up may be violated. */
function isBroken(outcome: Outcome): boolean {
  return outcome === 'violated' || outcome === 'inconclusive'
}

function planNeed(planner: Planner, need: Need): PlannedNeed {
  const { attribute, spans, event } = need
  const predicate = planner.predicate(spans)
  if (event === undefined) return { ...need, asked: askedOfSpans(predicate, valueReader(planner, need)) }
  const isNamed = planName(event)
  const names = namesOf(attribute.key, attribute.exact)
  return {
    ...need,
    asked: (run) =>
      passingViews(run, predicate).flatMap((view) =>
        eventsOf(view)
          .filter(({ name }) => isNamed(name))
          .map(({ attributes }) => ({
            hasValue: !isMissing(readEventAttribute(attributes, view.span.kind, names)),
            sources: [attributes],
          })),
      ),
  }
}

function valueReader(planner: Planner, { attribute, spans }: Need): (view: SpanView) => Value {
  return planner.lookups(spans).attribute(attribute)
}

function askedOfSpans(predicate: Predicate, read: (view: SpanView) => Value): PlannedNeed['asked'] {
  return (run) =>
    passingViews(run, predicate).map((view) => ({
      hasValue: !isMissing(read(view)),
      sources: [view.span.attributes, view.span.resource],
    }))
}
