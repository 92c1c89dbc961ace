import type { SourceRange } from '../../errors.ts'
import type { RuleProblemCode, TextProblem } from '../problem.ts'
import type { PlacedTest } from '../walk.ts'

/** Where the problems of one rule are collected. */
export type Report = (problem: TextProblem) => void

/** One check over all tests of a rule's conditions; it changes nothing and reports everything it finds. */
export type Pass = (tests: readonly PlacedTest[], report: Report) => void

/** A problem with the instruction that mends it. */
export function problemAt(range: SourceRange, code: RuleProblemCode, message: string, hint: string): TextProblem {
  return { code, message, hint, range }
}
