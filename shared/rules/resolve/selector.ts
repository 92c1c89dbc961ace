import type { NamePattern, Selector } from '../ast.ts'
import { reportExtra, reportUnclosed } from './bracket.ts'
import { decodeText } from './literal.ts'
import { reportMistake } from './mistake.ts'
import { narrowed, reportBareWhere, resolveNarrowing } from './narrowing.ts'
import { quoted, type Reading, report } from './reading.ts'
import type { MethodNode, SelectorCallNode, SyntaxNode, WordNode } from './syntax.ts'
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

/** The spans that `trace.has(…)`, `trace.count(…)` and other functions take in their brackets, before the given number of values. */
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
  const bound = /^(.*\S)\s+as\s+([\p{L}\p{N}_]+)$/su.exec(inside)
  if (bound !== null) {
    const hint = `write trace.has(${bound[1]}) as ${bound[2]}`
    return report(reading, at, 'misplaced-binding', '"as" follows the brackets', hint)
  }
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
  const narrowing = resolveNarrowing(reading, methods)
  if (name === undefined) return undefined
  return { kind: 'selector', name, ...narrowing, range: reading.rangeOf(node) }
}

/** The spans of `trace.has(…)` with what follows it. */
export function resolveHas(
  reading: Reading,
  call: SelectorCallNode,
  methods: readonly MethodNode[],
  node: SyntaxNode,
): Selector | undefined {
  const inner = resolveArgument(reading, call)
  const narrowing = resolveNarrowing(reading, methods)
  return inner && narrowed(inner, narrowing, reading.rangeOf(node))
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
      `"${node.text}" is not a span name here`,
      `write ${longForm} if a span is named so`,
    )
  }
  if (node.text.includes('/')) {
    return report(reading, node, 'malformed-name', `a name with "/" needs quotes here`, `write ${quoted(node.text)}`)
  }
  return { kind: 'exact', name: node.text, range }
}
