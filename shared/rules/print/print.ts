import type {
  Arithmetic,
  Attribute,
  Bound,
  Comparison,
  Condition,
  Filter,
  GroupKeys,
  Literal,
  NamePattern,
  Operand,
  Order,
  Selector,
  SpanReference,
  Structure,
  Test,
} from '../ast.ts'
import { describeDuration } from '../evidence/wording.ts'
import { OPERATORS } from '../operators.ts'
import { quoted } from '../resolve/reading.ts'

/** How words are spelled that may stand with or without quotes. */
export interface Spelling {
  name(name: string): string
  key(key: string): string
  text(text: Extract<Literal, { readonly kind: 'text' }>): string
  bound(bound: Bound): string
}

/** As a person would write it: quotes only where needed. */
const plain: Spelling = {
  name: (name) => (isWord(name) ? name : quoted(name)),
  key: (key) => (isWord(key) && !isPrefixed(key) ? key : `attr(${quoted(key)})`),
  text: ({ value, quoted: wasQuoted }) => (!wasQuoted && isPlainText(value) ? value : quoted(value)),
  bound: ({ name }) => name,
}

/** A condition, or a filter, on one line with brackets only where needed; reading it back gives an equal one. */
export function printCondition(condition: Condition, spelling: Spelling = plain): string {
  return printLogic(condition, 'or', spelling)
}

/** Filters of one span as one condition. */
export function printFilters(filters: readonly Filter[]): string {
  return filters.map((filter) => printLogic(filter, filters.length > 1 ? 'and' : 'or', plain)).join(' and ')
}

const logicPower = { or: 1, and: 2, not: 3 } as const

function printLogic(logic: Condition, within: keyof typeof logicPower, spelling: Spelling): string {
  switch (logic.kind) {
    case 'and':
    case 'or': {
      const text = logic.operands.map((operand) => printLogic(operand, logic.kind, spelling)).join(` ${logic.kind} `)
      return logicPower[logic.kind] < logicPower[within] ? `(${text})` : text
    }
    case 'not':
      return `not ${printLogic(logic.operand, 'not', spelling)}`
    case 'has': {
      const spans = `trace.has${printSelector(logic.selector, spelling)}`
      return logic.as === undefined ? spans : `${spans} as ${spelling.bound(logic.as)}`
    }
    case 'order':
    case 'structure':
      return printRelation(logic, spelling)
    case 'boundWhere':
      return `${spelling.bound(logic.bound)}${printNarrowing(logic, spelling)}`
    case 'all': {
      const { selector, filters } = logic
      return `trace.all(${printName(selector.name, spelling)}${printNarrowing(selector, spelling)})${printWhere(filters, spelling)}`
    }
    default:
      return printTest(logic, spelling)
  }
}

function printRelation(node: Order | Structure, spelling: Spelling): string {
  const words = `${printReference(node.left, spelling)} ${node.relation} ${printReference(node.right, spelling)}`
  return node.kind === 'structure' || node.within === undefined
    ? words
    : `${words} within ${describeDuration(node.within)}`
}

function printReference(reference: SpanReference, spelling: Spelling): string {
  return reference.kind === 'bound' ? spelling.bound(reference) : `trace.has${printSelector(reference, spelling)}`
}

function printTest(test: Test, spelling: Spelling): string {
  switch (test.kind) {
    case 'comparison':
      return `${printOperand(test.left, spelling)} ${test.operator} ${printRight(test, spelling)}`
    case 'membership': {
      const items = test.items.map((item) => printLiteral(item, spelling)).join(', ')
      return `${printOperand(test.left, spelling)} ${test.negated ? 'not in' : 'in'} [${items}]`
    }
    case 'matches':
      return `${printOperand(test.left, spelling)} matches ${quoted(test.pattern)}`
    case 'exists':
      return `exists(${printOperand(test.operand, spelling)})`
    case 'truthy':
      return printOperand(test.operand, spelling)
  }
}

/** The brackets and filters that follow `trace.has` or `trace.count`. */
function printSelector(selector: Selector, spelling: Spelling): string {
  return `(${printName(selector.name, spelling)})${printNarrowing(selector, spelling)}`
}

function printNarrowing({ filters, events = [] }: Pick<Selector, 'filters' | 'events'>, spelling: Spelling): string {
  const ofEvents = events.map(
    ({ name, filters: own }) => `.event(${printName(name, spelling)})${printWhere(own, spelling)}`,
  )
  return `${printWhere(filters, spelling)}${ofEvents.join('')}`
}

function printWhere(filters: readonly Filter[], spelling: Spelling): string {
  return filters.map((filter) => `.where(${printLogic(filter, 'or', spelling)})`).join('')
}

/** A span name as written in the brackets of `trace.has(…)`. */
export function printName(name: NamePattern, spelling: Spelling = plain): string {
  switch (name.kind) {
    case 'exact':
      return spelling.name(name.name)
    case 'glob':
      return name.pattern
    case 'any':
      return 'any'
  }
}

export function printExactName(name: string): string {
  return plain.name(name)
}

/** After a comparison operator a plain word is text, so an attribute is written `attr(…)` there. */
function printRight({ operator, right }: Comparison, spelling: Spelling): string {
  const isOrder = OPERATORS[operator].compares === 'order'
  if (isOrder || right.kind !== 'attribute' || right.from === 'resource' || right.exact) {
    return printOperand(right, spelling)
  }
  return `attr(${quoted(right.key)})`
}

export function printOperand(operand: Operand, spelling: Spelling = plain): string {
  switch (operand.kind) {
    case 'attribute':
      return printAttribute(operand, spelling)
    case 'attributeOrText':
      return operand.word
    case 'intrinsic':
      return operand.name
    case 'boundValue':
      return `${spelling.bound(operand.bound)}.${printOperand(operand.value, spelling)}`
    case 'arithmetic':
      return printArithmetic(operand, spelling)
    case 'negation': {
      const inner = printOperand(operand.operand, spelling)
      return needsBrackets(operand.operand) ? `-(${inner})` : `-${inner}`
    }
    case 'numberOf':
      return `num(${printOperand(operand.operand, spelling)})`
    case 'count':
      return `trace.count${printSelector(operand.selector, spelling)}${printBy(operand.by, spelling)}`
    case 'aggregate': {
      const { selector } = operand
      const of = printOperand(operand.of, spelling)
      return `trace.${operand.function}(${printName(selector.name, spelling)}, ${of})${printNarrowing(selector, spelling)}${printBy(operand.by, spelling)}`
    }
    default:
      return printLiteral(operand, spelling)
  }
}

function printBy(keys: GroupKeys | undefined, spelling: Spelling): string {
  return keys === undefined ? '' : `.by(${keys.map((key) => printOperand(key, spelling)).join(', ')})`
}

function printAttribute({ key, from, exact }: Attribute, spelling: Spelling): string {
  if (exact) return `attr(${quoted(key)}, exact)`
  return from === 'resource' ? `resource.${key}` : spelling.key(key)
}

const arithmeticPower = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2 } as const

function printArithmetic({ operator, left, right }: Arithmetic, spelling: Spelling): string {
  const power = arithmeticPower[operator]
  const bracketed = (side: Operand, least: number) =>
    side.kind === 'arithmetic' && arithmeticPower[side.operator] < least
      ? `(${printOperand(side, spelling)})`
      : printOperand(side, spelling)
  return `${bracketed(left, power)} ${operator} ${bracketed(right, power + 1)}`
}

/** After a sign: a sign before a number would become part of it. */
function needsBrackets({ kind }: Operand): boolean {
  return kind === 'arithmetic' || kind === 'negation' || kind === 'number' || kind === 'duration'
}

export function printLiteral(literal: Literal, spelling: Spelling = plain): string {
  switch (literal.kind) {
    case 'number':
      return printNumber(literal.value)
    case 'duration':
      return describeDuration(literal.nanos)
    case 'text':
      return spelling.text(literal)
    case 'boolean':
      return String(literal.value)
  }
}

/** A double past 2^53 keeps its exponent, since the same digits without one would be an exact integer. */
function printNumber(value: number | bigint): string {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
    ? value.toExponential()
    : String(value)
}

const reserved = new Set(['and', 'or', 'not', 'in', 'true', 'false', 'null', 'when', 'always', 'never', 'any'])

function isWord(text: string): boolean {
  return /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(text) && !reserved.has(text)
}

/** Words that start so mean values of the span, the trace or the resource. */
function isPrefixed(word: string): boolean {
  return /^(?:trace|span|resource)(?:\.|$)/.test(word)
}

/** Text that needs no quotes right of `==`. */
function isPlainText(text: string): boolean {
  return /^[A-Za-z_][\w-]*$/.test(text) && !reserved.has(text) && !isPrefixed(text)
}
