import type { SourceRange } from '../../errors.ts'
import type { RuleProblemCode, TextProblem } from '../problem.ts'
import type { Definitions } from './definitions.ts'
import type { Names } from './names.ts'
import type { Span } from './syntax.ts'

/** One body being read: where its nodes stand in the file, what its names stand for, and the problems found so far. */
export interface Reading {
  readonly text: string
  readonly definitions: Definitions
  /** How many parts definitions have added to this rule. */
  expanded: number
  readonly names: Names
  rangeOf(span: Span): SourceRange
  report(problem: TextProblem): void
}

/** Reports a problem at a node; `hint` tells the writer what to write instead. Returns what the reader then has: nothing. */
export function report(reading: Reading, span: Span, code: RuleProblemCode, message: string, hint: string): undefined {
  reading.report({ code, message, hint, range: reading.rangeOf(span) })
  return undefined
}

/** The text of a node as written. */
export function textOf(reading: Reading, span: Span): string {
  return reading.text.slice(span.start, span.end)
}

/** Text as it can be written in a rule: in double quotes, with escapes. */
export function quoted(text: string): string {
  const escaped = text.replace(/[\\"\n\t]/g, (character) => ESCAPES.get(character) ?? character)
  return `"${escaped}"`
}

const ESCAPES = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\t', '\\t'],
])
