import type { Span } from '../../trace/span.ts'
import type { Atom, CheckedRule, Condition, Order, Selector, SpanReference } from '../ast.ts'
import type { Planner } from '../binding/planner.ts'
import { ownSelector } from '../binding/references.ts'
import type { Predicate, Run } from '../compile/plan.ts'
import { planBody } from '../compile/plan-body.ts'
import { outcomeOf } from '../judge/outcome.ts'
import { passingViews } from '../judge/run.ts'
import { atomsOf } from '../walk.ts'

/**
 * Until when a later span may still end a violation, in nanoseconds since 1970 by the clock of the spans. A rule asks for
 * such a span by an order with `within` that the violation lacks: `always { a as x } ... x before b within 20s` may hold
 * for 20 s after `a` ended. Undefined for a rule without such an order.
 */
export function planOpenUntil(
  planner: Planner,
  body: CheckedRule['body'],
): ((run: Run) => bigint | undefined) | undefined {
  if (!mentionsWithin(body)) return undefined
  const search: Search = { bound: new Map(), orders: [] }
  const hopeful = mapBody(body, (condition, isHelpful) => hope(condition, isHelpful, search))
  if (search.orders.length === 0) return undefined
  const windows = search.orders.map((order) => planWindow(planner, order, search))
  const decide = planBody(planner, hopeful)
  return (run) => {
    const latest = windows.map((window) => window(run)).reduce(later, undefined)
    // What else the violation comes from, no such span can end.
    return latest === undefined || outcomeOf({ decide }, run) === 'violated' ? undefined : latest
  }
}

type BoundedOrder = Order & { readonly within: number }

interface Search {
  /** The spans that each name may be bound to. */
  readonly bound: Map<number, Selector>
  /** Orders whose being true may end a violation. */
  readonly orders: BoundedOrder[]
}

function mentionsWithin(body: CheckedRule['body']): boolean {
  const conditions = body.kind === 'pattern' ? [body.condition] : [body.when, body.always, body.never, body.except]
  return conditions.some((condition) => condition !== undefined && atomsOf(condition).some(isBounded))
}

function isBounded(atom: Atom): boolean {
  return atom.kind === 'order' && atom.within !== undefined
}

/** `isHelpful`: whether the condition being true can end a violation. */
function mapBody(
  body: CheckedRule['body'],
  map: (condition: Condition, isHelpful: boolean) => Condition,
): CheckedRule['body'] {
  if (body.kind === 'pattern') return { ...body, condition: map(body.condition, false) }
  const { when, always, never, except } = body
  return {
    ...body,
    when: map(when, false),
    ...(always !== undefined && { always: map(always, true) }),
    ...(never !== undefined && { never: map(never, false) }),
    ...(except !== undefined && { except: map(except, true) }),
  }
}

/** The condition as it would be with every helpful order true; notes these orders, and which spans names are bound to. */
function hope(condition: Condition, isHelpful: boolean, search: Search): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { ...condition, operands: condition.operands.map((operand) => hope(operand, isHelpful, search)) }
    case 'not':
      return { ...condition, operand: hope(condition.operand, !isHelpful, search) }
    case 'has':
      if (condition.as !== undefined) search.bound.set(condition.as.id, condition.selector)
      return condition
    case 'order': {
      const { within } = condition
      if (!isHelpful || within === undefined) return condition
      search.orders.push({ ...condition, within })
      return { kind: 'and', operands: [], range: condition.range }
    }
    default:
      return condition
  }
}

/** When the last window closes in which the other span may start. */
function planWindow(planner: Planner, order: BoundedOrder, search: Search): (run: Run) => bigint | undefined {
  const { relation, within, left, right } = order
  const isLeftFirst = relation === 'before' || relation === 'starts before'
  const fromStart = relation === 'starts before' || relation === 'starts after'
  const predicate = predicateOf(planner, isLeftFirst ? left : right, search)
  if (predicate === undefined) return () => undefined
  return (run) =>
    passingViews(run, predicate)
      .map(({ span }) => (fromStart ? span.startUnixNano : endOf(span)) + BigInt(Math.round(within)))
      .reduce(later, undefined)
}

function predicateOf(planner: Planner, reference: SpanReference, { bound }: Search): Predicate | undefined {
  const selector = reference.kind === 'bound' ? bound.get(reference.id) : reference
  return selector && planner.predicate(ownSelector(selector))
}

function endOf({ startUnixNano, endUnixNano }: Span): bigint {
  return endUnixNano > startUnixNano ? endUnixNano : startUnixNano
}

function later(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one > other ? one : other
}
