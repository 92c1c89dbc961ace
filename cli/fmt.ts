import type { Command } from 'commander'
import { type InputFile, writeText } from '../local/files/input-file.ts'
import type { RuleFile } from '../shared/rules/check/check.ts'
import { formatRules } from '../shared/rules/format/format.ts'
import type { TextProblem } from '../shared/rules/problem.ts'
import { closed, list, newListing } from '../shared/rules/read/listing.ts'
import { counted } from '../shared/text/numbers.ts'
import type { PlacedProblem } from '../shared/text/problem-text.ts'
import { visible, visibleLines } from '../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { writeProblems } from './load-rules.ts'
import { findRuleFiles, readPiped, readTextFiles } from './rule-files.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'

const EXIT_CODES =
  '\nExit code: 0 all is formatted, 1 with --check: something is not, 2 a file has problems and was left as it is.'

/** `betrace fmt`: lays out rule files in the one canonical way. */
export function fmtCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('fmt', terminal)
    .summary('format rule files')
    .description('Formats rules in place: only white space changes, comments and meaning stay.')
    .argument('<path...>', 'rule files, or folders of *.rules, *.yaml and *.yml; - reads and writes rule text')
    .option('-c, --check', 'change nothing, list the files that would change', false)
    .action(async (paths: readonly string[], options: { readonly check: boolean }) => {
      const isPipe = paths.length === 1 && paths[0] === '-'
      finish(isPipe ? await formatPipe(options.check, terminal) : await formatFiles(paths, options.check, terminal))
    })
  withExamples(command, terminal, [
    ['format all rules of a folder', 'betrace fmt rules/'],
    ['fail in CI where something is not formatted', 'betrace fmt --check rules/'],
    ['format from an editor', 'betrace fmt - < payments.rules'],
  ])
  return command.addHelpText(
    'after',
    `\nOf YAML packs, conditions written as blocks (condition: |) change.${EXIT_CODES}`,
  )
}

async function formatPipe(check: boolean, terminal: Terminal): Promise<ExitCode> {
  const file = await readPiped('<stdin>', () => terminal.stdin as AsyncIterable<Uint8Array>)
  const formatted = formatRules(file.file, file.text)
  if ('problems' in formatted) {
    const problems = newListing<PlacedProblem>()
    list(problems, file.file, placedIn(file, formatted.problems), formatted.problems.length)
    await writeProblems(closed(problems), [file], terminal.stderr)
    return 2
  }
  if (!check) await writeUnchanged(formatted.text, terminal)
  return check && formatted.text !== file.text ? 1 : 0
}

/** An editor takes the text in place of its own, so that a text that would be escaped on its way is not given at all. */
async function writeUnchanged(text: string, terminal: Terminal): Promise<void> {
  const shown = visibleLines(text)
  if (shown === text) return write(terminal.stdout, text)
  const lines = shown.split('\n')
  const number = text.split('\n').findIndex((line, index) => line !== lines[index]) + 1
  throw new CommandError(
    `line ${number} of the formatted text holds characters that no screen shows: ${lines[number - 1]?.trim()}`,
    'take them out, or format the file by its name',
  )
}

async function formatFiles(paths: readonly string[], check: boolean, terminal: Terminal): Promise<ExitCode> {
  const inputs = await findRuleFiles(paths)
  const files = await readTextFiles(inputs)
  const problems = newListing<PlacedProblem>()
  let refused = 0
  let changed = 0
  for (const [index, file] of files.entries()) {
    const formatted = formatRules(file.file, file.text)
    if ('problems' in formatted) {
      list(problems, file.file, placedIn(file, formatted.problems), formatted.problems.length)
      refused++
    } else if (formatted.text !== file.text) {
      if (!check) await save(inputs[index] as InputFile, formatted.text)
      await write(terminal.stdout, `${check ? 'not formatted' : 'formatted'}: ${visible(file.file)}\n`)
      changed++
    }
  }
  await writeProblems(closed(problems), files, terminal.stderr)
  await write(terminal.stderr, summary({ files: files.length, changed, refused, check }, terminal))
  if (refused > 0) return 2
  return check && changed > 0 ? 1 : 0
}

function placedIn({ file }: RuleFile, problems: readonly TextProblem[]): readonly PlacedProblem[] {
  return problems.map((problem) => ({ ...problem, file }))
}

async function save(input: InputFile, text: string): Promise<void> {
  await writeText(input, text).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`cannot write ${input.file}: ${error.message}`)
  })
}

interface Counts {
  readonly files: number
  readonly changed: number
  readonly refused: number
  readonly check: boolean
}

function summary({ files, changed, refused, check }: Counts, { stderr }: Terminal): string {
  const isGood = refused === 0 && !(check && changed > 0)
  const sign = isGood ? paint(stderr, 'green', '✓') : paint(stderr, 'red', '✗')
  const parts = [
    counted(files, 'file'),
    ...(changed > 0 ? [`${changed} ${check ? 'not formatted' : 'changed'}`] : []),
    ...(refused > 0 ? [`${refused} with problems left unchanged`] : []),
    ...(changed === 0 && refused === 0 ? ['all formatted'] : []),
  ]
  return `${sign} ${parts.join(', ')}\n`
}
