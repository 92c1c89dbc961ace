import { parseSyntax } from '../read/parse.ts'
import { bodyLayout } from './body.ts'
import { render } from './layout.ts'
import type { TokenReader } from './tokens.ts'

/** Columns a formatted line keeps to, unless one word is longer. */
const LINE_WIDTH = 100

/** A rule's condition as formatted, and the comments on lines of their own that follow it. */
export interface BodyLines {
  readonly body: readonly string[]
  /** With one empty line where there were empty ones. */
  readonly remarks: readonly string[]
}

/** Lays out a condition that was read without problems, with what comments stand below it. */
export function bodyLines(written: string): BodyLines {
  const reader: TokenReader = { text: written, position: 0 }
  const syntax = parseSyntax(written.trimEnd())
  if (syntax.kind === 'tooDeep') throw new Error('a rule nests too deep to be laid out')
  const body = render(bodyLayout(reader, syntax), LINE_WIDTH).split('\n')
  const [, ...rest] = written.slice(reader.position).split('\n')
  return { body, remarks: paragraphs(rest) }
}

/** Comment lines at the margin, runs of empty lines made one. */
export function paragraphs(lines: readonly string[]): readonly string[] {
  const trimmed = lines.map((line) => line.trim())
  return trimmed.filter((line, index) => line !== '' || trimmed[index - 1] !== '')
}
