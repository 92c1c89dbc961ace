import { type DrawnEvent, type DrawnSpan, readEvent, readSpanLine } from './span-line.ts'
import { type WordProblem, wordsOf } from './words.ts'

/** A problem in a drawn trace; offsets in its text. */
export type DrawingProblem = WordProblem

/** Spans of one drawn trace, repeats included: what a trace may hold at most. */
const MAX_DRAWN_SPANS = 100_000
const MAX_DEPTH = 256

/** A span that lines may still be indented under; the outermost has no span and means the trace. */
interface OpenSpan {
  readonly indent: number
  readonly children: DrawnSpan[]
  readonly events: DrawnEvent[] | undefined
  /** Of the first line under it; the others must agree. */
  childIndent: number | undefined
}

/**
 * Reads a drawn trace: a span a line, children indented under their parent, events marked by `!`. All problems are
 * reported; lines without one are read all the same.
 */
export function readDrawing(text: string, report: (problem: DrawingProblem) => void): readonly DrawnSpan[] {
  const roots: DrawnSpan[] = []
  const open: OpenSpan[] = [{ indent: -1, children: roots, events: undefined, childIndent: undefined }]
  let lineStart = 0
  for (const line of text.split('\n')) {
    const offset = lineStart
    lineStart += line.length + 1
    readLine(line, open, (problem) => report({ ...problem, start: offset + problem.start, end: offset + problem.end }))
  }
  const count = countSpans(roots)
  if (count > MAX_DRAWN_SPANS) {
    const message = `the trace would hold ${count.toLocaleString('en')} spans, at most 100,000 are judged`
    report({ code: 'too-many-spans', start: 0, end: text.length, message, hint: 'repeat spans less often' })
  }
  return roots
}

function readLine(line: string, open: OpenSpan[], report: (problem: WordProblem) => void): void {
  const { words, problem } = wordsOf(line)
  const [first] = words
  if (problem !== undefined) report(problem)
  if (problem !== undefined || first === undefined) return
  const parent = parentOf(line, first.start, open, report)
  if (parent === undefined) return
  if (first.text === '!' && !first.quoted) {
    const event = readEvent(words, parent.events !== undefined, report)
    if (event !== undefined) parent.events?.push(event)
    return
  }
  const span = readSpanLine(words, report)
  if (span === undefined) return
  parent.children.push(span)
  open.push({ indent: first.start, children: span.children, events: span.events, childIndent: undefined })
}

function parentOf(
  line: string,
  indent: number,
  open: OpenSpan[],
  report: (problem: WordProblem) => void,
): OpenSpan | undefined {
  const refuse = (message: string, hint: string) => {
    report({ code: 'malformed-indent', start: 0, end: Math.max(indent, 1), message, hint })
    return undefined
  }
  if (line.slice(0, indent).includes('\t')) return refuse('a line is indented with a tab', 'indent with blanks')
  while ((open.at(-1)?.indent ?? -1) >= indent) open.pop()
  const parent = open.at(-1) as OpenSpan
  parent.childIndent ??= indent
  if (parent.childIndent !== indent) {
    return refuse('the indentation fits no line above', `indent with ${parent.childIndent} blanks`)
  }
  if (open.length > MAX_DEPTH) return refuse('spans are nested more than 256 deep', 'take a trace file instead')
  return parent
}

function countSpans(spans: readonly DrawnSpan[]): number {
  return spans.reduce((sum, { times, children }) => sum + times * (1 + countSpans(children)), 0)
}
