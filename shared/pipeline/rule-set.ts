import { type CheckedRules, checkRead, checkRules, type ReadSource, type RuleSource } from '../rules/check.ts'
import { compileRules } from '../rules/compile.ts'
import { judge } from '../rules/judge.ts'
import type { RuleSet } from './ports.ts'

/** Checks and compiles files of rules into a set; a bad rule is among the problems and stops no other. Never throws. */
export function ruleSetOf(files: readonly RuleSource[]): RuleSet {
  return compiled(checkRules(files))
}

/** The same for files that were read already. */
export function ruleSetOfRead(files: readonly ReadSource[]): RuleSet {
  return compiled(checkRead(files))
}

function compiled({ rules, problems, ruleCount }: CheckedRules): RuleSet {
  const ready = compileRules(rules)
  return { rules, problems, rejected: ruleCount - rules.length, judge: (trace) => judge(ready, trace) }
}
