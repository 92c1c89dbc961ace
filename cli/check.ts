import { type Command, Option } from 'commander'
import { checkRules } from '../shared/rules/check.ts'
import type { RuleProblem } from '../shared/rules/problem.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { writeProblems } from './load-rules.ts'
import { readRuleFiles } from './rule-files.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'
import { counted } from './text.ts'

type Format = 'pretty' | 'json'

/** `betrace check`: says whether rules are well formed. */
export function checkCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('check', terminal)
    .summary('check rule files')
    .description('Checks rules and shows every problem with its place and how to mend it.')
    .argument('<path...>', 'rule files, or folders of *.rules, *.yaml and *.yml')
    .addOption(new Option('-f, --format <format>', 'how to report').choices(['pretty', 'json']).default('pretty'))
    .action(async (paths: readonly string[], options: { readonly format: Format }) => {
      finish(await check(paths, options.format, terminal))
    })
  withExamples(command, terminal, [
    ['check all rules of a folder', 'betrace check rules/'],
    ['list the problems for a program', 'betrace check --format json rules/payments.rules'],
  ])
  return command.addHelpText('after', '\nExit code: 0 no problems, 1 problems, 2 nothing could be checked.')
}

async function check(paths: readonly string[], format: Format, terminal: Terminal): Promise<ExitCode> {
  const files = await readRuleFiles(paths)
  const { ruleCount, problems } = checkRules(files)
  if (format === 'json') {
    await write(terminal.stdout, `${JSON.stringify({ rules: ruleCount, problems: problems.map(asJson) })}\n`)
  } else {
    await writeProblems(problems, files, terminal.stdout)
    await write(terminal.stdout, summary(ruleCount, files.length, problems.length, terminal))
  }
  return problems.length === 0 ? 0 : 1
}

function asJson({ file, range, code, message, hint }: RuleProblem) {
  return { file, line: range.start.line, column: range.start.column, code, message, hint: hint ?? '' }
}

function summary(ruleCount: number, fileCount: number, problemCount: number, terminal: Terminal): string {
  const checked = `${counted(ruleCount, 'rule')} in ${counted(fileCount, 'file')}`
  if (problemCount === 0) return `${paint(terminal.stdout, 'green', '✓')} ${checked}: no problems\n`
  return `${paint(terminal.stdout, 'red', '✗')} ${checked}: ${counted(problemCount, 'problem')}\n`
}
