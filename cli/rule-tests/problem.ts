import type { Problem, SourceRange } from '../../shared/errors.ts'

/** Everything that can be wrong with a file of rule tests. */
export type RuleTestProblemCode =
  | 'malformed-yaml'
  | 'malformed-test'
  | 'unknown-rule'
  | 'malformed-span'
  | 'malformed-indent'
  | 'malformed-value'
  | 'too-many-spans'
  | 'missing-rules'
  | 'unreadable-trace'

/** A problem of a test file, its place known. */
export interface RuleTestProblem extends Problem<RuleTestProblemCode> {
  readonly range: SourceRange
}

/** Takes a problem; reading goes on, so that all of a file are found at once. */
export type ReportTestProblem = (problem: RuleTestProblem) => void
