import type { Aggregate, BoundValue, Count, EventSelector, Test } from '../ast.ts'
import { groupBy, groupedOperand } from '../compile/groups.ts'
import type { SpanView } from '../compile/plan.ts'
import { lookupsOfEvent, planName } from '../compile/plan-selector.ts'
import {
  type Lookups,
  planFilters,
  planOperand,
  planRight,
  planTest,
  type Reader,
  throughLookups,
} from '../compile/plan-test.ts'
import { aggregate } from '../judge/aggregate.ts'
import { eventsOf } from '../judge/run.ts'
import type { Value } from '../judge/values.ts'
import { type Env, type Holds, once } from './env.ts'
import type { FormulaLiteral, Variable } from './formula.ts'
import { countPlanned, type Gathered, planGathering } from './gather.ts'
import { nextMemory, type Planning } from './planner.ts'
import { usesNames } from './references.ts'
import { areRelated } from './relations.ts'

/** Turns what is not made of other parts into a closure. */
export function planLiteral(planning: Planning, literal: FormulaLiteral): Holds {
  const holds = planPositive(planning, literal)
  return literal.negated ? (env) => !holds(env) : holds
}

function planPositive(planning: Planning, literal: FormulaLiteral): Holds {
  switch (literal.kind) {
    case 'closed': {
      const decide = planning.planner.condition(literal.condition)
      return once(nextMemory(planning), ({ run }) => decide(run))
    }
    case 'test':
      return planJoiningTest(planning, literal.test, literal.own)
    case 'relation': {
      const { relation, left, right } = literal
      return ({ run, positions }) =>
        areRelated(run, relation, positions[left.slot] as number, positions[right.slot] as number)
    }
    case 'event':
      return planEvent(planning, literal.event, literal.own)
  }
}

/** How the two sides of a comparison are read. */
export function planSides(planning: Planning, test: Extract<Test, { readonly kind: 'comparison' }>, own?: Variable) {
  const lookups = envLookups(planning, own)
  return { left: planOperand(test.left, lookups), right: planRight(test.operator, test.right, lookups) }
}

function planEvent(planning: Planning, { name, filters }: EventSelector, own: Variable): Holds {
  const isNamed = planName(name)
  interface EventScope {
    readonly env: Env
    readonly event: ReturnType<typeof eventsOf>[number]
  }
  const ofSpan = throughLookups(envLookups(planning, own), ({ env }: EventScope) => env)
  const ofEvent = lookupsOfEvent(ofSpan, ({ env, event }) => {
    return { attributes: event.attributes, kind: (env.views[own.slot] as SpanView).span.kind }
  })
  const passes = planFilters<EventScope>(filters, ofEvent)
  return (env) =>
    eventsOf(env.views[own.slot] as SpanView).some((event) => isNamed(event.name) && passes({ env, event }))
}

/** A test of groups holds where it holds of some group. */
function planJoiningTest(planning: Planning, test: Test, own: Variable | undefined): Holds {
  const lookups = envLookups(planning, own)
  const grouped = groupedOperand(test)
  if (grouped === undefined) return planTest(test, lookups)
  interface GroupScope {
    readonly env: Env
    readonly value: Value
  }
  const ofEnv = throughLookups(lookups, ({ env }: GroupScope) => env)
  const valueOfGroup = ({ value }: GroupScope) => value
  const holds = planTest<GroupScope>(test, {
    ...ofEnv,
    count: (node) => (node.by === undefined ? ofEnv.count(node) : valueOfGroup),
    aggregate: (node) => (node.by === undefined ? ofEnv.aggregate(node) : valueOfGroup),
  })
  const gather = planGathering(planning, grouped.selector)
  const { variable } = gather
  const ownLookups = planning.planner.lookups(variable.selector)
  const keys = grouped.by.map((key) => planOperand(key, ownLookups))
  const numberOf = planNumber(planning, grouped, variable)
  const groups = gather.remember((env, spans) =>
    groupBy(spans, ({ view }) => keys.map((key) => key(view))).map((group) => numberOf(env, group)),
  )
  return (env) => groups(env).some((value) => holds({ env, value }))
}

/** How operands are read once spans are chosen for the names; `own`: the span whose attributes are meant. */
function envLookups(planning: Planning, own: Variable | undefined): Lookups<Env> {
  const { planner, variables } = planning
  const lead =
    ({ slot }: Variable) =>
    (env: Env) =>
      env.views[slot] as SpanView
  const ofTrace = throughLookups(planner.trace, ({ run }: Env) => run)
  const ofOwn = own === undefined ? ofTrace : throughLookups(planner.lookups(own.selector), lead(own))
  return {
    ...ofOwn,
    boundValue({ bound, value }: BoundValue) {
      const variable = variables.byName.get(bound.id) as Variable
      return planOperand(value, throughLookups(planner.lookups(variable.selector), lead(variable)))
    },
    count: (node) => planCount(planning, node, ofTrace),
    aggregate: (node) => planAggregate(planning, node, ofTrace),
  }
}

function planCount(planning: Planning, node: Count, ofTrace: Lookups<Env>): Reader<Env> {
  if (!usesNames(node)) return once(nextMemory(planning), ofTrace.count(node))
  return countPlanned(planning, node.selector)
}

function planAggregate(planning: Planning, node: Aggregate, ofTrace: Lookups<Env>): Reader<Env> {
  if (!usesNames(node)) return once(nextMemory(planning), ofTrace.aggregate(node))
  const gather = planGathering(planning, node.selector)
  const numberOf = planNumber(planning, node, gather.variable)
  return usesNames(node.of) ? (env) => numberOf(env, gather.all(env)) : gather.remember(numberOf)
}

/** The number that is taken of some spans. */
function planNumber(planning: Planning, node: Count | Aggregate, variable: Variable) {
  if (node.kind === 'count') return (_: Env, { length }: readonly Gathered[]): Value => length
  const read = planOperand(node.of, envLookups(planning, variable))
  return (env: Env, spans: readonly Gathered[]): Value =>
    aggregate(
      node.function,
      spans.map(({ position, view }) => {
        env.positions[variable.slot] = position
        env.views[variable.slot] = view
        return read(env)
      }),
    )
}
