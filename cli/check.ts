import { type Command, Option } from 'commander'
import type { Catalogue } from '../shared/catalogue/catalogue.ts'
import { checkRules } from '../shared/rules/check/check.ts'
import { lintRules } from '../shared/rules/lint/lint.ts'
import type { RuleWarning } from '../shared/rules/lint/warning.ts'
import type { RuleProblem } from '../shared/rules/problem.ts'
import { countIn } from '../shared/rules/read/listing.ts'
import { counted } from '../shared/text/numbers.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { writeProblems, writeWarnings } from './load-rules.ts'
import { repeatable } from './option-values.ts'
import type { SampleSource } from './read-sample.ts'
import { readRuleFiles } from './rule-files.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'

type Format = 'pretty' | 'json'

interface CheckOptions {
  readonly format: Format
  readonly against?: readonly string[]
  readonly stack?: string
  readonly strict?: true
}

/** `betrace check`: says whether rules are well formed, and what in them may be a mistake. */
export function checkCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('check', terminal)
    .summary('check rule files')
    .description('Checks rules and shows every problem with its place and how to fix it, and warns of likely mistakes.')
    .argument('<path...>', 'rule files, or folders of *.rules, *.yaml and *.yml')
    .addOption(new Option('-f, --format <format>', 'how to report').choices(['pretty', 'json']).default('pretty'))
    .addOption(
      new Option(
        '--against <path>',
        'recorded traces, or a data folder: warn where rules do not fit their spans; may be repeated',
      ).argParser(repeatable((text) => text)),
    )
    .addOption(new Option('-s, --stack <name>', 'the same against the archive of this deployed stack'))
    .option('--strict', 'exit with 1 for warnings too')
    .action(async (paths: readonly string[], options: CheckOptions) => {
      finish(await check(paths, options, terminal))
    })
  withExamples(command, terminal, [
    ['check all rules of a folder', 'betrace check rules/'],
    ['find misspelt names', 'betrace check rules/ --against traces.jsonl.gz'],
    ['hold rules against what a server saw in the last day', 'betrace check rules/ --against .betrace'],
    ['list the problems for a program', 'betrace check --format json rules/payments.rules'],
  ])
  return command.addHelpText(
    'after',
    '\nOf a data folder or a stack the last 24 hours count, or the last 24 that have spans; stderr says which.\nWhat each warning means: docs/warnings.md\nExit code: 0 no problems, 1 problems, 2 nothing could be checked.',
  )
}

async function check(paths: readonly string[], options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  const { format, against, stack, strict } = options
  const files = await readRuleFiles(paths)
  const { rules, ruleCount, ...found } = checkRules(files)
  const problems = { items: found.problems, more: found.more }
  const isSampled = against !== undefined || stack !== undefined
  const sample = isSampled ? await sampleIn({ paths: against ?? [], stack }, terminal) : undefined
  const warnings = lintRules(rules, sample)
  if (format === 'json') {
    const report = {
      rules: ruleCount,
      problems: problems.items.map(asJson),
      warnings: warnings.items.map(asJson),
      problemCount: countIn(problems),
      warningCount: countIn(warnings),
    }
    await write(terminal.stdout, `${JSON.stringify(report)}\n`)
  } else {
    await writeProblems(problems, files, terminal.stdout)
    await writeWarnings(warnings, files, terminal.stdout)
    await write(terminal.stdout, summary(ruleCount, files.length, countIn(problems), countIn(warnings), terminal))
  }
  return countIn(problems) > 0 || (strict === true && countIn(warnings) > 0) ? 1 : 0
}

/** Loads what reads traces only where a sample is asked for: that would be a third of the time to start. */
async function sampleIn(source: SampleSource, terminal: Terminal): Promise<Catalogue> {
  const { readSample } = await import('./read-sample.ts')
  return readSample(source, terminal)
}

function asJson({ file, range, code, message, hint }: RuleProblem | RuleWarning) {
  return { file, line: range.start.line, column: range.start.column, code, message, hint: hint ?? '' }
}

function summary(
  ruleCount: number,
  fileCount: number,
  problemCount: number,
  warningCount: number,
  terminal: Terminal,
): string {
  const checked = `${counted(ruleCount, 'rule')} in ${counted(fileCount, 'file')}`
  const warned = warningCount === 0 ? '' : `, ${counted(warningCount, 'warning')}`
  if (problemCount === 0) return `${paint(terminal.stdout, 'green', '✓')} ${checked}: no problems${warned}\n`
  return `${paint(terminal.stdout, 'red', '✗')} ${checked}: ${counted(problemCount, 'problem')}${warned}\n`
}
