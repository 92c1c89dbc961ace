import { type CheckedRules, checkingRules, checkRead, type ReadSource, type RuleFile } from '../rules/check/check.ts'
import { compilingRules } from '../rules/compile/compile.ts'
import { judge } from '../rules/judge/judge.ts'
import { finished } from '../rules/read/stepwise.ts'
import type { RuleSet } from './ports.ts'

/** Checks and compiles files of rules into a set, in steps; a bad rule is among the problems and stops no other. Never throws. */
export function* makingRuleSet(files: readonly RuleFile[]): Generator<void, RuleSet> {
  return yield* compiling(yield* checkingRules(files))
}

/** The same at once. */
export function ruleSetOf(files: readonly RuleFile[]): RuleSet {
  return finished(makingRuleSet(files))
}

/** The same for files that were read already. */
export function ruleSetOfRead(files: readonly ReadSource[]): RuleSet {
  return finished(compiling(checkRead(files)))
}

function* compiling({ rules, problems, more, ruleCount }: CheckedRules): Generator<void, RuleSet> {
  const ready = yield* compilingRules(rules)
  return { rules, problems, more, rejected: ruleCount - rules.length, judge: (trace) => judge(ready, trace) }
}
