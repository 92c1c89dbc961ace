import type { Comparison, Literal, Matches, Membership, Operand, Test } from '../ast.ts'
import { OPERATORS } from '../operators.ts'
import { printLiteral, printOperand } from '../print/print.ts'
import { type AttributeType, typeOfAttribute } from './attribute-types.ts'
import type { Lint, ReportWarning } from './warning.ts'

/** `http.response.status_code == "500"` is never true: the conventions say int, and 500 is not "500". */
export const reportWrongTypes: Lint =
  () =>
  ({ tests }, report) => {
    for (const { test } of tests) reportTest(test, report)
  }

function reportTest(test: Test, report: ReportWarning): void {
  if (test.kind === 'exists' || test.kind === 'truthy') return
  const key = keyOf(test.left)
  const type = key === undefined ? undefined : typeOfAttribute(key)
  if (key === undefined || type === undefined) return
  const found = mismatch(test, type)
  if (found === undefined) return
  report({
    code: 'attribute-type',
    message: `${key} is ${IN_WORDS[type]} in OpenTelemetry's conventions, and this compares it with ${found}`,
    hint: hintFor(test, type),
    range: test.range,
  })
}

const IN_WORDS: Readonly<Record<AttributeType, string>> = { int: 'an int', string: 'a string', boolean: 'a boolean' }

function keyOf(operand: Operand): string | undefined {
  if (operand.kind === 'boundValue') return keyOf(operand.value)
  return operand.kind === 'attribute' ? operand.key : undefined
}

/** What the attribute is compared with, where that is of another type. */
function mismatch(test: Comparison | Membership | Matches, type: AttributeType): string | undefined {
  if (test.kind === 'matches') return type === 'string' ? undefined : 'text'
  if (test.kind === 'membership')
    return test.items.map((item) => otherType(item, type)).find((each) => each !== undefined)
  const { right } = test
  return isLiteral(right) ? otherType(right, type) : undefined
}

function isLiteral(operand: Operand): operand is Literal {
  return operand.kind === 'number' || operand.kind === 'text' || operand.kind === 'boolean'
}

const LITERAL_TYPES = { number: 'int', text: 'string', boolean: 'boolean', duration: undefined } as const

function otherType({ kind }: Literal, type: AttributeType): string | undefined {
  const own = LITERAL_TYPES[kind]
  if (own === undefined || own === type) return undefined
  return kind === 'text' ? 'text' : `a ${kind}`
}

function hintFor(test: Comparison | Membership | Matches, type: AttributeType): string {
  const left = printOperand(test.left)
  if (type === 'boolean') return `write ${left} == true or ${left} == false`
  if (type === 'string') return hintForString(test, left)
  const isText = test.kind === 'matches' || (test.kind === 'comparison' && OPERATORS[test.operator].compares === 'text')
  if (isText) return `compare it with numbers, as in ${left} >= 500 and ${left} < 600`
  const items = test.kind === 'membership' ? test.items : [test.right]
  const numbers = items.map((item) => numberIn(item))
  if (numbers.includes(undefined)) return 'compare it with a number'
  const word = test.kind === 'membership' ? (test.negated ? 'not in' : 'in') : test.operator
  const written = test.kind === 'membership' ? `[${numbers.join(', ')}]` : numbers.join('')
  return `write ${left} ${word} ${written}, or num(${left}) ${word} ${written} if some spans carry it as text`
}

function hintForString(test: Comparison | Membership | Matches, left: string): string {
  if (test.kind === 'matches') return 'compare it with text'
  if (test.kind === 'membership') return `write text in quotes: ${left} in [${test.items.map(textIn).join(', ')}]`
  const right = isLiteral(test.right) ? test.right : undefined
  if (right === undefined || right.kind === 'boolean') return 'compare it with text'
  const value = printLiteral(right)
  if (OPERATORS[test.operator].compares === 'order') return `write num(${left}) ${test.operator} ${value}`
  return `write ${left} ${test.operator} ${textIn(right)}, or num(${left}) ${test.operator} ${value} to read it as a number`
}

/** The number that a literal holds, as a number or as text. */
function numberIn(operand: Operand): string | undefined {
  if (operand.kind === 'number') return printLiteral(operand)
  return operand.kind === 'text' && /^-?\d{1,15}$/.test(operand.value) ? operand.value : undefined
}

function textIn(literal: Literal): string {
  return literal.kind === 'text' ? printLiteral(literal) : `"${printLiteral(literal)}"`
}
