import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { planLocalReplay, replayLocally } from '../local/replay/replay.ts'
import { estimateReplay } from '../shared/replay/estimate.ts'
import type { ReplayPlan } from '../shared/replay/plan.ts'
import { parseRange, type ReplayRange } from '../shared/replay/range.ts'
import { counted, percent } from '../shared/text/numbers.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { existingArchive } from './existing-data.ts'
import { loadRules, namedRules } from './load-rules.ts'
import { createProgress } from './progress.ts'
import { bar, exitCodeOf, type ReplayFormat, showReport, writeSize } from './replay-output.ts'
import { type ExitCode, type Terminal, write } from './terminal.ts'

interface ReplayOptions {
  readonly from?: string
  readonly to: string
  readonly rules: readonly string[]
  readonly rule?: readonly string[]
  readonly data: string
  readonly format: ReplayFormat
  readonly limit?: number
  readonly dryRun?: true
  readonly stack?: string
  readonly publish?: true
  readonly run?: string
}

/** Violations of each rule that are listed unless told; a program gets all of them. */
const LISTED: Readonly<Record<ReplayFormat, number>> = { pretty: 3, json: 10, jsonl: 100_000 }

/** `betrace replay`: judges archived traces by any rule. */
export function replayCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('replay', terminal)
    .summary('judge archived traces by any rule')
    .description('Judges the traces of a time range again, by the rules of today: what would they have found?')
  for (const option of replayOptions()) command.addOption(option)
  command.action(async (options: ReplayOptions) => {
    const ownRules = command.getOptionValueSource('rules') !== 'default'
    finish(await (options.stack === undefined ? replay(options, terminal) : onStack(options, ownRules, terminal)))
  })
  withExamples(command, terminal, [
    ['a new rule over the last 29 days', 'betrace replay --from -29d --rules retries.rules'],
    ['one rule of ./rules over a day', 'betrace replay --from 2025-10-01 --to 2025-10-02 --rule RETRY_LIMIT_EXCEEDED'],
    ['how much there is to look at', 'betrace replay --from -29d --dry-run'],
    ['what a deployed stack archived, by its rules in force', 'betrace replay --stack betrace-main --from -29d'],
    ['the traces, for another program', 'betrace replay --from -1h --format jsonl | jq -r .traceId'],
  ])
  return command.addHelpText(
    'after',
    '\nWith --stack: the rules in force unless --rules brings others; the archive is read there, by as many workers as it takes.\nTimes are ISO 8601 (UTC unless they name a zone), -90m, -6h, -29d, or now; traces count by their start.\nExit code: 0 no violations, 1 violations, 2 bad input, or something could not be read (the rest is judged), 130 stopped by Ctrl-C.',
  )
}

function replayOptions(): readonly Option[] {
  return [
    new Option('--from <time>', 'start of the range'),
    new Option('--to <time>', 'end of the range, not part of it').default('now'),
    new Option('-r, --rules <path...>', 'rule files, or folders of them')
      .env('BETRACE_RULES')
      .default(['rules'], 'rules'),
    new Option('--rule <name...>', 'only rules of these names'),
    new Option('-d, --data <folder>', 'where everything is kept').env('BETRACE_DATA').default('.betrace'),
    new Option('-f, --format <format>', 'report for people, as JSON, or a line a violation')
      .choices(['pretty', 'json', 'jsonl'])
      .default('pretty'),
    new Option('-n, --limit <count>', 'violations of each rule to list with their evidence').argParser(parseCount),
    new Option('--dry-run', 'say how much there is to look at, and stop'),
    new Option('-s, --stack <name>', 'the archive of this deployed stack, in place of a folder').conflicts('data'),
    new Option('--publish', 'with --stack: send each violation as a signal of mode replay'),
    new Option('--run <id>', 'with --stack: watch a replay that was started before'),
  ]
}

async function onStack(options: ReplayOptions, ownRules: boolean, terminal: Terminal): Promise<ExitCode> {
  const { from, to, stack = '', format, limit = LISTED[format], run, rule: names } = options
  if (run === undefined) requireFrom(from)
  const { replayOnStack } = await import('./stack/replay.ts')
  const rulePaths = ownRules ? options.rules : undefined
  const flags = { publish: options.publish === true, dryRun: options.dryRun === true }
  return replayOnStack(
    { stack, ...(from !== undefined && { from }), to, rulePaths, names, ...flags, limit, format, run },
    terminal,
  )
}

function requireFrom(from: string | undefined): string {
  if (from !== undefined) return from
  throw new CommandError("required option '--from <time>' not specified", 'such as --from -29d')
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number up to 999999.')
  return Number(text)
}

async function replay(options: ReplayOptions, terminal: Terminal): Promise<ExitCode> {
  const startedMs = performance.now()
  for (const option of ['publish', 'run'] as const) {
    if (options[option] !== undefined) throw new CommandError(`--${option} needs --stack`, 'name the deployed stack')
  }
  const range = parseRange(requireFrom(options.from), options.to, Date.now())
  const folder = await existingArchive(options.data)
  if (options.dryRun === true) return describePlan(await planLocalReplay(folder, range), range, terminal)
  const loaded = await loadRules(options.rules, terminal)
  const rules = namedRules(loaded.rules, options.rule)
  const plan = await planLocalReplay(folder, range)
  const signal = terminal.interrupted()
  const progress = createProgress(terminal.stderr, () => performance.now())
  const sampleLimit = options.limit ?? LISTED[options.format]
  try {
    const report = await replayLocally({
      folder,
      rules,
      range,
      sampleLimit,
      plan,
      signal,
      onProgress: (done, { traces }) =>
        progress.show(
          `${bar(done, plan.items.length)}${percent(done, plan.items.length)}, ${counted(traces, 'trace')}`,
        ),
    })
    progress.clear()
    await showReport(report, options.format, (performance.now() - startedMs) / 1000, terminal)
    return exitCodeOf(report, loaded.problemCount === 0)
  } catch (error) {
    progress.clear()
    if (!signal.aborted) throw error
    await write(terminal.stderr, 'stopped before the end: nothing is reported\n')
    return 130
  }
}

function describePlan(plan: ReplayPlan, range: ReplayRange, terminal: Terminal): Promise<ExitCode> {
  return writeSize({ ...range, ...plan, ...estimateReplay(plan, availableParallelism()) }, terminal)
}
