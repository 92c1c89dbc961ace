import { type AttributeType, typeOfAttribute } from '../../catalogue/attribute-types.ts'
import type { ValueType } from '../../catalogue/catalogue.ts'
import { namesOf } from '../../trace/attribute-names.ts'
import type {
  Attribute,
  Comparison,
  Condition,
  Literal,
  Matches,
  Membership,
  NamePattern,
  Operand,
  Test,
} from '../ast.ts'
import { OPERATORS } from '../operators.ts'
import { printLiteral, printOperand } from '../print/print.ts'
import { testsOfFilters } from '../walk.ts'
import { type SampledSpans, sampledAttribute } from './sampled-spans.ts'
import { boundPatternsOf, type NamedSelection } from './selections.ts'
import type { Lint, ReportWarning } from './warning.ts'

/**
 * `http.response.status_code == "500"` is never true: the conventions say int, and 500 is not "500". A sample that has the
 * attribute on such spans decides in their place.
 */
export const reportWrongTypes: Lint =
  ({ sample }) =>
  ({ tests, conditions, selections }, report) => {
    const patternOf = sample === undefined ? () => undefined : patternsOfTests(conditions, selections)
    for (const { test } of tests) {
      if (test.kind === 'exists' || test.kind === 'truthy') continue
      const attribute = attributeIn(test.left)
      const known = attribute && typeKnown(attribute, patternOf(test), sample)
      if (attribute !== undefined && known !== undefined) reportTest(test, attribute.key, known, report)
    }
  }

type TypedTest = Comparison | Membership | Matches

/** The type that values of an attribute have, in words too, and who says so. */
interface KnownType {
  readonly type: AttributeType
  readonly says: string
}

function reportTest(test: TypedTest, key: string, { type, says }: KnownType, report: ReportWarning): void {
  const found = mismatch(test, type)
  if (found === undefined) return
  report({
    code: 'attribute-type',
    message: `${key} is ${says}, and this compares it with ${found}`,
    hint: hintFor(test, type),
    range: test.range,
  })
}

const IN_WORDS: Readonly<Record<AttributeType, string>> = { int: 'an int', string: 'a string', boolean: 'a boolean' }

function attributeIn(operand: Operand): Attribute | undefined {
  if (operand.kind === 'boundValue') return attributeIn(operand.value)
  return operand.kind === 'attribute' ? operand : undefined
}

/** Finds the spans that the left side of a test is asked of; undefined for an event's, and where no name was written. */
function patternsOfTests(conditions: readonly Condition[], selections: readonly NamedSelection[]) {
  const bound = boundPatternsOf(conditions)
  const selected = new Map<Test, NamePattern>()
  for (const { name, filters } of selections) for (const { test } of testsOfFilters(filters)) selected.set(test, name)
  return (test: TypedTest) => (test.left.kind === 'boundValue' ? bound.get(test.left.bound.id) : selected.get(test))
}

function typeKnown(
  attribute: Attribute,
  pattern: NamePattern | undefined,
  sample: SampledSpans | undefined,
): KnownType | undefined {
  const spans = pattern && sample?.spansOf(pattern)
  const found = sample && spans && sampledAttribute(sample, spans, attribute)
  if (found === undefined) {
    const type = typeOfAttribute(attribute.key)
    return type && { type, says: `${IN_WORDS[type]} in OpenTelemetry's conventions` }
  }
  const types = new Set(found.seen.flatMap((each) => [...each.types]))
  const isRenamed = found.key !== attribute.key && isConverted(attribute, found.key)
  const type = isRenamed ? undefined : soleType(types)
  if (type === undefined) return undefined
  const words = type === 'int' && types.has('double') ? 'a number' : IN_WORDS[type]
  return { type, says: `always ${words} in the sample` }
}

/** An older name whose values are read as something else. */
function isConverted({ key, exact }: Attribute, older: string): boolean {
  return namesOf(key, exact).others.some((other) => other.key === older && other.reads !== undefined)
}

const SCALARS: ReadonlyMap<ValueType, AttributeType> = new Map([
  ['string', 'string'],
  ['int', 'int'],
  ['double', 'int'],
  ['boolean', 'boolean'],
])

/** The one type of all values; rules know one kind of number. */
function soleType(types: ReadonlySet<ValueType>): AttributeType | undefined {
  const found = new Set([...types].map((type) => SCALARS.get(type)))
  const [type] = found
  return found.size === 1 ? type : undefined
}

/** What the attribute is compared with, where that is of another type. */
function mismatch(test: TypedTest, type: AttributeType): string | undefined {
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

function hintFor(test: TypedTest, type: AttributeType): string {
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

function hintForString(test: TypedTest, left: string): string {
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
