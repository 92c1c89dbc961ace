import type { Comparison, Filter, Membership, Operand, Test } from '../ast.ts'
import { planLogic, planOperand, planRight, planTest } from '../compile/plan-test.ts'
import { elementsOf, equal, isArray, isMissing, isNumeric, type Value } from '../judge/values.ts'
import { OPERATORS } from '../operators.ts'
import { printExactName, printLiteral } from '../print/print.ts'
import { isLiteral } from '../walk.ts'
import { printRead } from './read-name.ts'
import type { Sight } from './sight.ts'
import { cut, describe, describeDuration, describeTyped, isDuration, typeName } from './wording.ts'

/** Why a filter is false, one phrase for each test that makes it so: `amount is 900, not > 1000`. */
export function failures<Scope>(sight: Sight<Scope>, filter: Filter): readonly string[] {
  return reasonsFor(sight, filter, false)
}

export function isTrue<Scope>({ scope, lookups }: Sight<Scope>, filter: Filter): boolean {
  return planLogic(filter, (test: Test) => planTest(test, lookups))(scope)
}

/** Phrases for the tests that make the filter what it is, which is `truth`. */
function reasonsFor<Scope>(sight: Sight<Scope>, filter: Filter, truth: boolean): readonly string[] {
  switch (filter.kind) {
    case 'not':
      return reasonsFor(sight, filter.operand, !truth)
    case 'and':
    case 'or':
      return filter.operands
        .filter((operand) => isTrue(sight, operand) === truth)
        .flatMap((operand) => reasonsFor(sight, operand, truth))
    default:
      return [truth ? saySides(sight, filter) : failingReason(sight, filter)]
  }
}

/** What the operands of a test came to: `currency is "USD"`. */
function saySides<Scope>(sight: Sight<Scope>, test: Test): string {
  const sides = test.kind === 'comparison' ? [test.left, test.right] : [testedOperand(test)]
  return sides
    .filter((side) => !isLiteral(side))
    .map((side) => say(sight, side))
    .join(' and ')
}

function testedOperand(test: Exclude<Test, Comparison>): Operand {
  return test.kind === 'exists' || test.kind === 'truthy' ? test.operand : test.left
}

export function say<Scope>({ scope, lookups }: Sight<Scope>, operand: Operand): string {
  return `${printRead({ scope, lookups }, operand)} is ${word(operand, planOperand(operand, lookups)(scope))}`
}

function word(operand: Operand, value: Value): string {
  return isDuration(operand) && isNumeric(value) ? describeDuration(value) : describe(value)
}

function failingReason<Scope>(sight: Sight<Scope>, test: Test): string {
  if (test.kind === 'comparison') return failedComparison(sight, test)
  const operand = testedOperand(test)
  const name = printRead(sight, operand)
  const value = planOperand(operand, sight.lookups)(sight.scope)
  if (isMissing(value)) return sayMissing(sight, operand)
  switch (test.kind) {
    case 'membership':
      return `${name} is ${failedMembership(test, value)}`
    case 'matches':
      if (typeof value !== 'string' && !isArray(value)) return `${name} is ${describeTyped(value)}, not a string`
      return `${name} is ${describe(value)}, in which "${cut(test.pattern)}" finds nothing`
    default:
      return `${name} is ${typeof value === 'boolean' ? value : `${describeTyped(value)}, not the boolean true`}`
  }
}

/** `order.id is missing`, and where it is: `order.id is missing here; on span "request handler"`. */
function sayMissing<Scope>(sight: Sight<Scope>, operand: Operand): string {
  const name = printRead(sight, operand)
  const isOwn = operand.kind === 'attribute' && operand.from === 'any'
  const other = isOwn ? sight.spanWith?.(operand) : undefined
  return other === undefined ? `${name} is missing` : `${name} is missing here; on span ${cut(printExactName(other))}`
}

function failedMembership({ items, negated }: Membership, value: Value): string {
  const list = cut(`[${items.map((item) => printLiteral(item)).join(', ')}]`)
  const elements = isArray(value) ? elementsOf(value) : [value]
  const isComparable = elements.some((one) => items.some((item) => equal(one, literalValue(item)) !== undefined))
  if (!isComparable) return `${describeTyped(value)}, and no such type is in ${list}`
  return negated ? `${describe(value)}, which is in ${list}` : `${describe(value)}, not in ${list}`
}

function literalValue(item: Membership['items'][number]): Value {
  return item.kind === 'duration' ? item.nanos : item.value
}

function failedComparison<Scope>(sight: Sight<Scope>, test: Comparison): string {
  const { scope, lookups } = sight
  const left = planOperand(test.left, lookups)(scope)
  const right = planRight(test.operator, test.right, lookups)(scope)
  const leftName = printRead(sight, test.left)
  const rightName = printRead(sight, test.right)
  if (isMissing(left)) return sayMissing(sight, test.left)
  if (isMissing(right)) return sayMissing(sight, test.right)
  if (isLiteral(test.left)) return saySides(sight, test)
  const isFixed =
    isLiteral(test.right) || (typeof right === 'string' && isMissing(planOperand(test.right, lookups)(scope)))
  if (areUnlike(test, left, right)) {
    const other = isFixed ? `, not a ${typeName(right)}` : ` and ${rightName} is ${describeTyped(right)}`
    return `${leftName} is ${describeTyped(left)}${other}`
  }
  const wanted = isFixed ? word(test.right, right) : `${rightName}, which is ${word(test.right, right)}`
  return `${leftName} is ${word(test.left, left)}, ${OPERATORS[test.operator].negation} ${wanted}`
}

function areUnlike({ operator }: Comparison, left: Value, right: Value): boolean {
  if (isArray(left) || isArray(right)) return false
  const isTextual = OPERATORS[operator].compares === 'text'
  return isTextual ? typeof left !== 'string' || typeof right !== 'string' : equal(left, right) === undefined
}
