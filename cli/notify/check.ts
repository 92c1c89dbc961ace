import { type Command, Option } from 'commander'
import type { Reached } from '../../shared/incidents/routing/routes.ts'
import { reachOfRule, unreachableRoutes } from '../../shared/incidents/routing/rule-reach.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { checkRules, type RuleFile } from '../../shared/rules/check/check.ts'
import { countIn, type Listing, NO_MORE } from '../../shared/rules/read/listing.ts'
import { counted } from '../../shared/text/numbers.ts'
import type { PlacedProblem } from '../../shared/text/problem-text.ts'
import { visible } from '../../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { writeProblems, writeWarnings } from '../load-rules.ts'
import { repeatable } from '../option-values.ts'
import { readRuleFiles } from '../rule-files.ts'
import { notifyStack } from '../stack/notify-stack.ts'
import { type ExitCode, paint, type Terminal, write } from '../terminal.ts'
import { type Looking, NOWHERE, onThisMachine, placedProblems, type ReadNotify, readNotify } from './read-file.ts'

interface CheckOptions {
  readonly rules?: readonly string[]
  readonly values: boolean
  readonly stack?: string
  readonly strict?: true
  readonly format: 'pretty' | 'json'
}

/** `betrace notify check`: says whether a file of receivers is well formed, and lists the receivers of each rule. */
export function notifyCheckCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('check', terminal)
    .summary('check the file, and list the receivers of each rule')
    .description(
      'Checks a file of receivers, routes and mutes and shows every problem with its place and how to fix it; with --rules ' +
        'also routes that no rule takes, rules that reach nobody, and a table of rules and receivers.',
    )
    .argument('[file]', 'the file', 'notify.yaml')
    .addOption(
      new Option('-r, --rules <path>', 'rule files, or folders of them; may be repeated').argParser(
        repeatable((path) => path),
      ),
    )
    .option('--no-values', 'look up no values, on a machine that has neither the variables nor the files')
    .option('-s, --stack <name>', 'look values up in the secret of this deployed stack')
    .option('--strict', 'exit with 1 for warnings too')
    .addOption(new Option('-f, --format <format>', 'how to report').choices(['pretty', 'json']).default('pretty'))
    .action(async (file: string, options: CheckOptions) => {
      finish(await check(file, options, terminal))
    })
  withExamples(command, terminal, [
    ['check notify.yaml where the server will run', 'betrace notify check'],
    ['list the receivers of each rule', 'betrace notify check --rules rules/ notify.yaml'],
    ['with the values of a deployed stack', 'betrace notify check --stack betrace-main'],
    ['in CI, which has no secrets', 'betrace notify check --no-values --strict --rules rules/'],
  ])
  return command.addHelpText(
    'after',
    '\nThe settings of a receiver that refers to values are checked only with these values.\nExit code: 0 no problems, 1 problems, 2 nothing could be checked.',
  )
}

async function check(file: string, options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  const read = await readNotify(file, await lookingOf(options))
  const files = options.rules === undefined ? [] : await readRuleFiles(options.rules)
  const checked = checkRules(files)
  const rules = checked.rules.filter(({ metadata }) => metadata.mode === 'live')
  const found = {
    problems: { items: [...placedProblems(read), ...checked.problems], more: checked.more },
    warnings: { items: warningsOf(read, rules), more: NO_MORE },
    reach: read.problems.length === 0 ? reachesOf(read, rules) : [],
  }
  const report = options.format === 'json' ? writeJson : writePretty
  await report(read, { ...found, files: [{ file, text: read.text }, ...files] }, terminal)
  const isWarned = options.strict === true && found.warnings.items.length > 0
  return countIn(found.problems) > 0 || isWarned ? 1 : 0
}

async function lookingOf({ values, stack }: CheckOptions): Promise<Looking> {
  if (!values) return NOWHERE
  return stack === undefined ? onThisMachine() : notifyStack({ stack })
}

interface RuleReach {
  readonly rule: CheckedRule
  readonly reached: readonly Reached[]
}

interface Found {
  readonly problems: Listing<PlacedProblem>
  readonly warnings: Listing<PlacedProblem>
  readonly reach: readonly RuleReach[]
  readonly files: readonly RuleFile[]
}

function reachesOf({ parts }: ReadNotify, rules: readonly CheckedRule[]): readonly RuleReach[] {
  return parts === undefined ? [] : rules.map((rule) => ({ rule, reached: reachOfRule(parts, rule) }))
}

/** What the file's own warnings do not know: how it fits the rules. */
function warningsOf(read: ReadNotify, rules: readonly CheckedRule[]): readonly PlacedProblem[] {
  const { file, parts, problems, warnings } = read
  const own = warnings.map((warning) => ({ ...warning, file }))
  if (rules.length === 0 || parts === undefined || problems.length > 0) return own
  const unreachable = unreachableRoutes(parts, rules).map(({ range }) => {
    const hint = 'correct what it asks for, or remove it'
    return { code: 'unreachable-route', message: 'no rule can take this route', hint, range, file }
  })
  const unheard = reachesOf(read, rules).flatMap(({ rule, reached }) => {
    const hint = `add a route that takes it to ${file}, or - { otherwise: true, to: … }`
    const problem = { code: 'reaches-nobody', hint, range: rule.nameRange, file: rule.file }
    return reached.length > 0 ? [] : [{ ...problem, message: `nobody is notified of ${rule.name}` }]
  })
  const inFile = [...own, ...unreachable].toSorted((one, other) => one.range.start.offset - other.range.start.offset)
  return [...inFile, ...unheard]
}

async function writeJson(read: ReadNotify, { problems, warnings, reach }: Found, { stdout }: Terminal): Promise<void> {
  const report = {
    ...countsOf(read),
    problems: problems.items.map(asJson),
    warnings: warnings.items.map(asJson),
    rules: reach.map(({ rule: { name, severity }, reached }) => {
      return {
        rule: name,
        severity,
        receivers: reached.map(({ receiver: to, isCertain: certain }) => ({ name: to, certain })),
      }
    }),
    problemCount: countIn(problems),
    warningCount: countIn(warnings),
  }
  await write(stdout, `${JSON.stringify(report)}\n`)
}

function asJson({ file, range, code, message, hint }: PlacedProblem) {
  return { file, line: range.start.line, column: range.start.column, code, message, hint: hint ?? '' }
}

function countsOf({ parts }: ReadNotify) {
  const { receiverNames = [], routes = [], mutes = [] } = parts ?? {}
  return { receivers: receiverNames.length, routes: routes.length, mutes: mutes.length }
}

async function writePretty(read: ReadNotify, found: Found, { stdout }: Terminal): Promise<void> {
  await writeProblems(found.problems, found.files, stdout)
  await writeWarnings(found.warnings, found.files, stdout)
  if (found.reach.length > 0) await write(stdout, `${tableOf(found.reach)}\n\n`)
  const { receivers, routes, mutes } = countsOf(read)
  const parts = `${counted(receivers, 'receiver')}, ${counted(routes, 'route')}, ${counted(mutes, 'mute')}: `
  const counts = read.parts === undefined ? '' : parts
  const problems = countIn(found.problems)
  const warnings = countIn(found.warnings)
  const warned = warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`
  const mark = problems === 0 ? paint(stdout, 'green', '✓') : paint(stdout, 'red', '✗')
  const outcome = problems === 0 ? `no problems${warned}` : `${counted(problems, 'problem')}${warned}`
  await write(stdout, `${mark} ${visible(read.file)}: ${counts}${outcome}\n`)
}

/** A line a rule: its severity and its receivers, those that depend on where it is broken behind `perhaps`. */
function tableOf(reach: readonly RuleReach[]): string {
  const lines = [
    ['rule', 'severity', 'receivers'],
    ...reach.map(({ rule: { name, severity }, reached }) => [name, severity, receiversText(reached)]),
  ]
  const widths = [0, 1].map((column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function receiversText(reached: readonly Reached[]): string {
  if (reached.length === 0) return 'nobody'
  const certain = reached.filter(({ isCertain }) => isCertain).map(({ receiver }) => receiver)
  const perhaps = reached.filter(({ isCertain }) => !isCertain).map(({ receiver }) => receiver)
  return [certain.join(', '), perhaps.length === 0 ? '' : `perhaps ${perhaps.join(', ')}`]
    .filter((part) => part !== '')
    .join('; ')
}
