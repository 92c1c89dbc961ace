import type { Problem } from '../../errors.ts'
import { compileRegex, isPlainRegex, MAX_SET_REGEX_COST, type RegexProblemCode, regexCost } from '../compile/regex.ts'
import type { Pass } from './pass.ts'

/**
 * A regular expression must be one that RE2 accepts, and small enough to be cheap on any value; those of a set together
 * must be cheap to compile. Each is looked at once a set.
 */
export function reportUnusableRegexes(): Pass {
  const found = new Map<string, Problem<RegexProblemCode> | 'usable'>()
  let left = MAX_SET_REGEX_COST
  const problemOf = (pattern: string) => {
    left -= regexCost(pattern)
    return left < 0 ? TOO_MUCH : (problemIn(pattern) ?? 'usable')
  }
  return (tests, report) => {
    for (const { test } of tests) {
      if (test.kind !== 'matches') continue
      const known = found.get(test.pattern) ?? problemOf(test.pattern)
      found.set(test.pattern, known)
      if (known !== 'usable') report({ ...known, range: test.patternRange })
    }
  }
}

const TOO_MUCH: Problem<RegexProblemCode> = {
  code: 'regex-too-large',
  message: 'up to this one, the regular expressions of the set take too long to compile',
  hint: 'use contains or starts with where that will do, and fewer Unicode classes such as \\pL',
}

function problemIn(pattern: string): Problem<RegexProblemCode> | undefined {
  if (isPlainRegex(pattern)) return undefined
  const compiled = compileRegex(pattern)
  return typeof compiled === 'function' ? undefined : compiled
}
