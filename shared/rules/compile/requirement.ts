import type { Aggregate, Condition, NamePattern, Operand, SpanReference, Test } from '../ast.ts'
import { aggregate } from '../judge/aggregate.ts'
import { planTest } from './plan-test.ts'

/** At least one of these names must occur. An empty list can never be met. */
export type SomeName = readonly NamePattern[]

/** What a trace must hold for a condition to be true: each of these. Empty: it may be true of any trace. */
export type Requirement = readonly SomeName[]

/** What span names a condition needs to be true, as a query planner would derive them; never too much, maybe too little. */
export function requirementOf(condition: Condition): Requirement {
  return requirement(condition, true)
}

function requirement(condition: Condition, truth: boolean): Requirement {
  switch (condition.kind) {
    case 'not':
      return requirement(condition.operand, !truth)
    case 'and':
    case 'or': {
      const parts = condition.operands.map((operand) => requirement(operand, truth))
      return (condition.kind === 'and') === truth ? parts.flat() : either(parts)
    }
    case 'has':
    case 'all':
      return (condition.kind === 'has') === truth ? [[condition.selector.name]] : []
    case 'order':
    case 'structure':
      return truth ? [condition.left, condition.right].flatMap(nameOf) : []
    case 'boundWhere':
      return []
    default:
      return requirementOfTest(condition, truth)
  }
}

/** A bound span was found by the condition that bound it. */
function nameOf(reference: SpanReference): Requirement {
  return reference.kind === 'bound' ? [] : [[reference.name]]
}

/** One of several alternatives must hold: the narrowest requirement of each, all in one. */
function either(alternatives: readonly Requirement[]): Requirement {
  const names: NamePattern[] = []
  for (const alternative of alternatives) {
    const [first, ...rest] = alternative
    if (first === undefined) return []
    names.push(...rest.reduce((narrowest, each) => (each.length < narrowest.length ? each : narrowest), first))
  }
  return [names]
}

/** A test of counts that does not hold where every count is 0 needs one of the names it counts. */
function requirementOfTest(test: Test, truth: boolean): Requirement {
  const holdsOfNothing = holdsWithoutSpans(test)
  if (holdsOfNothing === undefined || holdsOfNothing === truth) return []
  const counts = lookupsOfTest(test).filter((operand) => operand.kind === 'count' || operand.kind === 'aggregate')
  const grouped = counts.find(({ by }) => by !== undefined)
  return grouped === undefined ? [counts.map(({ selector }) => selector.name)] : [[grouped.selector.name]]
}

/** Whether a test of counts holds where none of their spans is there; undefined where it looks up anything else. */
export function holdsWithoutSpans(test: Test): boolean | undefined {
  const operands = lookupsOfTest(test)
  const counts = operands.filter((operand) => operand.kind === 'count' || operand.kind === 'aggregate')
  if (counts.length < operands.length) return undefined
  return !counts.some(({ by }) => by !== undefined) && planTest(test, zeroCounts)(undefined)
}

const zeroCounts = {
  attribute: () => () => undefined,
  nameRead: () => () => undefined,
  attributeOrText: () => () => undefined,
  intrinsic: () => () => undefined,
  boundValue: () => () => undefined,
  count: () => () => 0,
  aggregate:
    ({ function: of }: Aggregate) =>
    () =>
      aggregate(of, []),
  regex: () => () => false,
}

type Lookup = Exclude<
  Operand,
  { readonly kind: 'number' | 'duration' | 'text' | 'boolean' | 'arithmetic' | 'negation' | 'numberOf' }
>

/** Everything a test looks up. */
export function lookupsOfTest(test: Test): readonly Lookup[] {
  switch (test.kind) {
    case 'comparison':
      return [...lookupsOf(test.left), ...lookupsOf(test.right)]
    case 'membership':
    case 'matches':
      return lookupsOf(test.left)
    default:
      return lookupsOf(test.operand)
  }
}

/** Everything a value is made of that is looked up. */
export function lookupsOf(operand: Operand): readonly Lookup[] {
  switch (operand.kind) {
    case 'arithmetic':
      return [...lookupsOf(operand.left), ...lookupsOf(operand.right)]
    case 'negation':
    case 'numberOf':
      return lookupsOf(operand.operand)
    case 'number':
    case 'duration':
    case 'text':
    case 'boolean':
      return []
    default:
      return [operand]
  }
}
