import { problemAt, type ReportProblem } from '../problem.ts'
import type { PlacedTest } from '../walk.ts'

/** Values in one `in [ … ]`. */
const MAX_LIST_ITEMS = 1000

export function reportLongLists(tests: readonly PlacedTest[], report: ReportProblem): void {
  for (const { test } of tests) {
    const tooMany = test.kind === 'membership' ? test.items[MAX_LIST_ITEMS] : undefined
    if (tooMany === undefined) continue
    report(
      problemAt(
        tooMany.range,
        'list-too-long',
        `a list holds at most ${MAX_LIST_ITEMS} values`,
        'split it into several lists joined with or',
      ),
    )
  }
}
