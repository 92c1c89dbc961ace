import type { CheckedRule, Condition, Has, NamePattern } from './ast.ts'
import { requirementOf } from './requirement.ts'

/** The rule, judging only traces with a span of one of the services; the others leave it idle. Same name and revision. */
export function withinServices(rule: CheckedRule, services: readonly string[]): CheckedRule {
  if (services.length === 0) return rule
  const { body, range } = rule
  const items = services.map((value) => ({ kind: 'text', value, quoted: true, range }) as const)
  const left = { kind: 'intrinsic', name: 'span.service', range } as const
  const filter = { kind: 'membership', negated: false, left, items, range } as const
  const within: Condition = {
    kind: 'has',
    selector: { kind: 'selector', name: { kind: 'any', range }, filters: [filter], range },
    range,
  }
  return body.kind === 'pattern'
    ? { ...rule, body: { ...body, condition: both(body.condition, within) } }
    : { ...rule, body: { ...body, when: both(body.when, within) } }
}

/**
 * A pattern that is true of each trace that exercises the rule: that gives it something to say. An invariant is exercised
 * where its `when` holds outside `except`. A pattern is taken as the circumstances, and what must not be found in them:
 *
 * - one with parts that forbid (under `not`, or comparisons that need no span) is exercised where all its other parts hold;
 * - one without is exercised where all but the last part hold: `state open and a request` by any open breaker;
 * - one of a single part by a span of its name: `retries > 3` by any request; a bare name, or no name, by every trace;
 * - alternatives (`or`) by any that is exercised.
 */
export function exerciseOf(rule: CheckedRule, name: string): CheckedRule {
  const { body, range } = rule
  const condition = body.kind === 'pattern' ? exercised(body.condition) : outside(body.when, body.except)
  return { ...rule, name, body: { kind: 'pattern', condition, range } }
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
  return allOf(circumstances, condition)
}

/** The condition without what it asks of the spans: that some span of a name is there. */
function relaxed(condition: Condition): Condition {
  const bare = condition.kind === 'has' && condition.selector.filters.length === 0
  if (bare) return named({ kind: 'any', range: condition.range })
  return allOf(
    requirementOf(condition).map((names) => oneOf(names.map(named), condition)),
    condition,
  )
}

function flattened(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? condition.operands.flatMap(flattened) : [condition]
}

function both(a: Condition, b: Condition): Condition {
  return { kind: 'and', operands: [...flattened(a), b], range: a.range }
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
