import type { Problem, SourceRange } from '../errors.ts'

/** Everything that can be wrong with rules, by stage: the file, the syntax, the meaning, the set. */
export const RULE_PROBLEM_CODES = [
  'condition-before-header',
  'malformed-header',
  'unknown-severity',
  'malformed-metadata',
  'missing-condition',
  'malformed-yaml',
  'malformed-pack',
  'unexpected-text',
  'missing-operator',
  'missing-value',
  'missing-bracket',
  'unclosed-bracket',
  'unterminated-text',
  'wrong-quotes',
  'wrong-operator',
  'chained-comparison',
  'unquoted-pattern',
  'malformed-number',
  'unknown-unit',
  'reserved-word',
  'ambiguous-word',
  'malformed-name',
  'unknown-function',
  'unknown-method',
  'unknown-intrinsic',
  'not-a-condition',
  'not-a-value',
  'not-a-list',
  'empty-list',
  'null-comparison',
  'unknown-block',
  'duplicate-block',
  'missing-when',
  'missing-requirement',
  'not-a-span',
  'misplaced-binding',
  'duplicate-binding',
  'unbound-name',
  'unknown-definition',
  'duplicate-definition',
  'broken-definition',
  'attribute-outside-where',
  'trace-inside-where',
  'kind-mismatch',
  'unknown-value',
  'invalid-regex',
  'regex-too-large',
  'constant-condition',
  'nesting-too-deep',
  'expression-too-long',
  'rule-too-long',
  'list-too-long',
  'too-many-names',
  'too-many-rules',
  'too-many-problems',
  'duplicate-rule',
] as const

/** Problems of one rule that are shown one by one. */
export const MAX_PROBLEMS = 100

export type RuleProblemCode = (typeof RULE_PROBLEM_CODES)[number]

/** A problem inside one text, its place known; not yet tied to a file. */
export interface TextProblem extends Problem<RuleProblemCode> {
  readonly range: SourceRange
}

/** Takes the problems of a text, one by one. */
export type ReportProblem = (problem: TextProblem) => void

/** A problem, and in `hint` the instruction that fixes it. */
export function problemAt(range: SourceRange, code: RuleProblemCode, message: string, hint: string): TextProblem {
  return { code, message, hint, range }
}

/** A problem in a file of rules; `rule` names the rule where that is known. */
export interface RuleProblem extends TextProblem {
  readonly file: string
  readonly rule?: string
}

/** Sorted by place, one at each: a problem and what follows from it tend to have the same place. */
export function inOrder(problems: readonly TextProblem[]): readonly TextProblem[] {
  if (problems.length === 0) return problems
  const untilLineEnd = problems.some((problem) => problem.code === 'unterminated-text')
  const starts = new Set<number>()
  return problems
    .filter((problem) => !(untilLineEnd && problem.code === 'unclosed-bracket'))
    .toSorted((left, right) => left.range.start.offset - right.range.start.offset)
    .filter(({ range }) => !starts.has(range.start.offset) && starts.add(range.start.offset))
}

/**
 * The first problems of one rule, and how many more there are: nobody corrects thousands at once. `count` is how many there
 * are where only the first 101 are given.
 */
export function withinLimit(problems: readonly TextProblem[], count = problems.length): readonly TextProblem[] {
  const next = problems[MAX_PROBLEMS]
  if (next === undefined) return problems
  const message = `${count - MAX_PROBLEMS} more problems from here on`
  const hint = 'fix those above and check again'
  return [...problems.slice(0, MAX_PROBLEMS), { code: 'too-many-problems', message, hint, range: next.range }]
}
