import type { CheckedRule } from '../shared/rules/ast.ts'
import { checkRules } from '../shared/rules/check.ts'
import { type PlacedProblem, renderProblem } from '../shared/rules/render.ts'
import { type RuleFile, readRuleFiles } from './rule-files.ts'
import { paint, type Screen, type Terminal, write } from './terminal.ts'

/** Rules to judge by, and how many problems kept others out. */
export interface LoadedRules {
  readonly rules: readonly CheckedRule[]
  readonly problemCount: number
}

/** Reads and checks rules; each problem is shown on stderr, and the rules without one are used all the same. */
export async function loadRules(paths: readonly string[], terminal: Terminal): Promise<LoadedRules> {
  const files = await readRuleFiles(paths)
  const { rules, problems } = checkRules(files)
  await writeProblems(problems, files, terminal.stderr)
  return { rules, problemCount: problems.length }
}

/** Shows problems with their source line and a caret, an empty line after each. */
export async function writeProblems(
  problems: readonly PlacedProblem[],
  files: readonly RuleFile[],
  screen: Screen,
): Promise<void> {
  await writePlaced(problems, files, screen, 'problem')
}

/** Shows warnings as problems are shown. */
export async function writeWarnings(
  warnings: readonly PlacedProblem[],
  files: readonly RuleFile[],
  screen: Screen,
): Promise<void> {
  await writePlaced(warnings, files, screen, 'warning')
}

async function writePlaced(
  problems: readonly PlacedProblem[],
  files: readonly RuleFile[],
  screen: Screen,
  as: 'problem' | 'warning',
): Promise<void> {
  const texts = new Map(files.map(({ file, text }) => [file, text]))
  const colour = paint(screen, 'red', 'x') !== 'x'
  for (const problem of problems) {
    await write(screen, `${renderProblem(problem, texts.get(problem.file) ?? '', { colour, as })}\n\n`)
  }
}
