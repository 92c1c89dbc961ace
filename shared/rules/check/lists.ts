import type { PlacedTest } from '../walk.ts'
import { problemAt, type Report } from './pass.ts'

/** Values in one `in [ … ]`. */
const LIST_LIMIT = 1000

export function reportLongLists(tests: readonly PlacedTest[], report: Report): void {
  for (const { test } of tests) {
    const tooMany = test.kind === 'membership' ? test.items[LIST_LIMIT] : undefined
    if (tooMany === undefined) continue
    report(
      problemAt(
        tooMany.range,
        'list-too-long',
        `a list holds at most ${LIST_LIMIT} values`,
        'split it into several lists joined with or',
      ),
    )
  }
}
