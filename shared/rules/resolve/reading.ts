import type { SourceRange } from '../../errors.ts'
import type { Bound, Condition, Literal } from '../ast.ts'
import type { RuleProblemCode, TextProblem } from '../problem.ts'
import type { TextRange } from './syntax.ts'

/** One body being read: the places of its nodes in the file, the meaning of its names, and the problems found so far. */
export interface Reading {
  readonly text: string
  readonly definitions: Definitions
  /** How many parts definitions have added to this rule. */
  expanded: number
  readonly names: Names
  rangeOf(span: TextRange): SourceRange
  report(problem: TextProblem): void
}

/** The names that `as` gives to spans, while a rule is read from left to right. */
export interface Names {
  /** The names that mean a span here. */
  visible: ReadonlyMap<string, Bound>
  /** Names that were bound where they cannot be used any more, and where that was. */
  readonly closed: Map<string, string>
  /** Every name that the text binds somewhere. */
  readonly all: ReadonlySet<string>
  /** Names bound so far. */
  readonly given: Set<string>
  /** The id of the next name. */
  next: number
}

/** What is left of the parts that definitions may add to all rules of a set, and of the names that are compared for a hint. */
export interface PartBudget {
  parts: number
  names: number
}

/**
 * What `let` and `define` have named so far, from one rule of a file to the next. A use is replaced by its meaning,
 * so that nothing after resolving knows of definitions.
 */
export interface Definitions {
  readonly budget: PartBudget
  /** By name with its `$`. */
  readonly values: Map<string, Defined<DefinedValue>>
  readonly conditions: Map<string, Defined<Condition>>
}

/** `meaning` is missing where the definition has a problem. */
export interface Defined<Meaning> {
  readonly meaning: Meaning | undefined
  /** How many nodes that holds. */
  readonly parts: number
  readonly range: SourceRange
}

/** One value, or a list. */
export interface DefinedValue {
  readonly isList: boolean
  readonly items: readonly Literal[]
}

/** Reports a problem at a node; `hint` tells the writer what to write instead. Returns what the reader then has: nothing. */
export function report(
  reading: Reading,
  span: TextRange,
  code: RuleProblemCode,
  message: string,
  hint: string,
): undefined {
  reading.report({ code, message, hint, range: reading.rangeOf(span) })
  return undefined
}

/** The text of a node as written. */
export function textOf(reading: Reading, span: TextRange): string {
  return reading.text.slice(span.start, span.end)
}

/** Text as it can be written in a rule: in double quotes, with escapes. */
export function quoted(text: string): string {
  if (!/[\\"\n\t]/.test(text)) return `"${text}"`
  const escaped = text.replace(/[\\"\n\t]/g, (character) => ESCAPES.get(character) ?? character)
  return `"${escaped}"`
}

const ESCAPES = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\t', '\\t'],
])
