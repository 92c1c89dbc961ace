import type { CheckedRule, Condition } from '../ast.ts'

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

/** Both conditions; the first may be an `and` of its own. */
export function both(a: Condition, b: Condition): Condition {
  return { kind: 'and', operands: [...flattened(a), b], range: a.range }
}

/** The parts of an `and`, nested ones taken apart. */
export function flattened(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? condition.operands.flatMap(flattened) : [condition]
}
