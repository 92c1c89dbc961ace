import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { experimentError } from '../shared/experiments/errors.ts'
import { replayOf } from '../shared/experiments/replay-store.ts'
import { giveExperimentVerdict, VERDICT_SAMPLES } from '../shared/experiments/verdict.ts'
import type { ExperimentVerdict } from '../shared/pipeline/experiment-verdict.ts'
import { estimateReplay } from '../shared/replay/estimate.ts'
import { planReplay } from '../shared/replay/plan.ts'
import { parseRange, parseTime, type ReplayRange } from '../shared/replay/range.ts'
import type { CheckedRule } from '../shared/rules/ast.ts'
import { counted } from '../shared/text/numbers.ts'
import { type ApiChoice, apiOptions, openApi, readExperiment } from './api-client.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { folderArchive, rulesOf, stackArchive } from './experiments/archives.ts'
import { VERDICT_FORMATS, type VerdictFormat, verdictReport } from './experiments/verdict-report.ts'
import { namedRules } from './load-rules.ts'
import { parseDurationMs, parseTolerance, repeatable } from './option-values.ts'
import { type ExitCode, type Terminal, write, writeMarkdown } from './terminal.ts'

interface VerifyOptions extends ApiChoice {
  readonly experiment?: string
  readonly from?: string
  readonly to?: string
  readonly rules?: readonly string[]
  /** They were given now, and do not come from an environment meant for a server. */
  readonly ownRules: boolean
  readonly rule?: readonly string[]
  readonly service?: readonly string[]
  readonly tolerate?: readonly (readonly [rule: string, share: number])[]
  readonly baseline?: string
  readonly data: string
  readonly format: VerdictFormat
  readonly requireExercised?: true
  readonly wait: number
  readonly maxWindow: number
  readonly dryRun?: true
}

/** Judged without asking back. */
const MAX_WINDOW_MS = 24 * 3_600_000
const ASK_EVERY_MS = 1_000

/** `betrace verify`: did the invariants hold? */
export function verifyCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('verify', terminal)
    .summary('say whether the invariants held during an experiment, or any window')
    .description(
      'For each rule: HELD (traces exercised it, none broke it), VIOLATED, BLIND (an attribute it needs was on none of ' +
        'the spans it was asked of) or NOT EXERCISED (no trace gave it anything to say). The last two prove nothing. ' +
        'All is compared with the window of the same length before.',
    )
  for (const option of verifyOptions()) command.addOption(option)
  command.action(async (options: Omit<VerifyOptions, 'ownRules'>) => {
    const ownRules = command.getOptionValueSource('rules') === 'cli'
    finish(await verify({ ...options, ownRules }, terminal))
  })
  withExamples(command, terminal, [
    ['the verdict on an experiment, once its traces are quiet', 'betrace verify --experiment drill-7 --wait 2m'],
    ['any past window, by any rules', 'betrace verify --from -1h --to -30m --rules retries.rules'],
    [
      'compare with the same hour yesterday, and let one retry in 200 be one too many',
      'betrace verify --from -1h --baseline -1d --tolerate RETRY_LIMIT_EXCEEDED=0.5%',
    ],
    ['fail a build, and report to it', 'betrace verify --experiment drill-7 --require-exercised --format junit'],
  ])
  return command.addHelpText(
    'after',
    '\nAn experiment has the verdict its server or stack gave; with --rules, and for --from and --to, the archive is\n' +
      'replayed: of the data folder, with what is not archived yet, or of --stack. Traces count by their start.\n' +
      'Exit code: 0 held, 1 violated (with --require-exercised also: blind or not exercised), 2 bad input or no verdict.',
  )
}

function verifyOptions(): readonly Option[] {
  return [
    new Option('-e, --experiment <id>', 'the window of this experiment'),
    new Option('--from <time>', 'start of the window: ISO 8601, -30m, -6h'),
    new Option('--to <time>', 'end of the window, not part of it (default: now)'),
    new Option('-r, --rules <path...>', 'rule files, or folders of them, instead of the rules in force').env(
      'BETRACE_RULES',
    ),
    new Option('--rule <name>', 'only this rule, which is to be exercised; may be repeated').argParser(
      repeatable((name) => name),
    ),
    new Option('--service <name>', 'only traces with a span of it; may be repeated').argParser(
      repeatable((name) => name),
    ),
    new Option(
      '--tolerate <rule=share>',
      'the share of its traces that may break a rule, such as 0.5%; may be repeated',
    ).argParser(repeatable(parseTolerance)),
    new Option(
      '--baseline <time>',
      'start of the window to compare with: ISO 8601, or -1d for a day before the window',
    ),
    new Option('-d, --data <folder>', 'where the server keeps everything').env('BETRACE_DATA').default('.betrace'),
    new Option('-f, --format <format>', 'how to report').choices([...VERDICT_FORMATS]).default('pretty'),
    new Option('--require-exercised', 'fail also where nothing, or not all that was expected, was exercised'),
    new Option('--wait <duration>', 'the longest wait for the verdict on an experiment')
      .argParser(parseDurationMs)
      .default(0, 'not'),
    new Option('--max-window <duration>', 'judge windows up to so long')
      .argParser(parseDurationMs)
      .default(MAX_WINDOW_MS, '24h'),
    new Option('--dry-run', 'say how much there is to judge, and stop'),
    ...apiOptions(),
  ]
}

async function verify(options: VerifyOptions, terminal: Terminal): Promise<ExitCode> {
  const verdict = await verdictOf(options, terminal)
  if (verdict === undefined) return 0
  const report = verdictReport(verdict, options.format, terminal.stdout)
  await (options.format === 'markdown' ? writeMarkdown : write)(terminal.stdout, report)
  if (verdict.failures.length > 0) return 2
  if (verdict.outcome === 'violated') return 1
  return verdict.outcome === 'not-exercised' && options.requireExercised === true ? 1 : 0
}

/** Undefined where only an estimate was asked for. */
async function verdictOf(options: VerifyOptions, terminal: Terminal): Promise<ExperimentVerdict | undefined> {
  const { experiment, from } = options
  if ((experiment === undefined) === (from === undefined)) {
    throw new CommandError('say which window to judge', 'give either --experiment, or --from and --to')
  }
  if (experiment === undefined) {
    const range = parseRange(from ?? '', options.to ?? 'now', Date.now())
    return replayed(options, range, { services: options.service ?? [], expected: [] }, terminal)
  }
  const given = [options.to, options.service].filter((option) => option !== undefined)
  if (given.length > 0)
    throw new CommandError('an experiment has its window and services', 'leave out --to and --service')
  const isAsGiven = options.tolerate === undefined && options.baseline === undefined
  return isAsGiven && !options.ownRules && options.rule === undefined && options.dryRun === undefined
    ? published(options, experiment, terminal)
    : ofExperiment(options, experiment, terminal)
}

/** The verdict that the server or stack gave. */
async function published(options: VerifyOptions, id: string, terminal: Terminal): Promise<ExperimentVerdict> {
  const api = await openApi(options)
  const stop = terminal.interrupted()
  const deadline = performance.now() + options.wait
  for (;;) {
    const { state, verdict } = await readExperiment(api, id)
    if (verdict !== null) return verdict
    if (stop.aborted || performance.now() >= deadline) throw noVerdict(id, state)
    await sleep(Math.min(ASK_EVERY_MS, Math.max(0, deadline - performance.now())), undefined, { signal: stop }).catch(
      () => {},
    )
  }
}

function noVerdict(id: string, state: string): CommandError {
  const hints: Readonly<Record<string, string>> = {
    running: `end it with betrace experiment stop ${id}, then wait with --wait 2m`,
    'start-unknown': `tell its start with betrace experiment start --id ${id} --at <time>`,
  }
  return new CommandError(
    `${id} has no verdict yet: it is ${state}`,
    hints[state] ?? 'its traces have not gone quiet; wait with --wait 2m',
  )
}

/** Judges the window of an experiment by other rules than those in force. */
async function ofExperiment(options: VerifyOptions, id: string, terminal: Terminal) {
  const experiment = await readExperiment(await openApi(options), id)
  const { window, services, rules: expected } = experiment
  if (window === null) throw noVerdict(id, 'start-unknown')
  const range = { fromMs: Date.parse(window.from), toMs: Math.min(Date.parse(window.to), Date.now()) }
  const { tolerate, baselineAgoMs } = experiment
  const agoMs = baselineAgoMs === null ? undefined : Math.max(baselineAgoMs, range.toMs - range.fromMs)
  const own = agoMs === undefined ? undefined : new Date(range.fromMs - agoMs).toISOString()
  const baseline = options.baseline ?? own
  const asked = baseline === undefined ? options : { ...options, baseline }
  return replayed(asked, range, { services, expected, tolerate }, terminal)
}

async function replayed(
  options: VerifyOptions,
  range: ReplayRange,
  subject: {
    readonly services: readonly string[]
    readonly expected: readonly string[]
    readonly tolerate?: Readonly<Record<string, number>>
  },
  terminal: Terminal,
): Promise<ExperimentVerdict | undefined> {
  const { store, rulesInForce } =
    options.stack === undefined ? await folderArchive(options.data, terminal) : await stackArchive(options.stack)
  if (options.dryRun === true || range.toMs - range.fromMs > options.maxWindow) {
    const estimate = await estimateOf(store, range, baselineOf(options.baseline, range))
    if (options.dryRun !== true) throw tooLong(range, estimate, options.maxWindow)
    await write(terminal.stdout, `${estimate}\n`)
    return undefined
  }
  const given = options.ownRules || options.stack === undefined ? options.rules : undefined
  const rules = given === undefined ? await rulesInForce() : await rulesOf(given, terminal)
  const chosen = namedRules(rules, options.rule)
  const expected = [...subject.expected, ...(options.rule ?? [])]
  const tolerated = new Map([...Object.entries(subject.tolerate ?? {}), ...toleratedBy(options.tolerate ?? [], chosen)])
  const baselineFromMs = baselineOf(options.baseline, range)
  const baseline = baselineFromMs === undefined ? {} : { baselineFromMs }
  const request = { range, rules: chosen, services: subject.services, expected, tolerated, ...baseline }
  return giveExperimentVerdict(request, replayOf(store, VERDICT_SAMPLES))
}

function toleratedBy(tolerate: NonNullable<VerifyOptions['tolerate']>, rules: readonly CheckedRule[]) {
  namedRules(
    rules,
    tolerate.map(([name]) => name),
  )
  return new Map(tolerate)
}

/** A relative time counts from the start of the window that is judged. Undefined where none was asked for. */
function baselineOf(text: string | undefined, { fromMs, toMs }: ReplayRange): number | undefined {
  if (text === undefined) return undefined
  const baselineMs = parseTime('from', text, fromMs)
  if (baselineMs + (toMs - fromMs) <= fromMs) return baselineMs
  throw new CommandError(
    'the baseline reaches into the window that is judged',
    'name an earlier start, such as --baseline -1d',
  )
}

/** What there is to judge in the window and in the one that it is compared with. */
async function estimateOf(
  store: Parameters<typeof planReplay>[0],
  range: ReplayRange,
  baselineFromMs: number | undefined,
): Promise<string> {
  const lengthMs = range.toMs - range.fromMs
  // The window before touches this one, so that an object may be of both.
  const windows =
    baselineFromMs === undefined
      ? [{ fromMs: range.fromMs - lengthMs, toMs: range.toMs }]
      : [range, { fromMs: baselineFromMs, toMs: baselineFromMs + lengthMs }]
  let objects = 0
  let spans = 0
  let seconds = 0
  for (const window of windows) {
    const plan = await planReplay(store, window, { mostItemBytes: Number.MAX_SAFE_INTEGER })
    const estimate = estimateReplay(plan, 1)
    objects += plan.objects
    spans += estimate.spans
    seconds += estimate.seconds
  }
  const days = (lengthMs / 86_400_000).toFixed(1)
  const time = seconds < 1 ? 'under a second' : `about ${Math.ceil(seconds)} s`
  const compared = baselineFromMs === undefined ? 'before' : `from ${new Date(baselineFromMs).toISOString()}`
  return `${days} days, and as long ${compared}: ${counted(objects, 'object')}, about ${counted(spans, 'span')}, ${time}`
}

function tooLong(range: ReplayRange, estimate: string, maxWindowMs: number) {
  const hours = Math.ceil((range.toMs - range.fromMs) / 3_600_000)
  const message = `the window of ${hours} h is longer than ${maxWindowMs / 3_600_000} h (${estimate})`
  return experimentError('window-too-long', message, `judge it all the same with --max-window ${hours}h`)
}
