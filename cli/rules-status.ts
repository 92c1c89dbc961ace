import { type Command, Option } from 'commander'
import type { ObjectStore } from '../shared/archive/object-store.ts'
import type { RuleStates } from '../shared/pipeline/rule-state.ts'
import { parseRange } from '../shared/replay/range.ts'
import { hourJudge, NO_BUDGET } from '../shared/replay/states/judge-hour.ts'
import { type HourRead, readHours, wholeHours } from '../shared/replay/states/read-hours.ts'
import { ruleStatesOver } from '../shared/replay/states/rule-states.ts'
import type { CheckedRule } from '../shared/rules/ast.ts'
import { percent } from '../shared/text/numbers.ts'
import { ruleStateLines } from '../shared/text/rule-states-text.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { requireData } from './existing-data.ts'
import { folderArchive, rulesOf, stackArchive } from './experiments/archives.ts'
import { namedRules } from './load-rules.ts'
import { repeatable } from './option-values.ts'
import { createProgress } from './progress.ts'
import { bar } from './replay-output.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'

interface StatusOptions {
  readonly from: string
  readonly to: string
  readonly data: string
  readonly stack?: string
  readonly rules?: readonly string[]
  /** They were given now, and do not come from an environment meant for a server. */
  readonly ownRules: boolean
  readonly rule?: readonly string[]
  readonly format: 'pretty' | 'json' | 'jsonl'
}

/** `betrace rules status`: which rules have something to say, and which are blind. */
export function statusCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('status', terminal)
    .summary('say which rules held, broke, are blind or were never exercised')
    .description(
      'For each rule its state over whole hours: VIOLATED, INCONCLUSIVE, BLIND (an attribute it needs was on none of the ' +
        'spans it was asked of), HELD or NOT EXERCISED, with the last trace that exercised it and its violations each hour.',
    )
    .addOption(new Option('--from <time>', 'start of the range: ISO 8601, -30m, -6h, -7d').default('-24h'))
    .addOption(new Option('--to <time>', 'end of the range').default('now'))
    .addOption(
      new Option('-d, --data <folder>', 'where the server keeps everything').env('BETRACE_DATA').default('.betrace'),
    )
    .addOption(new Option('-s, --stack <name>', 'a deployed stack, in place of a folder').conflicts('data'))
    .addOption(
      new Option('-r, --rules <path...>', 'rule files, or folders of them, instead of the rules in force').env(
        'BETRACE_RULES',
      ),
    )
    .addOption(
      new Option('--rule <name>', 'only this rule; may be repeated').argParser(repeatable((name: string) => name)),
    )
    .addOption(
      new Option('-f, --format <format>', 'a table, one JSON object, or a line of JSON a rule')
        .choices(['pretty', 'json', 'jsonl'])
        .default('pretty'),
    )
  command.action(async (options: Omit<StatusOptions, 'ownRules'>) => {
    const ownRules = command.getOptionValueSource('rules') === 'cli'
    finish(await status({ ...options, ownRules }, terminal))
  })
  withExamples(command, terminal, [
    ['the rules in force over the last day', 'betrace rules status'],
    ['those of a deployed stack over a week', 'betrace rules status --stack betrace-main --from -7d'],
    [
      'rules that proved nothing',
      `betrace rules status --format jsonl | jq -r 'select(.state | IN("blind", "not-exercised")) | .rule'`,
    ],
  ])
  return command.addHelpText(
    'after',
    '\nClosed hours come from summaries that the server or stack makes each hour; the running hour, and rules that have\n' +
      'changed since, are judged from the archive now. Traces count by their start.\n' +
      'Exit code: 0 shown, whatever the states; 2 bad input, or something could not be read (the rest is shown), 130 stopped by Ctrl-C.',
  )
}

async function status(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  const nowMs = Date.now()
  const range = wholeHours(parseRange(options.from, options.to, nowMs))
  const { store, rules, keptBack } = await subjectOf(options, terminal)
  const chosen = namedRules(rules, options.rule)
  if (chosen.length === 0) throw new CommandError('there are no rules', 'name rule files or folders with --rules')
  const stop = terminal.interrupted()
  const hours = await hoursOf(store, range, chosen, stop, terminal)
  if (stop.aborted) {
    await write(terminal.stderr, 'stopped before the end: nothing is reported\n')
    return 130
  }
  const states = ruleStatesOver(range, chosen, new Set(keptBack), hours)
  await write(terminal.stdout, report(states, options.format, nowMs, terminal))
  return states.failures.length > 0 ? 2 : 0
}

async function hoursOf(
  store: ObjectStore,
  range: ReturnType<typeof wholeHours>,
  rules: readonly CheckedRule[],
  stop: AbortSignal,
  terminal: Terminal,
): Promise<readonly HourRead[]> {
  const hasTime = () => !stop.aborted
  const judge = hourJudge(store, range, { ...NO_BUDGET, hasTime })
  const progress = createProgress(terminal.stderr, () => performance.now())
  const onProgress = (done: number, all: number) =>
    progress.show(`${bar(done, all)}${percent(done, all)}, ${done} of ${all} hours`)
  const hours: HourRead[] = []
  try {
    for await (const hour of readHours({ store, range, rules, judge, hasTime, onProgress })) hours.push(hour)
  } finally {
    progress.clear()
  }
  return hours
}

interface Subject {
  readonly store: ObjectStore
  readonly rules: readonly CheckedRule[]
  readonly keptBack: readonly string[]
}

/** The archive to read, and the rules in force there unless others were given. */
async function subjectOf(options: StatusOptions, terminal: Terminal): Promise<Subject> {
  const given = options.ownRules ? options.rules : undefined
  if (options.stack !== undefined) {
    const { store, rulesInForce } = await stackArchive(options.stack)
    return { store, rules: given === undefined ? await rulesInForce() : await rulesOf(given, terminal), keptBack: [] }
  }
  await requireData(options.data)
  const { store } = await folderArchive(options.data, terminal)
  if (given !== undefined) return { store, rules: await rulesOf(given, terminal), keptBack: [] }
  const { rules, keptBack = [] } = await inForce(options.data)
  return rules.length > 0
    ? { store, rules, keptBack }
    : { store, rules: await rulesOf(options.rules ?? ['rules'], terminal), keptBack: [] }
}

/** The rules that the server of the data folder judges by, or did when it last ran. */
async function inForce(dataFolder: string) {
  const { readRulesInForce } = await import('../local/rules/rules-in-force-file.ts')
  try {
    return await readRulesInForce(dataFolder)
  } catch (error) {
    const message = `the rules in force in ${dataFolder} cannot be read: ${(error as Error).message}`
    throw new CommandError(message, 'name rule files or folders with --rules')
  }
}

function report(states: RuleStates, format: StatusOptions['format'], nowMs: number, { stdout }: Terminal): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(states, null, 2)}\n`
    case 'jsonl':
      return states.rules.map((rule) => `${JSON.stringify(rule)}\n`).join('')
    case 'pretty':
      return `${ruleStateLines(states, nowMs, (style, text) => paint(stdout, style, text)).join('\n')}\n`
  }
}
