import type { Bound, Condition, Has, Order, SpanReference, Structure } from '../ast.ts'
import { isDefinedCondition } from './definitions.ts'
import { reportRate } from './habits.ts'
import { reportMistake } from './mistake.ts'
import { bind, boundWord, isBoundElsewhere, reportElsewhere } from './names.ts'
import { resolveOperand } from './operand.ts'
import { quoted, type Reading, report, textOf } from './reading.ts'
import { chainOf, resolveHas, resolveSelector } from './selector.ts'
import type { RelationNode, RelationTail, SyntaxNode, Token } from './syntax.ts'
import { isPrefixed, isReserved } from './word.ts'

/** One side of an order: where it stands, and the name that `as` gives it. */
interface Side {
  readonly node: SyntaxNode
  readonly as: RelationTail | undefined
}

/** `A as NAME`, `A before B within 5s`, `A under B`; a name bound inside the latter comes as a condition before it. */
export function resolveRelation(reading: Reading, { first, rest, ...at }: RelationNode): Condition | undefined {
  const [left, afterLeft] = takeSide(first, rest)
  const [order, ...afterOrder] = afterLeft
  if (order === undefined) return left.as && resolveSide(reading, left, left.as.operator)?.has
  if (order.kind === 'compare' && afterOrder.some(({ operator }) => reportRate(reading, operator.start)))
    return undefined
  if (order.kind !== 'order' || order.operator.text === 'within') return reportTail(reading, order)
  const [right, afterRight] = takeSide(order.right, afterOrder)
  const [within, ...others] = afterRight
  const leftSide = resolveSide(reading, left, order.operator)
  const rightSide = resolveSide(reading, right, order.operator)
  const [stray] = within?.operator.text === 'within' ? others : afterRight
  if (stray !== undefined) return reportTail(reading, stray, order)
  const limit = within && resolveWithin(reading, within, order)
  if (leftSide === undefined || rightSide === undefined || (within !== undefined && limit === undefined))
    return undefined
  const range = reading.rangeOf(at)
  const between = { left: leftSide.reference, right: rightSide.reference, range }
  if (isOneSpan(between)) return reportOneSpan(reading, order)
  const relation = relationOf(order.operator.text)
  const condition: Order | Structure =
    relation === 'under' || relation === 'directly under'
      ? { kind: 'structure', relation, ...between }
      : { kind: 'order', relation, ...between, ...(limit !== undefined && { within: limit }) }
  const bound = [leftSide.has, rightSide.has].filter((has) => has !== undefined)
  return bound.length === 0 ? condition : { kind: 'and', operands: [...bound, condition], range }
}

function takeSide(node: SyntaxNode, tails: readonly RelationTail[]): readonly [Side, readonly RelationTail[]] {
  const [first, ...rest] = tails
  return first?.kind === 'as' ? [{ node, as: first }, rest] : [{ node, as: undefined }, tails]
}

const RELATIONS = ['before', 'after', 'starts before', 'starts after', 'under', 'directly under'] as const

function relationOf(word: string): (typeof RELATIONS)[number] {
  return RELATIONS.find((relation) => relation === word) ?? 'before'
}

function reportTail(reading: Reading, tail: RelationTail, order?: RelationTail): undefined {
  const { operator, kind } = tail
  if (operator.text === 'within') {
    const hint = 'write A before B within 5s'
    return report(reading, operator, 'unexpected-text', '"within" follows an order of two spans', hint)
  }
  if (kind === 'as') {
    const hint = 'write trace.has(x) as y, each name behind its own span'
    return report(reading, operator, 'misplaced-binding', '"as" follows a span', hint)
  }
  const again = order?.operator.text
  const hint = again === undefined ? 'write "and" between them' : `write A ${again} B and B ${operator.text} C`
  return report(reading, operator, 'chained-comparison', 'comparisons and orders do not chain', hint)
}

function isOneSpan({ left, right }: Pick<Order, 'left' | 'right'>): boolean {
  return left.kind === 'bound' && right.kind === 'bound' && left.id === right.id
}

function reportOneSpan(reading: Reading, { operator }: RelationTail): undefined {
  const message = `both sides of "${operator.text}" are the same span`
  return report(reading, operator, 'constant-condition', message, 'write two different spans')
}

/** Nanoseconds. */
function resolveWithin(reading: Reading, { operator, right }: RelationTail, order: RelationTail): number | undefined {
  if (order.operator.text.endsWith('under')) {
    const message = `"${order.operator.text}" takes no time`
    return report(reading, operator, 'unexpected-text', message, 'leave "within" out, or write "before" or "after"')
  }
  const fixed = ['number', 'badNumber', 'signed', 'variable', 'missing'].includes(right.kind)
  const limit = fixed ? resolveOperand(reading, right, 'value', NOWHERE) : undefined
  if (fixed && limit === undefined) return undefined
  if (limit?.kind === 'duration' && limit.nanos >= 0) return limit.nanos
  const hint =
    limit?.kind === 'number' ? `give the number a unit, as in ${limit.value}ms` : 'write a duration, as in 5s'
  return report(reading, right, 'kind-mismatch', '"within" takes a duration', hint)
}

const NOWHERE = { of: 'trace', resolveCount: () => undefined } as const

interface ResolvedSide {
  readonly reference: SpanReference
  /** Where the side binds a name: that there is such a span. */
  readonly has: Has | undefined
}

function resolveSide(reading: Reading, { node, as }: Side, operator: Token): ResolvedSide | undefined {
  const reference = resolveReference(reading, node, as?.operator ?? operator, as && textOf(reading, as.right))
  const name = as && resolveBinding(reading, as)
  if (reference === undefined || (as !== undefined && name === undefined)) return undefined
  if (name === undefined || as === undefined) return { reference, has: undefined }
  if (reference.kind === 'bound') {
    const message = `${reference.name} is the name of a bound span already`
    return report(reading, as.operator, 'misplaced-binding', message, `write ${reference.name}`)
  }
  const range = reading.rangeOf({ start: node.start, end: as.end })
  return {
    reference: { ...name, range: reading.rangeOf(node) },
    has: { kind: 'has', selector: reference, as: name, range },
  }
}

/** Makes the name after `as` known. */
function resolveBinding(reading: Reading, { right }: RelationTail): Bound | undefined {
  if (right.kind !== 'word') return reportMistake(reading, right, 'a name')
  if (isReserved(right.text) || isPrefixed(right.text)) {
    const message = `"${right.text}" is a word of the language`
    return report(reading, right, 'reserved-word', message, 'choose another name')
  }
  if (!/^[\p{L}_][\p{L}\p{N}\p{M}_]*$/u.test(right.text)) {
    const hint = `write as ${right.text.replace(/[^\p{L}\p{N}\p{M}_]+/gu, '_')}`
    return report(reading, right, 'malformed-name', 'the name of a bound span is letters, digits and _', hint)
  }
  return bind(reading, right)
}

/** A bound name, or spans by name; `own` is the name that they are given. */
function resolveReference(
  reading: Reading,
  node: SyntaxNode,
  operator: Token,
  own?: string,
): SpanReference | undefined {
  const word = operator.text
  const { base, methods } = chainOf(node)
  switch (base.kind) {
    case 'missing':
      return report(reading, operator, 'missing-value', `a span is missing at "${word}"`, 'write a span on both sides')
    case 'word': {
      const bound = boundWord(reading, base)
      if (bound !== undefined && bound.key === '' && methods.length === 0) return bound.bound
      if (bound !== undefined) return reportBoundPart(reading, node, bound.bound)
      if (isDefinedCondition(reading, base.text)) {
        const message = `${base.text} is a condition that was defined, and names no spans`
        return report(reading, base, 'not-a-span', message, `write trace.has(${base.text}) if a span is named so`)
      }
      if (own === undefined && isBoundElsewhere(reading, base.text))
        return reportElsewhere(reading, base, `write trace.has(${base.text}) for a span so named`)
      return resolveSelector(reading, node)
    }
    case 'text':
      return resolveSelector(reading, node)
    case 'selectorCall':
      if (/^(trace\.)?has$/.test(base.name.text)) return resolveHas(reading, base, methods, node)
      return reportNoSpan(reading, base.name, `${base.name.text}(…)`, word)
    case 'group':
      return reportNoSpan(reading, base.open, 'the part in brackets', word)
    case 'openText':
    case 'wrongQuotes':
    case 'pathlike':
      return reportMistake(reading, base, 'a span name')
    default:
      return reportNoSpan(reading, node, `"${textOf(reading, node).slice(0, 40)}"`, word)
  }
}

function reportBoundPart(reading: Reading, node: SyntaxNode, { name }: Bound): undefined {
  const written = textOf(reading, node)
  const hint =
    node.kind === 'word'
      ? `write ${name}, or trace.has(${quoted(written)}) for a span so named`
      : `write ${name}, and its filter as a condition of its own`
  return report(reading, node, 'not-a-span', `${name} is a bound span, and this only a part of it`, hint)
}

function reportNoSpan(reading: Reading, at: SyntaxNode | Token, what: string, word: string): undefined {
  const hint =
    word === 'as' ? 'write trace.has(x) as y' : `write trace.has(x) or a bound name on both sides of "${word}"`
  const code = word === 'as' ? 'misplaced-binding' : 'not-a-span'
  return report(reading, at, code, `${what} is not a span`, hint)
}
