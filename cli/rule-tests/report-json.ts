import { type Results, totalsOf } from './results.ts'

/** The results for programs, as one JSON object on one line. */
export function jsonReport({ suites, coverage, problems }: Results): string {
  const { tests, failed } = totalsOf(suites)
  const report = {
    tests,
    passed: tests - failed,
    failed,
    clauses: coverage.clauseCount,
    covered: coverage.coveredCount,
    suites: suites.map(({ file, rules, tests }) => ({
      file,
      rules,
      tests: tests.map(({ name, line, column, signals, failures }) => ({
        name,
        line,
        column,
        passed: failures.length === 0,
        signals,
        failures,
      })),
    })),
    uncovered: coverage.gaps,
    problems: problems.map(({ file, range, code, message, hint }) => ({
      file,
      line: range.start.line,
      column: range.start.column,
      code,
      message,
      hint: hint ?? '',
    })),
  }
  return `${JSON.stringify(report)}\n`
}
