import type { CheckedRule } from '../shared/rules/ast.ts'
import type { RuleFile } from '../shared/rules/check/check.ts'
import { checkRules } from '../shared/rules/check/check.ts'
import { countIn, type Listing, moreText } from '../shared/rules/read/listing.ts'
import { type PlacedProblem, renderProblem } from '../shared/text/problem-text.ts'
import { CommandError } from './command-error.ts'
import { readRuleFiles } from './rule-files.ts'
import { paint, type Screen, type Terminal, write } from './terminal.ts'

/** Rules to judge by, and how many problems kept others out. */
export interface LoadedRules {
  readonly rules: readonly CheckedRule[]
  readonly problemCount: number
}

/** Reads and checks rules; each problem is shown on stderr, and the rules without one are used all the same. */
export async function loadRules(paths: readonly string[], terminal: Terminal): Promise<LoadedRules> {
  const files = await readRuleFiles(paths)
  const { rules, problems: items, more } = checkRules(files)
  await writeProblems({ items, more }, files, terminal.stderr)
  return { rules, problemCount: countIn({ items, more }) }
}

/** The rules of these names; all without names. Throws a CommandError where no rule has a name. */
export function namedRules(
  rules: readonly CheckedRule[],
  names: readonly string[] | undefined,
): readonly CheckedRule[] {
  if (names === undefined) return rules
  return names.map((name) => {
    const rule = rules.find((candidate) => candidate.name === name)
    if (rule !== undefined) return rule
    throw new CommandError(`no rule is named ${name}`, `the rules are ${rules.map((each) => each.name).join(', ')}`)
  })
}

/** Shows problems with their source line and a caret, an empty line after each, and how many more there are. */
export async function writeProblems(
  problems: Listing<PlacedProblem>,
  files: readonly RuleFile[],
  screen: Screen,
): Promise<void> {
  await writePlaced(problems, files, screen, 'problem')
}

/** Shows warnings as problems are shown. */
export async function writeWarnings(
  warnings: Listing<PlacedProblem>,
  files: readonly RuleFile[],
  screen: Screen,
): Promise<void> {
  await writePlaced(warnings, files, screen, 'warning')
}

async function writePlaced(
  { items, more }: Listing<PlacedProblem>,
  files: readonly RuleFile[],
  screen: Screen,
  as: 'problem' | 'warning',
): Promise<void> {
  const texts = new Map(files.map(({ file, text }) => [file, text]))
  const colour = paint(screen, 'red', 'x') !== 'x'
  for (const problem of items) {
    await write(screen, `${renderProblem(problem, texts.get(problem.file) ?? '', { colour, as })}\n\n`)
  }
  const rest = moreText(more, as)
  if (rest !== undefined) await write(screen, `${rest}\n\n`)
}
