import { isScalar, parseDocument, Scalar, visit } from 'yaml'
import { bodyLines } from './lines.ts'

/**
 * A YAML pack that was read without problems, with its conditions laid out as in a `*.rules` file: those that are literal
 * blocks (`condition: |`). Everything else, also a condition on one line, stays as it was written.
 */
export function layOutPack(text: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const blocks = literalConditions(text)
  return blocks.reduceRight((yaml, block) => {
    const { start, end, indent, written } = block
    const lines = conditionLines(written).map((line) => (line === '' ? '' : `${indent}${line}`))
    return `${yaml.slice(0, start)}${lines.join(newline)}${yaml.slice(end)}`
  }, text)
}

/** Where the lines of a literal block stand, from its first to the end of its last that is not empty. */
interface LiteralBlock {
  readonly start: number
  readonly end: number
  readonly indent: string
  readonly written: string
}

function literalConditions(text: string): readonly LiteralBlock[] {
  const blocks: LiteralBlock[] = []
  visit(parseDocument(text), {
    Pair(_key, { key, value }) {
      const isCondition = isScalar(key) && key.value === 'condition' && isScalar(value)
      if (!isCondition || value.type !== Scalar.BLOCK_LITERAL || value.range == null) return
      const [start, valueEnd] = value.range
      blocks.push(literalBlock(text, text.indexOf('\n', start) + 1, valueEnd, String(value.value)))
    },
  })
  return blocks
}

function literalBlock(text: string, from: number, to: number, written: string): LiteralBlock {
  const lines = text.slice(from, to)
  const leading = /^(?:[^\S\n]*\n)*/.exec(lines)?.[0].length ?? 0
  const indent = written.split('\n').find((line) => line.trim() !== '') ?? ''
  const firstLine = /^[^\n]*?(?=\r?\n|$)/.exec(lines.slice(leading))?.[0] ?? ''
  return {
    start: from + leading,
    end: from + lines.trimEnd().length,
    indent: firstLine.slice(0, firstLine.length - indent.length),
    written: written.trim(),
  }
}

function conditionLines(written: string): readonly string[] {
  const { body, remarks } = bodyLines(written)
  const lines = [...body, ...remarks]
  while (lines.at(-1) === '') lines.pop()
  return lines
}
