import type { Exists, Filter, Operand, Test, Truthy } from '../ast.ts'
import { decodeText } from './literal.ts'
import { resolveLogic } from './logic.ts'
import { reportMistake } from './mistake.ts'
import { type Place, resolveExistsArgument, resolveOperand } from './operand.ts'
import { quoted, type Reading, report, textOf } from './reading.ts'
import type { CallNode, SyntaxNode } from './syntax.ts'
import { resolveTest } from './test.ts'
import { quotedKey, resolveWord } from './word.ts'

const SPAN: Place = {
  of: 'span',
  resolveCount(reading, node) {
    const name = node.kind === 'selectorCall' ? node.name.text : `.${node.name.text}`
    return report(
      reading,
      node,
      'trace-inside-where',
      `.where(…) looks at one span, ${name}(…) at the whole trace`,
      'write it outside, joined with "and"',
    )
  },
}

/** A value of one span, as `trace.sum(…)` and the other aggregates take it of each. */
export function resolveSpanValue(reading: Reading, node: SyntaxNode): Operand | undefined {
  return resolveOperand(reading, node, 'key', SPAN)
}

/** The content of `.where(…)`: true or false of one span. */
export function resolveFilter(reading: Reading, node: SyntaxNode): Filter | undefined {
  return resolveLogic<Test>(reading, node, (atom) => resolveSpanTest(reading, atom))
}

function resolveSpanTest(reading: Reading, node: SyntaxNode): Test | undefined {
  switch (node.kind) {
    case 'relation':
      return resolveTest(reading, node, SPAN)
    case 'word': {
      const operand = resolveWord(reading, node, 'key', 'span')
      if (operand?.kind === 'boolean') return reportConstant(reading, node, textOf(reading, node))
      return operand === undefined ? undefined : ({ kind: 'truthy', operand, range: operand.range } as Truthy)
    }
    case 'text': {
      const operand = quotedKey(reading, node, decodeText(node.raw))
      return operand === undefined ? undefined : { kind: 'truthy', operand, range: operand.range }
    }
    case 'call':
      return resolveSpanCall(reading, node)
    case 'method': {
      const operand = resolveOperand(reading, node, 'key', SPAN)
      return operand?.kind === 'boundValue' ? { kind: 'truthy', operand, range: operand.range } : undefined
    }
    case 'selectorCall':
      SPAN.resolveCount(reading, node)
      return undefined
    default:
      return reportMistake(reading, node, 'a condition')
  }
}

function resolveSpanCall(reading: Reading, node: CallNode): Test | undefined {
  if (node.name.text === 'exists') return resolveExists(reading, node)
  if (node.name.text !== 'attr') return reportMistake(reading, node, 'a condition')
  const operand = resolveOperand(reading, node, 'key', SPAN)
  return operand?.kind === 'attribute' ? { kind: 'truthy', operand, range: operand.range } : undefined
}

export function resolveExists(reading: Reading, node: CallNode): Exists | undefined {
  const operand = resolveExistsArgument(reading, node)
  return operand === undefined ? undefined : { kind: 'exists', operand, range: reading.rangeOf(node) }
}

export function reportConstant(reading: Reading, node: SyntaxNode, word: string): undefined {
  return report(
    reading,
    node,
    'constant-condition',
    `"${word}" is the same on every trace`,
    `remove it, or write ${quoted(word)} for a name`,
  )
}
