import { setTimeout as sleep } from 'node:timers/promises'
import type { StackOutputs } from '../../shared/aws/admin/stack-outputs.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { s3Client } from '../../shared/aws/clients.ts'
import { invoke } from '../../shared/aws/invoke.ts'
import { readReport } from '../../shared/aws/replay/replay-runs.ts'
import type { ReplayAnswer } from '../../shared/aws/replay/replay-service.ts'
import { counted, percent } from '../../shared/text/numbers.ts'
import { visible } from '../../shared/text/visible.ts'
import { CommandError } from '../command-error.ts'
import { createProgress, type Progress } from '../progress.ts'
import { bar, exitCodeOf, type ReplayFormat, showReport, writeSize } from '../replay-output.ts'
import { readRuleFiles } from '../rule-files.ts'
import { type ExitCode, paint, type Terminal, write } from '../terminal.ts'
import { outputsOf } from './stack-option.ts'

/** What is to be replayed where. */
export interface StackReplay {
  readonly stack: string
  readonly from?: string
  readonly to: string
  /** Paths of rules to send; undefined: rules in force. */
  readonly rulePaths: readonly string[] | undefined
  readonly names: readonly string[] | undefined
  readonly publish: boolean
  readonly dryRun: boolean
  readonly limit: number
  readonly format: ReplayFormat
  /** A run that was started before, to be watched in place of a new one. */
  readonly run: string | undefined
}

const POLL_MS = 1_000
/** Also the most that the function lists. */
const MAX_LISTED = 1_000

type Ended = Extract<ReplayAnswer, { readonly state: 'done' | 'failed' }>

/** Replays through the function of a deployed stack, and follows the run to its end. */
export async function replayOnStack(options: StackReplay, terminal: Terminal): Promise<ExitCode> {
  const startedMs = performance.now()
  const stop = terminal.interrupted()
  const event = options.run === undefined ? await eventOf(options) : { run: options.run }
  const outputs = await outputsOf(options)
  const progress = createProgress(terminal.stderr, () => performance.now())
  let answer = await ask(outputs, event)
  while (answer.state === 'started' || answer.state === 'running') {
    if (stop.aborted) return leave(options.stack, answer.run, progress, terminal)
    showProgress(answer, progress)
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined)
    if (!stop.aborted) answer = await ask(outputs, { run: answer.run })
  }
  progress.clear()
  if (answer.state === 'refused') return refuse(answer.error, terminal)
  if (answer.state === 'estimated') {
    return writeSize({ ...answer, fromMs: Date.parse(answer.from), toMs: Date.parse(answer.to) }, terminal)
  }
  return tell(outputs, answer, options.format, (performance.now() - startedMs) / 1000, terminal)
}

async function refuse(
  { code, message, hint }: Extract<ReplayAnswer, { readonly state: 'refused' }>['error'],
  terminal: Terminal,
): Promise<never> {
  if (code !== 'bad-rules') throw new CommandError(message, hint)
  // Problems as `check` shows them, of several lines each.
  await write(terminal.stderr, `${message.replace(/^/gm, '  ')}\n\n`)
  throw new CommandError('the rules have problems: nothing was replayed', hint)
}

function ask({ replayFunction }: StackOutputs, event: object): Promise<ReplayAnswer> {
  return invoke<ReplayAnswer>('replay', replayFunction, event)
}

async function eventOf(options: StackReplay): Promise<object> {
  const { from, to, rulePaths, names, publish, dryRun } = options
  if (rulePaths !== undefined && names !== undefined) {
    throw new CommandError('--rules and --rule cannot go together with --stack', 'send a file with just these rules')
  }
  const files = rulePaths === undefined ? undefined : await readRuleFiles(rulePaths)
  return {
    from,
    to,
    ...((files ?? names) !== undefined && { rules: files?.map(({ file, text }) => ({ file, text })) ?? names }),
    mode: publish ? 'publish' : 'report',
    dryRun,
    limit: Math.min(options.limit, MAX_LISTED),
  }
}

function showProgress(answer: Extract<ReplayAnswer, { readonly state: 'started' | 'running' }>, progress: Progress) {
  if (answer.state === 'started' || answer.shares === undefined) progress.show('planning the replay')
  else progress.show(`${bar(answer.done, answer.shares)}${percent(answer.done, answer.shares)}`)
}

async function leave(stack: string, run: string, progress: Progress, terminal: Terminal): Promise<ExitCode> {
  progress.clear()
  await write(
    terminal.stderr,
    `the replay goes on; watch it with: betrace replay --stack ${visible(stack)} --run ${visible(run)}\n`,
  )
  return 2
}

async function tell(
  outputs: StackOutputs,
  answer: Ended,
  format: ReplayFormat,
  seconds: number,
  terminal: Terminal,
): Promise<ExitCode> {
  const report = await wholeReport(outputs, answer)
  if (report !== undefined) await showReport(report, format, seconds, terminal)
  if (answer.reportAt !== undefined) await write(terminal.stderr, `report: ${visible(answer.reportAt)}\n`)
  const problems = problemsOf(answer)
  for (const problem of problems)
    terminal.stderr.write(`${paint(terminal.stderr, 'red', 'betrace:')} ${visible(problem)}\n`)
  return report === undefined ? 2 : exitCodeOf(report, problems.length === 0)
}

/** What a function cannot answer whole lies in the bucket. */
async function wholeReport({ archiveBucket }: StackOutputs, { shortened, report, run }: Ended) {
  if (shortened !== true) return report
  const stored = await readReport(s3ObjectStore({ client: s3Client(), name: archiveBucket }), run)
  return stored?.report ?? report
}

function problemsOf(answer: Ended): readonly string[] {
  const { published, rejectedRules = 0 } = answer
  return [
    ...(answer.state === 'failed' ? [`the replay failed: ${answer.reason}`] : []),
    ...(rejectedRules > 0 ? [`${counted(rejectedRules, 'rule')} in force cannot be judged: betrace rules list`] : []),
    ...(published !== undefined && published.failed > 0
      ? [`${counted(published.failed, 'signal')} could not be sent: ${published.reason}`]
      : []),
    ...(published !== undefined && published.withheld > 0
      ? [`${counted(published.withheld, 'signal')} more were found than are sent`]
      : []),
  ]
}
