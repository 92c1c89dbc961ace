import { nearest } from '../read/suggest.ts'
import { checkBracket, reportMissing } from './bracket.ts'
import { followsIf, hintForFunction, reportIf } from './habits.ts'
import { reportBadNumber } from './literal.ts'
import { quoted, type Reading, report, textOf } from './reading.ts'
import type { CallNode, SyntaxNode, TextRange } from './syntax.ts'

/** Reports a node that cannot be `wanted` ("a condition", "a value", "a span name"), by what it is. */
export function reportMistake(reading: Reading, node: SyntaxNode, wanted: string): undefined {
  switch (node.kind) {
    case 'missing':
      return reportMissing(reading, besideMissing(reading, node.start), wanted)
    case 'openText':
      return report(
        reading,
        node,
        'unterminated-text',
        'this text has no closing quote on its line',
        'add the closing "',
      )
    case 'wrongQuotes':
      return report(
        reading,
        node,
        'wrong-quotes',
        'text is written in double quotes',
        `write ${quoted(node.text.replace(/^.|['`“”‘’]$/gu, ''))}`,
      )
    case 'pathlike':
      return report(
        reading,
        node,
        'unquoted-pattern',
        'text that starts with "/" needs quotes',
        `write ${quoted(node.text)}`,
      )
    case 'badNumber':
      return reportBadNumber(reading, { ...node, kind: 'badNumber' })
    case 'variable':
      return report(
        reading,
        node,
        'not-a-value',
        `${node.text} is a value, not ${wanted}`,
        'compare it with an attribute',
      )
    case 'call':
      if (!KNOWN_FUNCTIONS.has(node.name.text)) return reportUnknownFunction(reading, node)
  }
  reportWrongKind(reading, node, wanted)
}

const KNOWN_FUNCTIONS = new Set(['exists', 'attr', 'num'])
const OF_TRACE = ['has', 'count', 'all', 'sum', 'min', 'max', 'avg', 'distinct']
const SHOWN_FUNCTIONS = [...OF_TRACE.map((name) => `trace.${name}`), 'exists', 'attr', 'num']
const FUNCTIONS = [...SHOWN_FUNCTIONS, ...OF_TRACE]
/** Names of other languages, and what says the same here. */
const FUNCTION_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['trace.contains', 'trace.has'],
  ['trace.exists', 'trace.has'],
  ['trace.any', 'trace.has'],
  ['trace.some', 'trace.has'],
  ['trace.span', 'trace.has'],
  ['trace.every', 'trace.all'],
  ['contains', 'trace.has'],
  ['any', 'trace.has'],
  ['some', 'trace.has'],
  ['span', 'trace.has'],
  ['every', 'trace.all'],
  ['trace.length', 'trace.count'],
  ['len', 'trace.count'],
])

function reportUnknownFunction(reading: Reading, node: CallNode): undefined {
  const { name } = node
  checkBracket(reading, node.arguments, `in ${name.text}(…)`)
  const [, method] = /^(?:trace\.)?(where|event)$/.exec(name.text) ?? []
  if (method !== undefined) {
    const hint = `name the spans first: trace.has(any).${method}(…)`
    return report(reading, name, 'unknown-function', `${name.text}(…) filters no spans`, hint)
  }
  if (name.text.toLowerCase() === 'not') {
    return report(reading, name, 'wrong-operator', `"${name.text}" is not an operator of this language`, 'write "not"')
  }
  if (/^if$/i.test(name.text)) return void reportIf(reading, name)
  if (/^then$/i.test(name.text) && followsIf(reading, name.start)) return undefined
  const meant = FUNCTION_SPELLINGS.get(name.text) ?? nearest(name.text, FUNCTIONS)
  const known = meant === undefined ? `use one of ${SHOWN_FUNCTIONS.join(', ')}` : `did you mean ${meant}(…)?`
  const hint = hintForFunction(name.text) ?? known
  report(reading, name, 'unknown-function', `the language has no function ${name.text}(…)`, hint)
}

function reportWrongKind(reading: Reading, node: SyntaxNode, wanted: string): void {
  const written = textOf(reading, node)
  const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written
  const code = wanted === 'a condition' ? 'not-a-condition' : 'not-a-value'
  report(reading, node, code, `"${shown}" is not ${wanted}`, hintForKind(reading, node, wanted))
}

function hintForKind(reading: Reading, node: SyntaxNode, wanted: string): string {
  if (wanted !== 'a condition') {
    if (node.kind === 'call' && node.name.text === 'exists')
      return 'exists(…) is already true or false: leave the comparison out'
    if (wanted === 'an attribute key') return 'write a word, or the key in quotes'
    if (wanted === 'a regular expression in quotes') return 'write the pattern in quotes after matches'
    if (node.kind === 'list') return 'compare with a list by in [ … ]'
    return node.kind === 'or' || node.kind === 'and' || node.kind === 'not' || node.kind === 'relation'
      ? 'conditions do not compare: combine them with and, or, not'
      : wanted === 'a span name'
        ? 'write one word, or the name in quotes'
        : `write ${wanted}, such as a word, a number or text in quotes`
  }
  if (node.kind === 'number' || node.kind === 'arithmetic') {
    return `compare it, or write ${quoted(textOf(reading, node))} if a span is named so`
  }
  return 'compare it: write == != < <= > >= and a value after it'
}

/** The word or sign just before a place where something is missing, or the one after it at the start of a rule. */
function besideMissing(reading: Reading, offset: number): TextRange {
  const before = reading.text.slice(Math.max(0, offset - 200), offset)
  const last = /([\p{L}\p{N}_.]+|&&|\|\||[=!<>]+|\S)\s*$/u.exec(before)
  if (last !== null) {
    const start = offset - last[0].length
    return { start, end: start + (last[1]?.length ?? 1) }
  }
  const [next = ''] = /^([\p{L}\p{N}_.]+|&&|\|\||[=!<>]+|\S)/u.exec(reading.text.slice(offset, offset + 200)) ?? []
  return { start: offset, end: offset + Math.max(1, next.length) }
}
