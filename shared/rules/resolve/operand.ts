import type { Aggregate, Arithmetic, Attribute, BoundValue, Count, Intrinsic, Literal, Operand } from '../ast.ts'
import { checkBracket } from './bracket.ts'
import { useValue } from './definitions.ts'
import { decodeText, negatedLiteral, resolveNumber } from './literal.ts'
import { reportMistake } from './mistake.ts'
import { boundWord } from './names.ts'
import { quoted, type Reading, report, textOf } from './reading.ts'
import type {
  ArithmeticNode,
  CallNode,
  GroupNode,
  MethodNode,
  SelectorCallNode,
  SignedNode,
  SyntaxNode,
  TextRange,
} from './syntax.ts'
import { quotedKey, type Role, resolveWord } from './word.ts'

/** What is tested: one span (inside `.where`) or the whole trace (a plain condition), where spans can be counted. */
export interface Place {
  readonly of: 'span' | 'trace'
  resolveCount(reading: Reading, node: SelectorCallNode | MethodNode): Count | Aggregate | undefined
}

/** More operators in one calculation than this are a mistake, and would nest the tree too deep to walk. */
const MAX_OPERATORS = 200

/** A value on one side of a comparison; reports what is not a value. */
export function resolveOperand(reading: Reading, node: SyntaxNode, role: Role, place: Place): Operand | undefined {
  switch (node.kind) {
    case 'word':
      return resolveWord(reading, node, role, place.of)
    case 'text':
      return resolveQuoted(reading, node, decodeText(node.raw), role)
    case 'number':
      return resolveNumber(reading, { ...node, text: node.text })
    case 'signed':
      return resolveSigned(reading, node, role, place)
    case 'group':
      return resolveGroup(reading, node, role, place)
    case 'arithmetic':
      return operatorCount(node) > MAX_OPERATORS
        ? reportTooLong(reading, node)
        : resolveArithmetic(reading, node, role, place)
    case 'variable':
      return resolveVariable(reading, node)
    case 'call':
      return resolveCall(reading, node, role, place)
    case 'method':
      return isOfBound(reading, node) ? resolveBoundMethod(reading, node) : place.resolveCount(reading, node)
    case 'selectorCall':
      return place.resolveCount(reading, node)
    default:
      return reportMistake(reading, node, 'a value')
  }
}

/** What `let` has given the name; one value. */
function resolveVariable(reading: Reading, node: TextRange): Literal | undefined {
  const value = useValue(reading, node)
  if (value === undefined || !value.isList) return value?.items[0]
  const name = textOf(reading, node)
  return report(reading, node, 'not-a-value', `${name} is a list, not one value`, `write in ${name}`)
}

function resolveQuoted(reading: Reading, node: TextRange, text: string, role: Role): Literal | Attribute | undefined {
  if (role === 'key' || role === 'keyTerm') return quotedKey(reading, node, text)
  return { kind: 'text', value: text, quoted: true, range: reading.rangeOf(node) }
}

function termOf(role: Role): Role {
  return role === 'key' || role === 'keyTerm' ? 'keyTerm' : 'term'
}

function resolveSigned(reading: Reading, node: SignedNode, role: Role, place: Place): Operand | undefined {
  const operand = resolveOperand(reading, node.operand, termOf(role), place)
  if (operand === undefined || node.sign.text === '+') return operand
  const range = reading.rangeOf(node)
  return negatedLiteral(operand, range) ?? { kind: 'negation', operand, range }
}

function resolveGroup(reading: Reading, node: GroupNode, role: Role, place: Place): Operand | undefined {
  checkBracket(reading, node, 'in the brackets')
  return resolveOperand(reading, node.inner, role, place)
}

function resolveArithmetic(reading: Reading, node: ArithmeticNode, role: Role, place: Place): Arithmetic | undefined {
  const term = termOf(role)
  const left = resolveOperand(reading, node.left, term, place)
  const right = resolveOperand(reading, node.right, term, place)
  if (left === undefined || right === undefined) return undefined
  return {
    kind: 'arithmetic',
    operator: node.operator.text as Arithmetic['operator'],
    left,
    right,
    range: reading.rangeOf(node),
  }
}

/** Operators in a calculation, brackets included, counted without recursion into the long left side. */
function operatorCount(node: ArithmeticNode): number {
  let count = 0
  const open: SyntaxNode[] = [node]
  while (open.length > 0) {
    const next = open.pop()
    if (next?.kind === 'group') open.push(next.inner)
    if (next?.kind === 'signed') open.push(next.operand)
    if (next?.kind !== 'arithmetic') continue
    count += 1
    open.push(next.left, next.right)
  }
  return count
}

function reportTooLong(reading: Reading, node: ArithmeticNode): undefined {
  return report(
    reading,
    node,
    'expression-too-long',
    `a calculation holds at most ${MAX_OPERATORS} operators`,
    'let the instrumented code put the result into one attribute',
  )
}

function resolveCall(reading: Reading, node: CallNode, role: Role, place: Place): Operand | undefined {
  switch (node.name.text) {
    case 'attr':
      return resolveKey(reading, node)
    case 'num':
      return resolveNum(reading, node, role, place)
    default:
      return reportMistake(reading, node, 'a value')
  }
}

function resolveNum(reading: Reading, node: CallNode, role: Role, place: Place): Operand | undefined {
  const argument = soleArgument(reading, node)
  if (argument === undefined) return undefined
  const operand = resolveOperand(
    reading,
    argument,
    argument.kind === 'word' || argument.kind === 'text' ? 'key' : termOf(role),
    place,
  )
  if (operand === undefined) return undefined
  return { kind: 'numberOf', operand, range: reading.rangeOf(node) }
}

/** The one attribute in the brackets of `attr(…)`, always a plain key there, and whether it is meant by this name alone. */
function resolveKey(reading: Reading, node: CallNode): Attribute | undefined {
  const [, second, third] = node.arguments.items
  const isExact = third === undefined && second?.kind === 'word' && second.text === 'exact'
  const argument = isExact ? firstArgument(reading, node) : soleArgument(reading, node)
  if (argument === undefined) return undefined
  const range = reading.rangeOf(node)
  const exact = isExact ? ({ exact: true } as const) : {}
  if (argument.kind === 'word') return { kind: 'attribute', key: argument.text, from: 'any', range, ...exact }
  if (argument.kind !== 'text') return reportMistake(reading, argument, 'an attribute key')
  const key = quotedKey(reading, node, decodeText(argument.raw))
  return key && { ...key, ...exact }
}

function isOfBound(reading: Reading, { base }: MethodNode): boolean {
  return base.kind === 'word' && boundWord(reading, base)?.key === ''
}

/** `p.attr("a key")` of a bound span; reports anything else that follows its name, which is not a value. */
export function resolveBoundMethod(reading: Reading, node: MethodNode): BoundValue | undefined {
  const { base, name, arguments: taken } = node
  const word = base.kind === 'word' ? boundWord(reading, base) : undefined
  if (word === undefined || name.text !== 'attr' || taken === null) {
    const hint = 'write one of its values, as in p.amount or p.attr("a key")'
    return report(reading, node, 'not-a-value', 'this is a condition of a bound span, not a value', hint)
  }
  const value = resolveKey(reading, { kind: 'call', name, arguments: taken, start: name.start, end: node.end })
  return value && { kind: 'boundValue', bound: word.bound, value, range: reading.rangeOf(node) }
}

/** What `exists(…)` looks for: an attribute by word or quoted key, or a value of the span or trace. */
export function resolveExistsArgument(
  reading: Reading,
  node: CallNode,
): Attribute | Intrinsic | BoundValue | undefined {
  const argument = soleArgument(reading, node)
  if (argument === undefined) return undefined
  if (argument.kind === 'text') return quotedKey(reading, argument, decodeText(argument.raw))
  if (argument.kind === 'call' && argument.name.text === 'attr') return resolveKey(reading, argument)
  if (argument.kind === 'method' && isOfBound(reading, argument)) return resolveBoundMethod(reading, argument)
  if (argument.kind !== 'word') return reportMistake(reading, argument, 'an attribute key')
  const word = resolveWord(reading, argument, 'key', 'span')
  if (word?.kind === 'attribute' || word?.kind === 'intrinsic' || word?.kind === 'boundValue') return word
  if (word === undefined) return undefined
  return report(
    reading,
    argument,
    'reserved-word',
    `"${argument.text}" is a word of the language`,
    `write exists(${quoted(argument.text)})`,
  )
}

/** The single argument of a function; reports none, several, or an open bracket. */
function soleArgument(reading: Reading, node: CallNode): SyntaxNode | undefined {
  const first = firstArgument(reading, node)
  const { name, arguments: taken } = node
  const [, second] = taken.items
  if (first === undefined || second === undefined) return first
  return report(
    reading,
    second,
    'unexpected-text',
    `${name.text}(…) takes one value`,
    `write ${name.text}(…) once for each`,
  )
}

/** The first argument of a function; reports none, or an open bracket. */
function firstArgument(reading: Reading, node: CallNode): SyntaxNode | undefined {
  const { name, arguments: taken } = node
  checkBracket(reading, taken, `in ${name.text}(…)`)
  const [first] = taken.items
  if (first === undefined || first.kind === 'missing') {
    return report(
      reading,
      node,
      'missing-value',
      `${name.text}(…) is empty`,
      `write the attribute: ${name.text}(amount)`,
    )
  }
  return first
}
