import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { archiveFolder } from '../local/archive/parquet-archive.ts'
import { planLocalReplay, replayLocally } from '../local/replay/replay.ts'
import { estimateReplay } from '../shared/replay/estimate.ts'
import type { ReplayPlan } from '../shared/replay/plan.ts'
import { parseRange, type ReplayRange } from '../shared/replay/range.ts'
import type { ReplayReport } from '../shared/replay/report.ts'
import type { CheckedRule } from '../shared/rules/ast.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { loadRules } from './load-rules.ts'
import { createProgress } from './progress.ts'
import { replayText } from './replay-text.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'
import { counted, grouped, percent } from './text.ts'

type Format = 'pretty' | 'json' | 'jsonl'

interface ReplayOptions {
  readonly from: string
  readonly to: string
  readonly rules: readonly string[]
  readonly rule?: readonly string[]
  readonly data: string
  readonly format: Format
  readonly limit?: number
  readonly dryRun?: true
}

/** Violations of each rule that are listed unless told; a program gets all of them. */
const LISTED: Readonly<Record<Format, number>> = { pretty: 3, json: 10, jsonl: 100_000 }

/** `betrace replay`: judges archived traces by any rule. */
export function replayCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('replay', terminal)
    .summary('judge archived traces by any rule')
    .description('Judges the traces of a time range again, by the rules of today: what would they have found?')
  for (const option of replayOptions()) command.addOption(option)
  command.action(async (options: ReplayOptions) => {
    finish(await replay(options, terminal))
  })
  withExamples(command, terminal, [
    ['a new rule over the last 29 days', 'betrace replay --from -29d --rules retries.rules'],
    ['one rule of ./rules over a day', 'betrace replay --from 2025-10-01 --to 2025-10-02 --rule RETRY_LIMIT_EXCEEDED'],
    ['how much there is to look at', 'betrace replay --from -29d --dry-run'],
    ['the traces, for another program', 'betrace replay --from -1h --format jsonl | jq -r .traceId'],
  ])
  return command.addHelpText(
    'after',
    '\nTimes are ISO 8601 (UTC unless they name a zone), -90m, -6h, -29d, or now; traces count by their start.\nExit code: 0 no violations, 1 violations, 2 bad input, or something could not be read (the rest is judged).',
  )
}

function replayOptions(): readonly Option[] {
  return [
    new Option('--from <time>', 'start of the range').makeOptionMandatory(),
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
  ]
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number up to 999999.')
  return Number(text)
}

async function replay(options: ReplayOptions, terminal: Terminal): Promise<ExitCode> {
  const startedMs = performance.now()
  const signal = terminal.interrupted()
  const range = parseRange(options.from, options.to, Date.now())
  const folder = archiveFolder(options.data)
  if (options.dryRun === true) return describePlan(await planLocalReplay(folder, range), range, terminal)
  const loaded = await loadRules(options.rules, terminal)
  const rules = namedRules(loaded.rules, options.rule)
  const plan = await planLocalReplay(folder, range)
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
    await writeReport(report, options.format, terminal)
    await write(terminal.stderr, summary(report, (performance.now() - startedMs) / 1000))
    return exitCode(report, loaded.problemCount)
  } catch (error) {
    progress.clear()
    if (!signal.aborted) throw error
    await write(terminal.stderr, 'stopped before the end: nothing is reported\n')
    return 2
  }
}

function namedRules(rules: readonly CheckedRule[], names: readonly string[] | undefined): readonly CheckedRule[] {
  if (names === undefined) return rules
  return names.map((name) => {
    const rule = rules.find((candidate) => candidate.name === name)
    if (rule !== undefined) return rule
    throw new CommandError(`no rule is named ${name}`, `the rules are ${rules.map((each) => each.name).join(', ')}`)
  })
}

async function describePlan(plan: ReplayPlan, range: ReplayRange, terminal: Terminal): Promise<ExitCode> {
  const { spans, seconds } = estimateReplay(plan, availableParallelism())
  const size = `${counted(plan.objects, 'object')} with ${megabytes(plan.bytes)}`
  const from = new Date(range.fromMs).toISOString()
  const to = new Date(range.toMs).toISOString()
  const about = `about ${grouped(spans)} spans, ${seconds < 1 ? 'under a second' : `about ${Math.ceil(seconds)} s`}`
  await write(terminal.stdout, `${from} to ${to}: ${size}, ${about}\n`)
  return 0
}

async function writeReport(report: ReplayReport, format: Format, terminal: Terminal): Promise<void> {
  for (const { key, reason } of report.failures) {
    terminal.stderr.write(`${paint(terminal.stderr, 'red', 'betrace:')} ${key}: ${reason}\n`)
  }
  if (format === 'json') await write(terminal.stdout, `${JSON.stringify(report, null, 2)}\n`)
  else if (format === 'pretty') await write(terminal.stdout, replayText(report, terminal.stdout))
  else for (const line of violationLines(report)) await write(terminal.stdout, line)
}

function violationLines({ rules }: ReplayReport): readonly string[] {
  return rules.flatMap(({ samples }) => samples.map((sample) => `${JSON.stringify(sample)}\n`))
}

function summary(report: ReplayReport, seconds: number): string {
  const { objects, rules, traces } = report
  const violated = rules.reduce((sum, rule) => sum + rule.violated, 0)
  const spans = objects.spansScanned + objects.spansSkipped
  const read = `${megabytes(objects.bytesScanned)} of ${megabytes(objects.bytesScanned + objects.bytesSkipped)} read`
  const judged = `${counted(rules.length, 'rule')} on ${counted(traces, 'trace')}, ${counted(spans, 'span')}`
  const through = report.archivedThrough === null ? 'nothing archived' : `archived through ${report.archivedThrough}`
  return `${counted(violated, 'violation')}: ${judged} (${read}, ${through}) in ${seconds.toFixed(1)} s\n`
}

function exitCode({ failures, rules }: ReplayReport, problemCount: number): ExitCode {
  if (failures.length > 0 || problemCount > 0) return 2
  return rules.some(({ violated }) => violated > 0) ? 1 : 0
}

const BAR_CELLS = 24

function bar(done: number, all: number): string {
  const full = all === 0 ? BAR_CELLS : Math.floor((BAR_CELLS * done) / all)
  return `replaying ${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
