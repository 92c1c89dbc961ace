import type { CheckedRule, Condition, Filter, Has, NamePattern, Selector } from '../ast.ts'
import { lookupsOf, lookupsOfTest, requirementOf } from '../compile/requirement.ts'
import { readCondition } from './weaken.ts'
import { both, flattened } from './within-services.ts'

/**
 * A pattern that is true of each trace that exercises the rule: that gives it something to say. An invariant is exercised
 * where its `when` holds outside `except`. A pattern is taken as the circumstances, and what must not be found in them:
 *
 * - one with parts that forbid (under `not`, or comparisons that need no span) is exercised where all its other parts hold,
 *   or may hold as far as the attributes of the spans they name tell;
 * - one without is so exercised where all but the last part hold: `state open and a request` by any open breaker;
 * - one of a single part by a span of its name: `api.request.where(retries > 3)` by any request, for whether it has
 *   `retries` is what blindness asks; one of `any` span by a span that has the attributes it asks for, since these are
 *   what it knows its spans by; a bare name, which must never be there, or no name at all, by every trace;
 * - one of order or structure by spans of both sides, however they stand;
 * - alternatives (`or`) by any that is exercised.
 */
export function exerciseOf(rule: CheckedRule, name: string): CheckedRule {
  const { body, range } = rule
  const condition = body.kind === 'pattern' ? exercised(body.condition) : outside(body.when, body.except)
  return { ...rule, name, derived: true, body: { kind: 'pattern', condition, range } }
}

/** A pattern that is true of every trace, under a name that no rule can have; the rule gives it a place. */
export function everyTrace(rule: CheckedRule): CheckedRule {
  const { range } = rule
  return {
    ...rule,
    name: '#every-trace',
    derived: true,
    body: { kind: 'pattern', condition: named({ kind: 'any', range }), range },
  }
}

function outside(when: Condition, except: Condition | undefined): Condition {
  return except === undefined ? when : both(when, { kind: 'not', operand: except, range: except.range })
}

function exercised(condition: Condition): Condition {
  if (condition.kind === 'or') return { ...condition, operands: condition.operands.map(exercised) }
  if (condition.kind !== 'and') return relaxed(condition)
  const parts = flattened(condition)
  const needing = parts.filter((part) => requirementOf(part).length > 0)
  const circumstances = needing.length === parts.length ? parts.slice(0, -1) : needing
  return allOf(circumstances.map(seen), condition)
}

/** Spans of the name that lack an attribute count: whether they have it is what blindness asks. */
function seen(condition: Condition): Condition {
  if (condition.kind === 'or') return { ...condition, operands: condition.operands.map(seen) }
  const isNamed = condition.kind === 'has' && condition.selector.name.kind !== 'any'
  return isNamed ? readCondition(condition, 'possible') : condition
}

/** The condition without what it asks of values: that the spans are there that it asks. */
function relaxed(condition: Condition): Condition {
  if (condition.kind === 'has')
    return isBare(condition)
      ? named({ kind: 'any', range: condition.range })
      : some(relaxedSelector(condition.selector))
  if (condition.kind === 'order' || condition.kind === 'structure') {
    const sides = [condition.left, condition.right].filter((side) => side.kind === 'selector')
    return allOf(sides.map(some), condition)
  }
  const requirement = requirementOf(condition)
  const counted = countedBy(condition)
  if (requirement.length > 0 && counted.length > 0) return oneOf(counted.map(some), condition)
  return allOf(
    requirement.map((names) => oneOf(names.map(named), condition)),
    condition,
  )
}

/** The selectors that a comparison of counts counts, without what they ask of values. */
function countedBy(condition: Condition): readonly Selector[] {
  switch (condition.kind) {
    case 'comparison':
    case 'membership':
      return lookupsOfTest(condition).flatMap((operand) => {
        if (operand.kind === 'count') return [relaxedSelector(operand.selector)]
        if (operand.kind !== 'aggregate') return []
        return [relaxedSelector(operand.selector, present(lookupsOf(operand.of)))]
      })
    default:
      return []
  }
}

/** `also`: what else is asked of spans of any name. */
function relaxedSelector({ events = [], ...selector }: Selector, also: readonly Filter[] = []): Selector {
  const filters = selector.name.kind === 'any' ? [...askedOfAll(selector.filters), ...also] : []
  const narrowed = selector.filters.length > 0
  // A selector narrowed by events alone loses what the events ask for, or the events themselves where they ask for nothing.
  const asking = narrowed ? events : events.filter((event) => event.filters.length > 0)
  const kept = narrowed ? asking : asking.map((event) => ({ ...event, filters: [] }))
  return { ...selector, filters, ...(kept.length === 0 ? {} : { events: kept }) }
}

function askedOfAll(filters: readonly Filter[]): readonly Filter[] {
  return filters.flatMap(askedOf)
}

/** That the attributes are there whose values a filter asks for; nothing of one that asks whether they are there. */
function askedOf(filter: Filter): readonly Filter[] {
  switch (filter.kind) {
    case 'and':
      return filter.operands.flatMap(askedOf)
    case 'or': {
      const alternatives = filter.operands.map(askedOf)
      if (alternatives.some((asked) => asked.length === 0)) return []
      return [{ ...filter, operands: alternatives.map((asked) => together(asked, filter)) }]
    }
    case 'not':
    case 'exists':
      return []
    default:
      return present(lookupsOfTest(filter))
  }
}

function together(filters: readonly Filter[], { range }: Filter): Filter {
  const [first] = filters
  return filters.length === 1 && first !== undefined ? first : { kind: 'and', operands: filters, range }
}

function present(operands: ReturnType<typeof lookupsOfTest>): readonly Filter[] {
  return operands
    .filter((operand) => operand.kind === 'attribute')
    .map((operand) => ({ kind: 'exists', operand, range: operand.range }))
}

function some(selector: Selector): Has {
  return { kind: 'has', selector, range: selector.range }
}

function isBare({ selector }: Has): boolean {
  return selector.filters.length === 0 && selector.events === undefined
}

function allOf(parts: readonly Condition[], { range }: Condition): Condition {
  const [first, ...rest] = parts
  if (first === undefined) return named({ kind: 'any', range })
  return rest.length === 0 ? first : { kind: 'and', operands: parts, range }
}

function oneOf(parts: readonly Condition[], { range }: Condition): Condition {
  const [first, ...rest] = parts
  if (first === undefined) return named({ kind: 'any', range })
  return rest.length === 0 ? first : { kind: 'or', operands: parts, range }
}

function named(name: NamePattern): Has {
  const { range } = name
  return { kind: 'has', selector: { kind: 'selector', name, filters: [], range }, range }
}
