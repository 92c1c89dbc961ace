import type { Condition, Operand, Selector, Test } from '../ast.ts'
import { canonicalCondition } from '../print/canonical.ts'
import type { Lint } from './warning.ts'

/** A rule that is broken by every trace there is. */
export const reportFiringAlways: Lint =
  () =>
  ({ rule, violation }, report) => {
    if (!holdsOfEveryTrace(violation)) return
    const { body } = rule
    report({
      code: 'fires-always',
      message: 'this rule fires on every trace',
      hint: 'add what makes a trace wrong with "and", as in trace.has(any.where(span.status == error))',
      range: body.kind === 'pattern' ? body.condition.range : body.when.range,
    })
  }

/** Whether a condition is true whatever a trace holds. */
export function holdsOfEveryTrace(condition: Condition): boolean {
  return truthOf(condition) === true
}

/** Undefined where it depends on the trace. */
function truthOf(condition: Condition): boolean | undefined {
  switch (condition.kind) {
    case 'not': {
      const truth = truthOf(condition.operand)
      return truth === undefined ? undefined : !truth
    }
    case 'and':
    case 'or': {
      const deciding = condition.kind === 'or'
      const truths = condition.operands.map(truthOf)
      if (truths.includes(deciding) || hasOpposites(condition.operands)) return deciding
      return truths.includes(undefined) ? undefined : !deciding
    }
    case 'has':
      return isEverySpan(condition.selector) ? true : undefined
    case 'comparison':
      return truthOfComparison(condition)
    default:
      return undefined
  }
}

/** `x or not x`: as a part of `or` always true, as a part of `and` never. */
function hasOpposites(operands: readonly Condition[]): boolean {
  const negated = operands.flatMap((operand) => (operand.kind === 'not' ? [canonicalCondition(operand.operand)] : []))
  if (negated.length === 0) return false
  const others = new Set(operands.flatMap((operand) => (operand.kind === 'not' ? [] : [canonicalCondition(operand)])))
  return negated.some((operand) => others.has(operand))
}

function truthOfComparison({ operator, left, right }: Test & { readonly kind: 'comparison' }): boolean | undefined {
  const least = leastOf(left)
  const value = right.kind === 'number' ? Number(right.value) : right.kind === 'duration' ? right.nanos : undefined
  if (least === undefined || value === undefined) return undefined
  if (operator === '>=') return value <= least ? true : undefined
  if (operator === '>' || operator === '!=') return value < least ? true : undefined
  if (operator === '<') return value <= least ? false : undefined
  return (operator === '<=' || operator === '==') && value < least ? false : undefined
}

/** The least that a value can be; undefined where it can be anything. A trace has at least one span. */
function leastOf(operand: Operand): number | undefined {
  if (operand.kind === 'count' && operand.by === undefined) return isEverySpan(operand.selector) ? 1 : 0
  if (operand.kind !== 'intrinsic') return undefined
  if (operand.name === 'trace.spans') return 1
  return operand.name === 'trace.services' || operand.name === 'trace.duration' ? 0 : undefined
}

function isEverySpan({ name, filters, events = [] }: Selector): boolean {
  const isAny = name.kind === 'any' || (name.kind === 'glob' && /^\*+$/.test(name.pattern))
  return isAny && filters.length === 0 && events.length === 0
}
