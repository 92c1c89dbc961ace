import type { TextRange } from '../resolve/syntax.ts'
import { freshLine, type Layout, newline, remark, sequence } from './layout.ts'

/** A rule's body and how much of it has been laid out; tokens are taken in the order of the text, each once. */
export interface TokenReader {
  readonly text: string
  position: number
}

const COMMENT = /\/\/[^\r\n]*/y
const BLANK = /\s+/y
const REMARK = /[^\S\r\n]+(\/\/[^\r\n]*)/y

/** The next token, with the comments above it and the one behind it. Throws (a defect) where other text is in between. */
export function token(reader: TokenReader, { start, end }: TextRange): Layout {
  const above = ownComments(reader, start)
  const { words, inside } = wordsOf(reader.text.slice(start, end))
  reader.position = end
  const behind = remarkBehind(reader)
  return sequence([...above, words, ...[...inside, ...behind].map(remark)])
}

/** The token of one punctuation mark, which the syntax tree does not hold. */
export function mark(reader: TokenReader, character: string): Layout {
  const start = nextToken(reader)
  if (reader.text[start] !== character) throw new Error(`no "${character}" at ${start} of the rule's body`)
  return token(reader, { start, end: start + 1 })
}

/** Comments on lines of their own above the token at `start`. */
export function ownComments(reader: TokenReader, start: number): readonly Layout[] {
  return commentsAbove(reader, start).flatMap((comment) => [freshLine, comment, newline])
}

/** Comments on lines of their own before a closing bracket. */
export function commentsBeforeClose(reader: TokenReader): readonly Layout[] {
  const comments = commentsAbove(reader, nextToken(reader))
  return comments.flatMap((comment) => [freshLine, comment])
}

/** Whether a comment lies between what was laid out and the next token. */
export function commentFollows(reader: TokenReader): boolean {
  return reader.text.slice(reader.position, nextToken(reader)).includes('//')
}

function nextToken({ text, position }: TokenReader): number {
  let at = position
  for (;;) {
    const end = skipped(BLANK, text, at) ?? skipped(COMMENT, text, at)
    if (end === undefined) return at
    at = end
  }
}

function skipped(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}

function commentsAbove(reader: TokenReader, start: number): readonly string[] {
  const gap = reader.text.slice(reader.position, start)
  const comments = gap.match(/\/\/[^\r\n]*/g) ?? []
  if (gap.replace(/\/\/[^\r\n]*/g, '').trim() !== '') throw new Error(`text between tokens: ${gap}`)
  reader.position = start
  return comments.map((comment) => comment.trimEnd())
}

function remarkBehind(reader: TokenReader): readonly string[] {
  REMARK.lastIndex = reader.position
  const comment = REMARK.exec(reader.text)?.[1]
  if (comment === undefined) return []
  reader.position = REMARK.lastIndex
  return [comment.trimEnd()]
}

/** Blanks inside a token (`starts before`) become one; comments may be there too. */
function wordsOf(text: string): { readonly words: string; readonly inside: readonly string[] } {
  if (text.startsWith('"')) return { words: text, inside: [] }
  const inside = text.match(/(?<=\s)\/\/[^\r\n]*/g) ?? []
  const words = text.replace(/(?<=\s)\/\/[^\r\n]*/g, ' ').replace(/\s+/g, ' ')
  return { words, inside: inside.map((comment) => comment.trimEnd()) }
}
