import type { Filter, NamePattern, Selector } from '../ast.ts'
import { nearest } from '../suggest.ts'
import type { MethodNode, SelectorCallNode, Span, SyntaxNode, Token, WordNode } from '../syntax.ts'
import { checkBracket, reportExtra, reportMissing, reportUnclosed } from './bracket.ts'
import { resolveFilter } from './filter.ts'
import { decodeText } from './literal.ts'
import { reportMistake } from './mistake.ts'
import { quoted, type Reading, report } from './reading.ts'
import { reportUnsupported } from './unsupported.ts'
import { isPrefixed, isReserved, resolveSpanName } from './word.ts'

/** A primary and the methods that follow it, in the order written. */
export interface Chain {
  readonly base: SyntaxNode
  readonly methods: readonly MethodNode[]
}

export function chainOf(node: SyntaxNode): Chain {
  const methods: MethodNode[] = []
  let base = node
  while (base.kind === 'method') {
    methods.unshift(base)
    base = base.base
  }
  return { base, methods }
}

/** The spans that `trace.has(…)`, `trace.count(…)` and the like take in their brackets, before so many values. */
export function resolveArgument(reading: Reading, call: SelectorCallNode, values = 0): Selector | undefined {
  const { argument, name } = call
  const { selector, extra, close } = argument
  const second = argument.rest[values]
  if (close === null) reportUnclosed(reading, argument.open)
  else if (extra !== null) return reportArgument(reading, call)
  else if (second !== undefined) return reportSeveral(reading, call, second)
  if (selector.kind !== 'missing') return resolveSelector(reading, selector)
  if (close === null) return undefined
  const hint = `write the name of a span, as in ${name.text}(payment.charge)`
  return report(reading, call, 'missing-value', `${name.text}(…) names no span`, hint)
}

function reportSeveral(reading: Reading, { name }: SelectorCallNode, second: SyntaxNode): undefined {
  const hint = `write ${name.text}(…) once for each name, with "and" or "or" between`
  return report(reading, second, 'unexpected-text', `${name.text}(…) takes one span name`, hint)
}

/** Reports the mistakes people make inside `has(…)`: a condition, or a name that needs quotes. */
function reportArgument(reading: Reading, { argument, name }: SelectorCallNode): undefined {
  const { open, close, extra, selector } = argument
  const within = reading.text.slice(open.end, close?.start)
  const inside = within.trim()
  const start = open.end + (within.length - within.trimStart().length)
  const at = { start, end: start + inside.length }
  if (selector.kind === 'text' && extra !== null) return reportExtra(reading, extra, `in ${name.text}(…)`)
  if (/(^|\s)(and|or|not|in)\s|[()<>=!&|]/.test(inside)) {
    const hint = `write ${name.text}(…) for each name and combine them outside, or filter with .where(…)`
    return report(reading, at, 'not-a-value', `${name.text}(…) takes one span name, not a condition`, hint)
  }
  return report(reading, at, 'malformed-name', `"${inside}" is not one word`, `write ${quoted(inside)}`)
}

/** Spans by name with the filters that follow: `payment.charge.where(…)`. */
export function resolveSelector(reading: Reading, node: SyntaxNode): Selector | undefined {
  const { base, methods } = chainOf(node)
  const name = resolveName(reading, base)
  const filters = resolveFilters(reading, methods)
  if (name === undefined) return undefined
  return { kind: 'selector', name, filters, range: reading.rangeOf(node) }
}

function resolveName(reading: Reading, node: SyntaxNode): NamePattern | undefined {
  switch (node.kind) {
    case 'text':
      return { kind: 'exact', name: decodeText(node.raw), range: reading.rangeOf(node) }
    case 'spanName':
      return resolveSpanName(reading, node)
    case 'word':
      return resolveShortName(reading, node)
    default:
      reportMistake(reading, node, 'a span name')
      return undefined
  }
}

/** A span's name outside `has(…)`, where words of the language come first. */
function resolveShortName(reading: Reading, node: WordNode): NamePattern | undefined {
  const range = reading.rangeOf(node)
  if (node.text === 'any') return { kind: 'any', range }
  if (node.text.endsWith('.where')) return reportBareWhere(reading, { ...node, start: node.end - '.where'.length })
  const longForm = `trace.has(${isReserved(node.text) ? quoted(node.text) : node.text})`
  if (isReserved(node.text) || isPrefixed(node.text)) {
    return report(
      reading,
      node,
      'reserved-word',
      `"${node.text}" is no span name here`,
      `write ${longForm} if a span is named so`,
    )
  }
  if (node.text.includes('/')) {
    return report(reading, node, 'malformed-name', `a name with "/" needs quotes here`, `write ${quoted(node.text)}`)
  }
  return { kind: 'exact', name: node.text, range }
}

/** The filters of `.where(…).where(…)`; those that could not be read are reported and left out. */
export function resolveFilters(reading: Reading, methods: readonly MethodNode[]): readonly Filter[] {
  return methods.map((method) => resolveMethod(reading, method)).filter((filter) => filter !== undefined)
}

function resolveMethod(reading: Reading, method: MethodNode): Filter | undefined {
  const { name, arguments: taken } = method
  if (name.text === 'event') return reportUnsupported(reading, name, '.event(…)')
  if (name.text === 'by') {
    const hint = 'write trace.count(…).by(…) and compare it'
    return report(reading, name, 'unknown-method', '.by(…) groups what is counted or summed', hint)
  }
  if (name.text !== 'where') return reportUnknownMethod(reading, name)
  if (taken === null) return reportBareWhere(reading, name)
  const [first, second] = taken.items
  checkBracket(reading, taken, 'in .where(…)')
  if (first === undefined) return undefined
  if (second !== undefined) {
    return report(
      reading,
      second,
      'unexpected-text',
      '.where(…) takes one condition',
      'write "and" or "or" between conditions',
    )
  }
  if (first.kind === 'missing' && taken.extra !== null) return undefined
  if (first.kind === 'missing' && taken.close !== null)
    return reportMissing(reading, taken, 'the condition of .where(…)')
  return resolveFilter(reading, first)
}

function reportBareWhere(reading: Reading, at: Span): undefined {
  return report(reading, at, 'missing-bracket', '.where needs its condition in brackets', 'write .where(amount > 1000)')
}

function reportUnknownMethod(reading: Reading, name: Token): undefined {
  const meant = nearest(name.text, ['where', 'by', 'event'])
  const hint = FUNCTIONS.has(name.text)
    ? `write trace.${name.text}(…) without anything before it`
    : meant === undefined
      ? 'filter spans with .where(…)'
      : `did you mean .${meant}(…)?`
  return report(reading, name, 'unknown-method', `".${name.text}(…)" is unknown`, hint)
}

const FUNCTIONS = new Set(['has', 'count', 'all'])
