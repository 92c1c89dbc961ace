import type {
  Aggregate,
  Atom,
  Attribute,
  BoundValue,
  Comparison,
  Condition,
  Count,
  Filter,
  Intrinsic,
  Logic,
  Membership,
  Operand,
  Test,
} from '../ast.ts'
import { calculate, negate, toNumber } from '../judge/arithmetic.ts'
import { relate } from '../judge/relate.ts'
import { elementsOf, equal, isArray, isMissing, type Value } from '../judge/values.ts'
import { type ComparisonOperator, OPERATORS } from '../operators.ts'
import type { RegexTest } from './regex.ts'

/** Reads an operand of one span, or of one trace. */
export type Reader<Scope> = (scope: Scope) => Value
export type Decider<Scope> = (scope: Scope) => boolean

/** How the operands that look something up are read in a scope; everything else is the same in all. */
export interface Lookups<Scope> {
  attribute(attribute: Attribute): Reader<Scope>
  /** The other name that an attribute is found under; undefined where its own key is there, or no name of it. */
  nameRead(value: Attribute | BoundValue): (scope: Scope) => string | undefined
  /** `word`: the attribute of that name, missing where the span lacks it and the word cannot be text. */
  attributeOrText(word: string, textStandsIn: boolean): Reader<Scope>
  intrinsic(intrinsic: Intrinsic): Reader<Scope>
  boundValue(value: BoundValue): Reader<Scope>
  count(count: Count): Reader<Scope>
  aggregate(aggregate: Aggregate): Reader<Scope>
  regex(pattern: string): RegexTest
}

/** Turns boolean logic into a closure; operands that cost less are asked first. */
export function planLogic<Of extends Atom, Scope>(
  logic: Logic<Of>,
  planAtom: (atom: Of) => Decider<Scope>,
): Decider<Scope> {
  const node: Condition = logic
  if (node.kind === 'not') {
    const decide = planLogic(node.operand as Logic<Of>, planAtom)
    return (scope) => !decide(scope)
  }
  if (node.kind !== 'and' && node.kind !== 'or') return planAtom(node as Of)
  const operands = [...node.operands].sort((a, b) => costOf(a) - costOf(b))
  const deciders = operands.map((operand) => planLogic(operand as Logic<Of>, planAtom))
  return node.kind === 'and' ? allOf(deciders) : someOf(deciders)
}

/** Filters that hold on one span. */
export function planFilters<Scope>(filters: readonly Filter[], lookups: Lookups<Scope>): Decider<Scope> {
  return allOf(filters.map((filter) => planLogic(filter, (test: Test) => planTest(test, lookups))))
}

/** A rough measure of the work a condition takes, to sort by. */
function costOf(condition: Condition): number {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.operands.reduce((sum, operand) => sum + costOf(operand), 1)
    case 'not':
      return costOf(condition.operand)
    case 'has':
      return condition.selector.filters.length * 20
    case 'all':
      return 20
    case 'order':
    case 'structure':
      return 40
    case 'matches':
      return 10
    default:
      return 1
  }
}

function allOf<Scope>(deciders: readonly Decider<Scope>[]): Decider<Scope> {
  const [first, second] = deciders
  if (first === undefined) return () => true
  if (second === undefined) return first
  if (deciders.length === 2) return (scope) => first(scope) && second(scope)
  return (scope) => {
    for (const decide of deciders) if (!decide(scope)) return false
    return true
  }
}

function someOf<Scope>(deciders: readonly Decider<Scope>[]): Decider<Scope> {
  return (scope) => {
    for (const decide of deciders) if (decide(scope)) return true
    return false
  }
}

/** Turns one test into a closure, the common case of a value against a literal without detours. */
export function planTest<Scope>(test: Test, lookups: Lookups<Scope>): Decider<Scope> {
  switch (test.kind) {
    case 'comparison':
      return planComparison(test, lookups)
    case 'membership':
      return planMembership(test, lookups)
    case 'matches': {
      const read = planOperand(test.left, lookups)
      const found = lookups.regex(test.pattern)
      return (scope) => someText(read(scope), found)
    }
    case 'exists': {
      const read = planOperand(test.operand, lookups)
      return (scope) => !isMissing(read(scope))
    }
    case 'truthy': {
      const read = planOperand(test.operand, lookups)
      return (scope) => read(scope) === true
    }
  }
}

function someText(value: Value, found: RegexTest): boolean {
  if (typeof value === 'string') return found(value)
  return isArray(value) && elementsOf(value).some((element) => typeof element === 'string' && found(element))
}

function planComparison<Scope>({ operator, left, right }: Comparison, lookups: Lookups<Scope>): Decider<Scope> {
  const readLeft = planOperand(left, lookups)
  const literal = literalOf(right)
  if (typeof literal === 'number') return againstNumber(operator, readLeft, literal)
  if (typeof literal === 'string') return againstText(operator, readLeft, literal)
  const readRight = planRight(operator, right, lookups)
  return (scope) => relate(operator, readLeft(scope), readRight(scope))
}

/** The right operand: a dotted word is text where the span has no such attribute, save for `!=`. */
export function planRight<Scope>(operator: ComparisonOperator, right: Operand, lookups: Lookups<Scope>): Reader<Scope> {
  return right.kind === 'attributeOrText'
    ? lookups.attributeOrText(right.word, operator !== '!=')
    : planOperand(right, lookups)
}

function againstNumber<Scope>(operator: ComparisonOperator, read: Reader<Scope>, number: number): Decider<Scope> {
  const direct = OPERATORS[operator].ofNumbers
  if (direct === undefined) return (scope) => relate(operator, read(scope), number)
  return (scope) => {
    const value = read(scope)
    return typeof value === 'number' ? direct(value, number) : relate(operator, value, number)
  }
}

function againstText<Scope>(operator: ComparisonOperator, read: Reader<Scope>, text: string): Decider<Scope> {
  const direct = OPERATORS[operator].ofTexts
  if (direct === undefined) return (scope) => relate(operator, read(scope), text)
  return (scope) => {
    const value = read(scope)
    return typeof value === 'string' ? direct(value, text) : relate(operator, value, text)
  }
}

function planMembership<Scope>({ left, items, negated }: Membership, lookups: Lookups<Scope>): Decider<Scope> {
  const read = planOperand(left, lookups)
  const values = items.map((item) => literalOf(item) as Value)
  const texts = new Set(values)
  const isIn = (value: Value) =>
    typeof value === 'string' ? texts.has(value) : values.some((item) => equal(value, item) === true)
  const isComparable = (value: Value) => values.some((item) => equal(value, item) !== undefined)
  const holds = negated ? (value: Value) => isComparable(value) && !isIn(value) : isIn
  return (scope) => {
    const value = read(scope)
    if (!isArray(value)) return holds(value)
    return negated ? elementsOf(value).every(holds) : elementsOf(value).some(holds)
  }
}

/** The value of a literal; durations are nanoseconds, to which only other durations are ever compared. */
function literalOf(operand: Operand): Value {
  switch (operand.kind) {
    case 'duration':
      return operand.nanos
    case 'number':
    case 'text':
    case 'boolean':
      return operand.value
    default:
      return undefined
  }
}

export function planOperand<Scope>(operand: Operand, lookups: Lookups<Scope>): Reader<Scope> {
  switch (operand.kind) {
    case 'attribute':
      return lookups.attribute(operand)
    case 'attributeOrText':
      return lookups.attributeOrText(operand.word, false)
    case 'intrinsic':
      return lookups.intrinsic(operand)
    case 'boundValue':
      return lookups.boundValue(operand)
    case 'count':
      return lookups.count(operand)
    case 'aggregate':
      return lookups.aggregate(operand)
    case 'arithmetic': {
      const left = planOperand(operand.left, lookups)
      const right = planOperand(operand.right, lookups)
      return (scope) => calculate(operand.operator, left(scope), right(scope))
    }
    case 'negation': {
      const read = planOperand(operand.operand, lookups)
      return (scope) => negate(read(scope))
    }
    case 'numberOf': {
      const read = planOperand(operand.operand, lookups)
      return (scope) => toNumber(read(scope))
    }
    default: {
      const value = literalOf(operand)
      return () => value
    }
  }
}

/** The same values, read of an outer scope by what it leads to. */
export function throughLookups<Outer, Inner>(inner: Lookups<Inner>, lead: (outer: Outer) => Inner): Lookups<Outer> {
  const through =
    <Result>(read: (inner: Inner) => Result) =>
    (outer: Outer) =>
      read(lead(outer))
  return {
    attribute: (attribute) => through(inner.attribute(attribute)),
    nameRead: (value) => through(inner.nameRead(value)),
    attributeOrText: (word, textStandsIn) => through(inner.attributeOrText(word, textStandsIn)),
    intrinsic: (intrinsic) => through(inner.intrinsic(intrinsic)),
    boundValue: (value) => through(inner.boundValue(value)),
    count: (count) => through(inner.count(count)),
    aggregate: (aggregate) => through(inner.aggregate(aggregate)),
    regex: inner.regex,
  }
}
