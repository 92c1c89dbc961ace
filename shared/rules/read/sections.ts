import { isHeader, type LineRange } from './header.ts'
import type { Source } from './source.ts'

/** One rule's part of a file: its header, the comment lines after it, and the rest up to the next header. */
export interface Section {
  readonly header: LineRange
  readonly comments: readonly LineRange[]
  /** Lines from the first that is neither blank nor a comment. */
  readonly body: readonly LineRange[]
}

/** A file cut at its headers; `preamble` is the part before the first. */
export interface Sections {
  readonly preamble: readonly LineRange[]
  readonly sections: readonly Section[]
}

/** Takes a rule file apart, line by line: text never runs over the end of a line, so a header is never inside one. */
export function sectionsOf(source: Source): Sections {
  const preamble: LineRange[] = []
  const sections: { header: LineRange; comments: LineRange[]; body: LineRange[] }[] = []
  for (const line of linesOf(source.text)) {
    const text = source.text.slice(line.start, line.end)
    const section = sections.at(-1)
    if (isHeader(text)) sections.push({ header: line, comments: [], body: [] })
    else if (section === undefined) preamble.push(line)
    else if (section.body.length === 0 && isBlankOrComment(text)) section.comments.push(line)
    else section.body.push(line)
  }
  return { preamble, sections }
}

export function isBlankOrComment(line: string): boolean {
  return /^\s*(\/\/|$)/.test(line)
}

function linesOf(text: string): readonly LineRange[] {
  const lines: LineRange[] = []
  let start = 0
  while (start <= text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    lines.push({ start, end: text[end - 1] === '\r' ? end - 1 : end })
    start = end + 1
  }
  return lines
}
