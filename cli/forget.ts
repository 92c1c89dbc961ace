import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ForgottenHours, forgetLocally } from '../local/maintenance/forget.ts'
import type { Forgotten } from '../shared/archive/forget.ts'
import { parseTime } from '../shared/replay/range.ts'
import { counted } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { requireData } from './existing-data.ts'
import { createProgress } from './progress.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'

interface ForgetOptions {
  readonly trace?: string
  readonly where?: Forgotten
  readonly from?: string
  readonly to?: string
  readonly data: string
  readonly dryRun?: true
  readonly stack?: string
}

/** `betrace forget`: removes traces from everything that is kept. */
export function forgetCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('forget', terminal)
    .summary("remove a trace, or a person's traces")
    .description('Removes traces from the archive and the database, with their signals. What is removed is gone.')
    .addOption(new Option('--trace <id>', 'the trace of this id').argParser(parseTraceId).conflicts('where'))
    .addOption(
      new Option('--where <key=value>', 'every trace with this value on a span, an event or a resource').argParser(
        parseCondition,
      ),
    )
    .addOption(new Option('--from <time>', 'only traces filed from then on'))
    .addOption(new Option('--to <time>', 'only traces filed before'))
    .addOption(new Option('-d, --data <folder>', 'where everything is kept').env('BETRACE_DATA').default('.betrace'))
    .addOption(new Option('--dry-run', 'say what would be removed, and remove nothing'))
    .addOption(new Option('-s, --stack <name>', 'from this deployed stack, in place of a folder').conflicts('data'))
    .action(async (options: ForgetOptions) => {
      finish(await forget(options, terminal))
    })
  withExamples(command, terminal, [
    ['a person, wherever they are', 'betrace forget --where enduser.id=4711'],
    ['what that would remove', 'betrace forget --where enduser.id=4711 --dry-run'],
    ['a person, from a deployed stack', 'betrace forget --stack betrace-main --where enduser.id=4711 --from -30d'],
    ['one trace', 'betrace forget --trace 4bf92f3577b34da6a3ce929d0e0e4736'],
  ])
  return command.addHelpText(
    'after',
    "\nWhole hours of the range are looked through. Stop the server first; traces it has not yet judged are not found by --where.\nOf a stack: what is judged meanwhile is not found, so run it again after an hour; answers that Athena keeps go after 7 days, the table's recovery copies after 35, and what was sent is out of reach.\nExit code: 0 done, 2 bad input, or a file could not be read and may still hold what is to be forgotten.",
  )
}

function parseTraceId(text: string): string {
  const id = text.toLowerCase()
  if (!/^[0-9a-f]{32}$/.test(id)) throw new InvalidArgumentError('Write a trace id as 32 hexadecimal digits.')
  return id
}

function parseCondition(text: string): Forgotten {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Write a condition as key=value.')
  return { kind: 'where', key, value }
}

async function forget(options: ForgetOptions, terminal: Terminal): Promise<ExitCode> {
  const nowMs = Date.now()
  const forgotten = options.trace === undefined ? options.where : { kind: 'trace' as const, traceId: options.trace }
  if (forgotten === undefined) throw new CommandError('nothing to forget', 'name --trace ID or --where key=value')
  const range = {
    fromMs: options.from === undefined ? 0 : parseTime('from', options.from, nowMs),
    toMs: options.to === undefined ? Number.POSITIVE_INFINITY : parseTime('to', options.to, nowMs),
  }
  const progress = createProgress(terminal.stderr, () => performance.now())
  const asked = {
    forgotten,
    range,
    dryRun: options.dryRun === true,
    onHour: (done: number, hours: number) => progress.show(`looking through hour ${done} of ${hours}`),
  }
  const { found, beside } = await (options.stack === undefined
    ? fromFolder(asked, options.data, nowMs)
    : fromStack(asked, options.stack))
  progress.clear()
  for (const { key, reason } of found.failures) {
    terminal.stderr.write(`${paint(terminal.stderr, 'red', 'betrace:')} ${visible(`${key}: ${reason}`)}\n`)
  }
  await write(terminal.stdout, describe(found, beside, options.dryRun === true))
  return found.failures.length > 0 ? 2 : 0
}

type Asked = Omit<Parameters<typeof forgetLocally>[0], 'dataFolder' | 'nowMs'>

/** What was removed, and in words what beside the archive. */
interface Forgot {
  readonly found: ForgottenHours
  readonly beside: string
}

async function fromFolder(asked: Asked, dataFolder: string, nowMs: number): Promise<Forgot> {
  await requireData(dataFolder)
  const found = await forgetLocally({ ...asked, dataFolder, nowMs })
  return { found, beside: `${counted(found.signals, 'signal')} and ${counted(found.chunks, 'chunk')} in the database` }
}

async function fromStack(asked: Asked, stack: string): Promise<Forgot> {
  const { forgetOnStack } = await import('./stack/forget.ts')
  const found = await forgetOnStack(stack, asked)
  const reports = `${counted(found.reports, 'report')} of replays`
  return {
    found,
    beside: `${counted(found.signals, 'signal')}, ${counted(found.items, 'item')} of the table, ${reports}`,
  }
}

function describe(found: ForgottenHours, beside: string, dryRun: boolean): string {
  const ids = found.traceIds.map((traceId) => `${visible(traceId)}\n`).join('')
  const traces = `${counted(found.traceIds.length, 'trace')} with ${counted(found.spans, 'archived span')}`
  const looked = `in ${counted(found.hours, 'hour')}`
  if (dryRun) return `${ids}${traces} ${looked} would be removed\n`
  const files = `${counted(found.objectsRewritten, 'file')} rewritten, ${found.objectsDeleted} deleted`
  return `${ids}${traces} ${looked} removed: ${files}, ${beside}\n`
}
