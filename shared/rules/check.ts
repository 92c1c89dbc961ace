import type { CheckedRule } from './ast.ts'
import { revisionOf } from './canonical.ts'
import type { RuleProblem } from './problem.ts'
import { type ReadFile, readRuleFile } from './rule-file.ts'

/** One file of rules by the name shown in problems; `.yaml` and `.yml` are packs, all else is rule text. */
export interface RuleSource {
  readonly file: string
  readonly text: string
}

/** What became of a set of rules. */
export interface CheckedRules {
  readonly rules: readonly CheckedRule[]
  readonly problems: readonly RuleProblem[]
  /** Rules found, good or bad. */
  readonly ruleCount: number
}

/**
 * Parses and checks a whole set of rules. Every problem of every file is returned, by file and place; a rule with a
 * problem is left out of `rules` and never stops another.
 */
export function checkRules(files: readonly RuleSource[]): CheckedRules {
  const rules: CheckedRule[] = []
  const problems: RuleProblem[] = []
  let ruleCount = 0
  for (const { file, text } of files) {
    const read: ReadFile = readRuleFile(text)
    problems.push(...read.problems.map((problem) => ({ ...problem, file })))
    for (const { name, rule, problems: found } of read.rules) {
      ruleCount += 1
      problems.push(...found.map((problem) => ({ ...problem, file, ...(name !== undefined && { rule: name }) })))
      if (found.length === 0 && rule !== undefined)
        rules.push({ ...rule, file, revision: revisionOf(rule.body) } as CheckedRule)
    }
  }
  return { rules, problems, ruleCount }
}
