import type { Condition } from '../ast.ts'
import { compileRegex } from '../regex.ts'
import { testsOf } from '../walk.ts'
import type { Report } from './pass.ts'

/** A regular expression must be one that RE2 accepts, and small enough to be cheap on any value. */
export function reportUnusableRegexes(conditions: readonly Condition[], report: Report): void {
  for (const { test } of testsOf(conditions)) {
    if (test.kind !== 'matches') continue
    const compiled = compileRegex(test.pattern)
    if (typeof compiled !== 'function') report({ ...compiled, range: test.patternRange })
  }
}
