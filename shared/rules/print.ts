import type {
  Arithmetic,
  Attribute,
  Comparison,
  Condition,
  Filter,
  Literal,
  NamePattern,
  Operand,
  Selector,
  Test,
} from './ast.ts'
import { describeDuration } from './evidence/wording.ts'

/** A condition as a person would write it, on one line; reading it back gives an equal condition. */
export function printCondition(condition: Condition): string {
  return printLogic(condition, 'or')
}

/** Filters of one span as one condition. */
export function printFilters(filters: readonly Filter[]): string {
  return filters.map((filter) => printLogic(filter, filters.length > 1 ? 'and' : 'or')).join(' and ')
}

const logicPower = { or: 1, and: 2, not: 3 } as const

function printLogic(logic: Condition | Filter, within: keyof typeof logicPower): string {
  switch (logic.kind) {
    case 'and':
    case 'or': {
      const text = logic.operands.map((operand) => printLogic(operand, logic.kind)).join(` ${logic.kind} `)
      return logicPower[logic.kind] < logicPower[within] ? `(${text})` : text
    }
    case 'not':
      return `not ${printLogic(logic.operand, 'not')}`
    case 'has':
      return `trace.has${printSelector(logic.selector)}`
    case 'all': {
      const { name, filters } = logic.selector
      return `trace.all(${printName(name)}${printWhere(filters)})${printWhere(logic.filters)}`
    }
    default:
      return printTest(logic)
  }
}

function printTest(test: Test): string {
  switch (test.kind) {
    case 'comparison':
      return `${printOperand(test.left)} ${test.operator} ${printRight(test)}`
    case 'membership': {
      const items = test.items.map(printLiteral).join(', ')
      return `${printOperand(test.left)} ${test.negated ? 'not in' : 'in'} [${items}]`
    }
    case 'matches':
      return `${printOperand(test.left)} matches ${quote(test.pattern)}`
    case 'exists':
      return `exists(${printOperand(test.operand)})`
    case 'truthy':
      return printOperand(test.operand)
  }
}

/** The brackets and filters that follow `trace.has` or `trace.count`. */
function printSelector({ name, filters }: Selector): string {
  return `(${printName(name)})${printWhere(filters)}`
}

function printWhere(filters: readonly Filter[]): string {
  return filters.map((filter) => `.where(${printLogic(filter, 'or')})`).join('')
}

/** A span name as it stands in the brackets of `trace.has(…)`. */
export function printName(name: NamePattern): string {
  switch (name.kind) {
    case 'exact':
      return printExactName(name.name)
    case 'glob':
      return name.pattern
    case 'any':
      return 'any'
  }
}

export function printExactName(name: string): string {
  return isWord(name) ? name : quote(name)
}

/** After `==` and its like a plain word is text, so an attribute is written `attr(…)` there. */
function printRight({ operator, right }: Comparison): string {
  const isOrder = operator === '<' || operator === '<=' || operator === '>' || operator === '>='
  if (isOrder || right.kind !== 'attribute' || right.from === 'resource') return printOperand(right)
  return `attr(${quote(right.key)})`
}

export function printOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'attribute':
      return printAttribute(operand)
    case 'attributeOrText':
      return operand.word
    case 'intrinsic':
      return operand.name
    case 'arithmetic':
      return printArithmetic(operand)
    case 'negation':
      return `-${isCompound(operand.operand) ? `(${printOperand(operand.operand)})` : printOperand(operand.operand)}`
    case 'numberOf':
      return `num(${printOperand(operand.operand)})`
    case 'count':
      return `trace.count${printSelector(operand.selector)}`
    default:
      return printLiteral(operand)
  }
}

function printAttribute({ key, from }: Attribute): string {
  if (from === 'resource') return `resource.${key}`
  return isWord(key) && !isPrefixed(key) ? key : `attr(${quote(key)})`
}

const arithmeticPower = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2 } as const

function printArithmetic({ operator, left, right }: Arithmetic): string {
  const power = arithmeticPower[operator]
  const bracketed = (side: Operand, least: number) =>
    side.kind === 'arithmetic' && arithmeticPower[side.operator] < least
      ? `(${printOperand(side)})`
      : printOperand(side)
  return `${bracketed(left, power)} ${operator} ${bracketed(right, power + 1)}`
}

function isCompound(operand: Operand): boolean {
  return (
    operand.kind === 'arithmetic' ||
    operand.kind === 'negation' ||
    operand.kind === 'number' ||
    operand.kind === 'duration'
  )
}

export function printLiteral(literal: Literal): string {
  switch (literal.kind) {
    case 'number':
      return printNumber(literal.value)
    case 'duration':
      return describeDuration(literal.nanos)
    case 'text':
      return !literal.quoted && isPlainText(literal.value) ? literal.value : quote(literal.value)
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

/** Words that start so stand for values of the span, the trace or the resource. */
function isPrefixed(word: string): boolean {
  return /^(?:trace|span|resource)(?:\.|$)/.test(word)
}

/** Text that needs no quotes right of `==`. */
function isPlainText(text: string): boolean {
  return /^[A-Za-z_][\w-]*$/.test(text) && !reserved.has(text) && !isPrefixed(text)
}

/** Text in quotes. A backslash is doubled only where it would be read as an escape, so that regexes stay readable. */
function quote(text: string): string {
  const escaped = text
    .replace(/\\(?=[\\"nt\n\t]|$)/g, '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
  return `"${escaped}"`
}
