import { counted } from '../../shared/text/numbers.ts'
import type { PlacedProblem } from '../../shared/text/problem-text.ts'
import { visible } from '../../shared/text/visible.ts'
import type { Coverage, Gap } from './coverage.ts'
import type { TestResult } from './run.ts'

/** What became of one file of tests. */
export interface SuiteResult {
  readonly file: string
  readonly rules: readonly string[]
  readonly tests: readonly TestResult[]
}

/** What became of a whole run. */
export interface Results {
  readonly suites: readonly SuiteResult[]
  readonly coverage: Coverage
  /** What kept rules or tests out of the run. */
  readonly problems: readonly PlacedProblem[]
}

export interface Totals {
  readonly tests: number
  readonly failed: number
}

export function totalsOf(suites: readonly SuiteResult[]): Totals {
  const tests = suites.flatMap((suite) => suite.tests)
  return { tests: tests.length, failed: tests.filter(({ failures }) => failures.length > 0).length }
}

/** What a gap is, as a sentence: `NAME: trace.has(cart.validate) is never true`. */
export function gapText({ rule, clause, never }: Gap): string {
  if (clause !== undefined) return `${rule}: ${visible(clause)} is never ${never}`
  return never === 'signals' ? `${rule} never signals` : `${rule} is never satisfied`
}

/** `24 of 26 clauses covered`. */
export function coverageText({ clauseCount, coveredCount }: Coverage): string {
  return `${coveredCount} of ${counted(clauseCount, 'clause')} covered`
}
