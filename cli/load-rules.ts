import type { CheckedRule } from '../shared/rules/ast.ts'
import { checkRules } from '../shared/rules/check.ts'
import { readRuleFiles } from './rule-files.ts'
import type { Terminal } from './terminal.ts'

/** Rules to judge by, and how many problems kept others out. */
export interface LoadedRules {
  readonly rules: readonly CheckedRule[]
  readonly problemCount: number
}

/** Reads and checks rules; each problem is shown on stderr, and the rules without one are used all the same. */
export async function loadRules(paths: readonly string[], terminal: Terminal): Promise<LoadedRules> {
  const { rules, problems } = checkRules(await readRuleFiles(paths))
  for (const problem of problems) {
    terminal.stderr.write(`${problem.file}:${problem.range.start.line}: ${problem.message}\n`)
  }
  return { rules, problemCount: problems.length }
}
