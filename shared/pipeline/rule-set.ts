import { checkRules } from '../rules/check.ts'
import { compileRules } from '../rules/compile.ts'
import { judge } from '../rules/judge.ts'
import type { RuleSet } from './ports.ts'

/** Checks and compiles files of rules into a set; a bad rule is among the problems and stops no other. Never throws. */
export function ruleSetOf(files: readonly { readonly file: string; readonly text: string }[]): RuleSet {
  const { rules, problems, ruleCount } = checkRules(files)
  const compiled = compileRules(rules)
  return { rules, problems, rejected: ruleCount - rules.length, judge: (trace) => judge(compiled, trace) }
}
