import type { Comparison, Literal, Matches, Membership, Test } from '../ast.ts'
import { OPERATORS } from '../operators.ts'
import { checkBracket } from './bracket.ts'
import { useValue } from './definitions.ts'
import { reportRate, reportThousands } from './habits.ts'
import { booleanLiteral, decodeText, negatedLiteral, resolveNumber } from './literal.ts'
import { reportMistake } from './mistake.ts'
import { type Place, resolveOperand } from './operand.ts'
import { comparingOperator, isNegatedMembership } from './operator.ts'
import { type Reading, report, textOf } from './reading.ts'
import type { RelationNode, RelationTail, SyntaxNode, Token } from './syntax.ts'
import { resolveWord } from './word.ts'

/** One comparison, membership or regular expression; reports one that chains. */
export function resolveTest(reading: Reading, node: RelationNode, place: Place): Test | undefined {
  const misplaced = node.rest.find(({ kind }) => kind === 'order' || kind === 'as')
  if (misplaced !== undefined) {
    const message = `.where(…) looks at one span, "${misplaced.operator.text}" at the whole trace`
    return report(reading, misplaced.operator, 'trace-inside-where', message, 'write it outside, joined with "and"')
  }
  const [tail, chained] = node.rest
  if (tail === undefined) return undefined
  if (node.first.kind === 'missing') return reportSide(reading, tail.operator, 'before')
  if (tail.right.kind === 'missing') return reportSide(reading, tail.operator, 'after')
  if (chained !== undefined) {
    if (reportRate(reading, chained.start)) return undefined
    const first = textOf(reading, { start: node.first.start, end: tail.end })
    const hint =
      first.length <= 40 ? `write ${first} and … ${chained.operator.text} …` : 'write "and" between two comparisons'
    return report(reading, chained.operator, 'chained-comparison', 'comparisons do not chain', hint)
  }
  return tail.kind === 'in'
    ? resolveMembership(reading, node, tail, place)
    : resolveComparison(reading, node, tail, place)
}

function reportSide(reading: Reading, operator: Token, side: 'before' | 'after'): undefined {
  return report(
    reading,
    operator,
    'missing-value',
    `nothing stands ${side} "${operator.text}"`,
    `write the value to compare ${side} it`,
  )
}

function resolveComparison(
  reading: Reading,
  node: RelationNode,
  tail: RelationTail,
  place: Place,
): Comparison | Matches | undefined {
  const operator = comparingOperator(reading, tail.operator, textOf(reading, node.first))
  const left = resolveOperand(reading, node.first, 'key', place)
  if (tail.right.kind === 'word' && tail.right.text === 'null') {
    const key = textOf(reading, node.first)
    const equal = operator !== '!='
    return report(
      reading,
      tail.right,
      'null-comparison',
      'the language has no null: an attribute is there or missing',
      `write ${equal ? 'not ' : ''}exists(${key})`,
    )
  }
  if (operator === 'matches') return resolveMatches(reading, node, tail, left)
  const role = OPERATORS[operator].compares === 'order' ? 'value' : 'text'
  const right = resolveOperand(reading, tail.right, role, place)
  if (left === undefined || right === undefined) return undefined
  return { kind: 'comparison', operator, left, right, range: reading.rangeOf(node) }
}

function resolveMatches(
  reading: Reading,
  node: RelationNode,
  tail: RelationTail,
  left: Comparison['left'] | undefined,
): Matches | undefined {
  const right = ungrouped(tail.right)
  if (right.kind === 'word' || right.kind === 'number') {
    return report(
      reading,
      right,
      'unquoted-pattern',
      'a regular expression is written in quotes',
      `write "${textOf(reading, right)}"`,
    )
  }
  const pattern = resolvePattern(reading, right)
  if (left === undefined || pattern === undefined) return undefined
  return { kind: 'matches', left, pattern, patternRange: reading.rangeOf(right), range: reading.rangeOf(node) }
}

/** A regular expression as text, or as the text that a name means. */
function resolvePattern(reading: Reading, node: SyntaxNode): string | undefined {
  if (node.kind === 'text') return decodeText(node.raw)
  if (node.kind !== 'variable') return reportMistake(reading, node, 'a regular expression in quotes')
  const value = useValue(reading, node)
  if (value === undefined) return undefined
  const [item] = value.items
  if (!value.isList && item?.kind === 'text') return item.value
  const message = `${textOf(reading, node)} is not a regular expression`
  return report(reading, node, 'not-a-value', message, 'give the name a text in quotes')
}

function resolveMembership(
  reading: Reading,
  node: RelationNode,
  tail: RelationTail,
  place: Place,
): Membership | undefined {
  const negated = isNegatedMembership(reading, tail.operator)
  const left = resolveOperand(reading, node.first, 'key', place)
  const items = resolveItems(reading, tail.right)
  if (left === undefined || items === undefined) return undefined
  return { kind: 'membership', negated, left, items, range: reading.rangeOf(node) }
}

/** The values of a list, as written or as a name means it. */
export function resolveItems(reading: Reading, node: SyntaxNode): readonly Literal[] | undefined {
  if (node.kind === 'variable') return resolveListName(reading, node)
  if (node.kind !== 'list') {
    if (node.kind === 'missing') return reportMistake(reading, node, 'a list')
    const inner = textOf(reading, node).replace(/^\(|\)$/g, '')
    const hint = inner.length <= 60 ? `write [${inner}]` : 'write [a, b, c]'
    return report(reading, node, 'not-a-list', 'a list is written in square brackets', hint)
  }
  const [first] = node.items
  if (node.items.length === 1 && first?.kind === 'missing' && node.extra === null && node.close !== null) {
    return report(
      reading,
      node,
      'empty-list',
      'nothing is in an empty list',
      'write at least one value, as in [USD, EUR]',
    )
  }
  checkBracket(reading, node, 'in a list')
  if (
    node.items.some(
      (item) => item.kind === 'number' && /^0\d\d/.test(item.text) && reportThousands(reading, item.start - 1),
    )
  )
    return undefined
  const items = node.items.map((item) => resolveItem(reading, item))
  const known = items.filter((item) => item !== undefined)
  return known.length === items.length ? known.flat() : undefined
}

function resolveListName(reading: Reading, node: SyntaxNode): readonly Literal[] | undefined {
  const value = useValue(reading, node)
  if (value === undefined || value.isList) return value?.items
  const name = textOf(reading, node)
  return report(reading, node, 'not-a-list', `${name} is one value, not a list`, `write in [${name}]`)
}

function ungrouped(node: SyntaxNode): SyntaxNode {
  return node.kind === 'group' && node.close !== null && node.extra === null ? ungrouped(node.inner) : node
}

/** A value in a list, or the values that a name in it means. */
export function resolveItem(reading: Reading, node: SyntaxNode): readonly Literal[] | undefined {
  if (node.kind === 'variable') return useValue(reading, node)?.items
  const item = resolveFixed(reading, node)
  return item && [item]
}

/** A fixed value: every bare word is text. */
function resolveFixed(reading: Reading, node: SyntaxNode): Literal | undefined {
  switch (node.kind) {
    case 'word': {
      const word = booleanLiteral(reading, node) ?? resolveWord(reading, node, 'text', 'trace')
      if (word === undefined || word.kind === 'text' || word.kind === 'boolean') return word as Literal | undefined
      return report(reading, node, 'not-a-value', 'a list holds fixed values', `write "${node.text}" for text`)
    }
    case 'text':
      return { kind: 'text', value: decodeText(node.raw), quoted: true, range: reading.rangeOf(node) }
    case 'number':
      return resolveNumber(reading, { ...node, text: node.text })
    case 'signed': {
      const { operand, sign } = node
      if (operand.kind !== 'number') break
      const unsigned = resolveNumber(reading, { ...operand, text: operand.text })
      if (unsigned === undefined || sign.text === '+') return unsigned
      return negatedLiteral(unsigned, reading.rangeOf(node))
    }
  }
  return reportMistake(reading, node, 'a fixed value for a list')
}
