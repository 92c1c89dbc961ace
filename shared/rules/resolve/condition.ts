import type { Aggregate, All, Atom, BoundWhere, Condition, Count, Has, Test } from '../ast.ts'
import { isDefinedCondition, useCondition } from './definitions.ts'
import { reportConstant, resolveExists, resolveSpanValue } from './filter.ts'
import { resolveGrouped } from './group-keys.ts'
import { resolveLogic } from './logic.ts'
import { reportMistake } from './mistake.ts'
import { boundWord, isBoundElsewhere, reportElsewhere } from './names.ts'
import { narrowed, resolveFilters, resolveNarrowing } from './narrowing.ts'
import { type Place, resolveBoundMethod } from './operand.ts'
import { type Reading, report, textOf } from './reading.ts'
import { resolveRelation } from './relation.ts'
import { chainOf, resolveArgument, resolveHas, resolveSelector } from './selector.ts'
import type { CallNode, MethodNode, SelectorCallNode, SyntaxNode } from './syntax.ts'
import { resolveTest } from './test.ts'
import { isPrefixed, resolvePrefixed, resolveWord } from './word.ts'

const AGGREGATES: readonly string[] = ['sum', 'min', 'max', 'avg', 'distinct'] satisfies Aggregate['function'][]
const TRACE: Place = { of: 'trace', resolveCount: resolveTraceCount }

/** A plain condition: true or false of a whole trace. */
export function resolveCondition(reading: Reading, node: SyntaxNode): Condition | undefined {
  return resolveLogic<Atom>(reading, node, (atom) =>
    atom.kind === 'word' && isDefinedCondition(reading, atom.text) && boundWord(reading, atom) === undefined
      ? useCondition(reading, atom)
      : resolveAtom(reading, atom),
  )
}

function resolveAtom(reading: Reading, node: SyntaxNode): Condition | undefined {
  switch (node.kind) {
    case 'relation':
      return node.rest.some(({ kind }) => kind === 'order' || kind === 'as')
        ? resolveRelation(reading, node)
        : resolveTest(reading, node, TRACE)
    case 'word':
      if (boundWord(reading, node) !== undefined) return resolveBoundWord(reading, node)
      if (isBoundElsewhere(reading, node.text))
        return reportElsewhere(reading, node, `write trace.has(${node.text}) for a span so named`)
      if (node.text === 'true' || node.text === 'false') return reportConstant(reading, node, node.text)
      if (isPrefixed(node.text)) return resolveBarePrefixed(reading, node)
      return resolveShort(reading, node)
    case 'text':
      return resolveShort(reading, node)
    case 'method': {
      const { base, methods } = chainOf(node)
      if (base.kind === 'word' && boundWord(reading, base) !== undefined)
        return resolveBoundMethods(reading, base, methods, node)
      if (base.kind === 'word' && isBoundElsewhere(reading, base.text))
        return reportElsewhere(reading, base, `write trace.has(${base.text}) for a span so named`)
      if (base.kind === 'word' && isDefinedCondition(reading, base.text)) return reportFiltered(reading, base)
      return base.kind === 'selectorCall' ? resolveCall(reading, base, methods, node) : resolveShort(reading, node)
    }
    case 'selectorCall':
      return resolveCall(reading, node, [], node)
    case 'call':
      return resolveFunction(reading, node)
    default:
      return reportMistake(reading, node, 'a condition')
  }
}

function resolveBarePrefixed(reading: Reading, node: SyntaxNode & { readonly kind: 'word' }): Test | undefined {
  if (/^(trace|span)\.(has|count|all|where)$/.test(node.text)) {
    return report(
      reading,
      node,
      'missing-bracket',
      `${node.text} needs its argument in brackets`,
      `write ${node.text}(payment.charge)`,
    )
  }
  const operand = resolvePrefixed(reading, node)
  return operand === undefined ? undefined : { kind: 'truthy', operand, range: operand.range }
}

/** A span's name alone, with or without filters: the same as in `trace.has(…)`. */
function resolveShort(reading: Reading, node: SyntaxNode): Has | undefined {
  const selector = resolveSelector(reading, node)
  return selector === undefined ? undefined : { kind: 'has', selector, range: reading.rangeOf(node) }
}

/** A bound name, which says nothing alone, or one of its values that is to be true. */
function resolveBoundWord(reading: Reading, node: SyntaxNode & { readonly kind: 'word' }): Test | undefined {
  if (boundWord(reading, node)?.key === '') {
    const hint = `compare one of its values, as in ${node.text}.amount > 10, or write trace.has(${node.text}) for a span so named`
    return report(reading, node, 'constant-condition', `${node.text} is bound, so it is there`, hint)
  }
  const operand = resolveWord(reading, node, 'key', 'trace')
  return operand?.kind === 'boundValue' ? { kind: 'truthy', operand, range: operand.range } : undefined
}

/** `p.where(…)`, `p.event(…)`, `p.attr("a key")` of a bound span. */
function resolveBoundMethods(
  reading: Reading,
  base: SyntaxNode & { readonly kind: 'word' },
  methods: readonly MethodNode[],
  node: SyntaxNode & { readonly kind: 'method' },
): BoundWhere | Test | undefined {
  const word = boundWord(reading, base)
  if (word === undefined) return undefined
  const { bound, key } = word
  if (key !== '') {
    const hint = `write ${bound.name}.where(…), or trace.has(${base.text}) for a span so named`
    return report(reading, base, 'not-a-span', `${base.text} is a value of the bound span ${bound.name}`, hint)
  }
  const range = reading.rangeOf(node)
  if (node.name.text !== 'attr') return { kind: 'boundWhere', bound, ...resolveNarrowing(reading, methods), range }
  const operand = resolveBoundMethod(reading, node)
  return operand && { kind: 'truthy', operand, range }
}

function reportFiltered(reading: Reading, base: SyntaxNode & { readonly kind: 'word' }): undefined {
  const message = `${base.text} is a condition that was defined, and names no spans`
  return report(reading, base, 'not-a-value', message, `write trace.has(${base.text}) if a span is named so`)
}

function functionName(call: SelectorCallNode): string {
  return call.name.text.replace(/^trace\./, '')
}

function resolveCall(
  reading: Reading,
  call: SelectorCallNode,
  methods: readonly MethodNode[],
  node: SyntaxNode,
): Has | All | undefined {
  const name = functionName(call)
  if (isAggregate(name)) return reportUncompared(reading, node, 'this')
  const range = reading.rangeOf(node)
  if (name === 'has') {
    const selector = resolveHas(reading, call, methods, node)
    return selector && { kind: 'has', selector, range }
  }
  const inner = resolveArgument(reading, call)
  const filters = resolveFilters(reading, methods)
  if (inner === undefined) return undefined
  if (name === 'count') return reportUncompared(reading, node, 'a count')
  if (methods.length > 0) return { kind: 'all', selector: inner, filters, range }
  return report(
    reading,
    node,
    'not-a-condition',
    `${call.name.text}(…) says nothing of its spans`,
    'add .where(…) with what each span must satisfy',
  )
}

function isAggregate(name: string): name is Aggregate['function'] {
  return AGGREGATES.includes(name)
}

function reportUncompared(reading: Reading, node: SyntaxNode, what: string): undefined {
  const written = textOf(reading, node)
  const shown = written.length <= 60 ? written : `${what === 'this' ? '…' : 'trace.count(…)'}`
  return report(reading, node, 'not-a-condition', `${what} is a number, not a condition`, `write ${shown} > 0`)
}

function resolveFunction(reading: Reading, node: CallNode): Test | undefined {
  return node.name.text === 'exists' ? resolveExists(reading, node) : reportMistake(reading, node, 'a condition')
}

/** How many spans, as a value: `trace.count(s)`, filters inside or after. */
function resolveTraceCount(reading: Reading, node: SelectorCallNode | MethodNode): Count | Aggregate | undefined {
  const { base, methods } = chainOf(node)
  if (base.kind !== 'selectorCall') {
    resolveFilters(reading, methods)
    return methods.every(({ name }) => name.text === 'where') ? reportUncounted(reading, node) : undefined
  }
  const name = functionName(base)
  if (isAggregate(name)) return resolveAggregate(reading, name, base, methods, node)
  if (name !== 'count') return reportUncounted(reading, node)
  const inner = resolveArgument(reading, base)
  const { narrowing, by } = resolveGrouped(reading, methods)
  if (inner === undefined) return undefined
  const range = reading.rangeOf(node)
  return { kind: 'count', selector: narrowed(inner, narrowing, range), ...by, range }
}

/** `trace.sum(s, value)` and the other aggregates: spans, filters inside or after, and what is taken of each. */
function resolveAggregate(
  reading: Reading,
  name: Aggregate['function'],
  call: SelectorCallNode,
  methods: readonly MethodNode[],
  node: SyntaxNode,
): Aggregate | undefined {
  const [value, ...rest] = call.argument.rest
  const [extra] = rest
  if (extra !== undefined) {
    const hint = `write ${call.name.text}(…) once for each value`
    return report(reading, extra, 'unexpected-text', `${call.name.text}(…) takes spans and one value`, hint)
  }
  const inner = resolveArgument(reading, call, 1)
  const { narrowing, by } = resolveGrouped(reading, methods)
  if (inner === undefined) return undefined
  if (value === undefined || value.kind === 'missing') {
    const hint = `write ${call.name.text}(${textOf(reading, call.argument.selector)}, amount)`
    return report(reading, call, 'missing-value', `${call.name.text}(…) names no value of its spans`, hint)
  }
  const of = resolveSpanValue(reading, value)
  const range = reading.rangeOf(node)
  const selector = narrowed(inner, narrowing, range)
  return of && { kind: 'aggregate', function: name, selector, of, ...by, range }
}

function reportUncounted(reading: Reading, node: SyntaxNode): undefined {
  return report(
    reading,
    node,
    'not-a-value',
    'whether spans exist is true or false, not a number',
    'count them with trace.count(…), or compare an attribute inside .where(…)',
  )
}
