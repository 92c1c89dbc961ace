import { KEYS, type LineRange } from '../read/header.ts'
import { isBlankOrComment, type Section, sectionsOf } from '../read/sections.ts'
import { type Source, sourceOf } from '../read/source.ts'
import { bodyLines, paragraphs } from './lines.ts'

/** A `*.rules` file that was read without problems: a rule a block, an empty line between two, all else as written. */
export function layOutFile(text: string): string {
  const source = sourceOf(text)
  const { preamble, sections } = sectionsOf(source)
  const lines = [...preambleLines(source, preamble)]
  for (const [index, section] of sections.entries()) {
    const { rule, remarks } = ruleLines(source, section)
    const isLast = index === sections.length - 1
    // Comments with no empty line on either side are taken to speak of the rule below them.
    lines.push(...rule, ...(isLast || remarks.includes('') ? remarks : ['', ...remarks]))
  }
  while (lines.at(-1) === '') lines.pop()
  while (lines[0] === '') lines.shift()
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** Definitions and comments before the first rule; the definitions end with an empty line. */
function preambleLines(source: Source, preamble: readonly LineRange[]): readonly string[] {
  if (preamble.every((line) => isBlankOrComment(textOf(source, line))))
    return paragraphs(preamble.map((line) => textOf(source, line)))
  const { body, remarks } = bodyLines(source.text.slice(preamble[0]?.start, preamble.at(-1)?.end))
  return [...body, ...(remarks.includes('') ? remarks : ['', ...remarks])]
}

function textOf(source: Source, line: LineRange): string {
  return source.text.slice(line.start, line.end)
}

/** A rule from header to condition, and the comments between it and the next. */
function ruleLines(source: Source, { header, comments, body: written }: Section) {
  const start = written[0]?.start ?? header.end
  const { body, remarks } = bodyLines(source.text.slice(start, written.at(-1)?.end ?? start))
  const metadata = comments.map((line) => metadataLine(textOf(source, line)))
  return { rule: [headerLine(textOf(source, header)), ...metadata.filter((line) => line !== ''), ...body], remarks }
}

function headerLine(line: string): string {
  return line.replace(/^\s*\/\/\s*Signal:\s*(\S+?)\s*\(([^()]*)\)\s*$/, '// Signal: $1 ($2)')
}

/** `// Key: value`; any other comment as it is. */
function metadataLine(line: string): string {
  const [, word = '', value = ''] = /^\s*\/\/\s*([A-Za-z]+)\s*:\s*(.*)$/.exec(line.trimEnd()) ?? []
  const key = KEYS.find((known) => known.toLowerCase() === word.toLowerCase())
  return key === undefined ? line.trim() : `// ${key}: ${value}`
}
