import type { ReportProblem } from '../problem.ts'
import type { PlacedTest } from '../walk.ts'

/** One check over all tests of a rule's conditions; it changes nothing and reports everything it finds. */
export type Pass = (tests: readonly PlacedTest[], report: ReportProblem) => void
