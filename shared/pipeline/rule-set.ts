import type { CheckedRule } from '../rules/ast.ts'
import { type CheckedRules, checkingRules, checkRead, type ReadSource, type RuleFile } from '../rules/check/check.ts'
import { lastGoodRules } from '../rules/check/last-good.ts'
import { compilingRules } from '../rules/compile/compile.ts'
import { judge } from '../rules/judge/judge.ts'
import { finished } from '../rules/read/stepwise.ts'
import type { RuleSet } from './ports.ts'
import { withRunbookBase } from './runbook-links.ts'

/**
 * Checks and compiles files of rules into a set, in steps; a bad rule is among the problems and stops no other. Never
 * throws. `before`: the rules in force; those whose new text has problems stay in force. Paths of runbooks are looked for
 * below `runbookBase`.
 */
export function* makingRuleSet(
  files: readonly RuleFile[],
  before: readonly CheckedRule[] = [],
  runbookBase?: string,
): Generator<void, RuleSet> {
  return yield* compiling(yield* checkingRules(files), before, runbookBase)
}

/** The same at once. */
export function ruleSetOf(files: readonly RuleFile[]): RuleSet {
  return finished(makingRuleSet(files))
}

/** The same for files that were read already. */
export function ruleSetOfRead(files: readonly ReadSource[], runbookBase?: string): RuleSet {
  return finished(compiling(checkRead(files), [], runbookBase))
}

function* compiling(
  checked: CheckedRules,
  before: readonly CheckedRule[],
  runbookBase: string | undefined,
): Generator<void, RuleSet> {
  const { problems, more, ruleCount } = checked
  const keptBack = lastGoodRules(checked, before)
  const rules = withRunbookBase([...checked.rules, ...keptBack], runbookBase)
  const ready = yield* compilingRules(rules)
  const rejected = ruleCount - checked.rules.length
  return { rules, problems, more, rejected, keptBack, judge: (trace) => judge(ready, trace) }
}
