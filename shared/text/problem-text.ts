import type { Problem, SourcePosition, SourceRange } from '../errors.ts'
import { visible } from './visible.ts'

/** Columns of source shown; a longer line is cut around the problem. */
const WIDTH = 120

/** A problem of some stage and the file it is in. */
export interface PlacedProblem extends Problem {
  readonly file: string
  readonly range: SourceRange
}

interface Rendering {
  readonly colour: boolean
  /** What it is, a problem where nothing is said. */
  readonly as?: 'problem' | 'warning'
}

/**
 * A problem for people to read: `file:line:column  code  message`, the source line with a caret under what is wrong, and
 * the hint. `text` is the file's text as given to `checkRules`; `colour` adds ANSI escapes. A warning says that it is one.
 */
export function renderProblem(problem: PlacedProblem, text: string, { colour, as }: Rendering): string {
  const { start, end } = problem.range
  const isWarning = as === 'warning'
  const mark = isWarning ? 33 : 31
  const code = `${isWarning ? 'warning ' : ''}${problem.code}`
  const paint = (code: number, shown: string) => (colour ? `\u001B[${code}m${shown}\u001B[0m` : shown)
  const head = `${visible(problem.file)}:${start.line}:${start.column}  ${paint(mark, code)}  ${visible(problem.message)}`
  const line = lineAt(text, start)
  const from = Math.max(0, Math.min(start.column - 1 - WIDTH / 2, line.length - WIDTH))
  const shown = line.slice(from, from + WIDTH)
  const indent = visibleSource(line.slice(from, start.column - 1)).replace(/[^\t]/gu, ' ')
  const last = end.line === start.line ? end.column : line.length + 1
  const marked = line.slice(start.column - 1, Math.min(last - 1, from + WIDTH))
  const carets = '^'.repeat(Math.max(1, visibleSource(marked).length))
  const number = String(start.line)
  const gutter = ' '.repeat(number.length)
  return [
    head,
    `${paint(2, `${gutter} |`)}`,
    `${paint(2, `${number} |`)} ${visibleSource(shown)}`,
    `${paint(2, `${gutter} |`)} ${indent}${paint(mark, carets)}`,
    ...(problem.hint === undefined ? [] : [`${gutter} = ${paint(36, visible(problem.hint))}`]),
  ].join('\n')
}

/** The line of a place as far as it can be shown: lines may be long, and problems in one many. */
function lineAt(text: string, { offset, column }: SourcePosition): string {
  const at = offset + (text.startsWith('\uFEFF') ? 1 : 0)
  const start = at - (column - 1)
  const shown = text.slice(start, at + WIDTH)
  const end = shown.indexOf('\n', column - 1)
  const line = end < 0 ? shown : shown.slice(0, end)
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** A line of source keeps its tabs, as the line of carets below it does, so that the carets meet what they mark. */
function visibleSource(line: string): string {
  return line.split('\t').map(visible).join('\t')
}
