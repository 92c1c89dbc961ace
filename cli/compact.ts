import { type Command, Option } from 'commander'
import { compactFolder } from '../local/maintenance/compact.ts'
import { parseRange } from '../shared/replay/range.ts'
import { counted } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { existingArchive } from './existing-data.ts'
import { createProgress } from './progress.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'

interface CompactOptions {
  readonly from: string
  readonly to: string
  readonly data: string
  readonly stack?: string
  readonly here?: true
}

/** `betrace compact`: merges small archive files. */
export function compactCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('compact', terminal)
    .summary('merge small archive files')
    .description('Merges the small files of each archived hour into large ones: less disk, faster replay and queries.')
    .addOption(new Option('--from <time>', 'first hour to look at').default('-7d'))
    .addOption(new Option('--to <time>', 'end of the range').default('now'))
    .addOption(new Option('-d, --data <folder>', 'where everything is kept').env('BETRACE_DATA').default('.betrace'))
    .addOption(
      new Option('-s, --stack <name>', 'the archive of this deployed stack, in place of a folder').conflicts('data'),
    )
    .addOption(new Option('--here', 'with --stack: merge on this machine, for hours that are too large for a function'))
    .action(async (options: CompactOptions) => {
      finish(await compact(options, terminal))
    })
  withExamples(command, terminal, [
    ['the last week', 'betrace compact'],
    ['every night, by cron', '0 3 * * * betrace compact --from -2d --data /var/lib/betrace'],
    ['a deployed stack, which also does it every hour', 'betrace compact --stack betrace-main --from -30d'],
  ])
  return command.addHelpText(
    'after',
    '\nMay run beside a server and at any time: merged files are deleted an hour later, by the next run.\nExit code: 0 done, 2 bad input, or a file could not be read (it stays as it is), 130 stopped by Ctrl-C.',
  )
}

async function compact(options: CompactOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.stack === undefined) await existingArchive(options.data)
  const signal = terminal.interrupted()
  const progress = createProgress(terminal.stderr, () => performance.now())
  const sum = { merged: 0, written: 0, deleted: 0, bytesMerged: 0, bytesWritten: 0, failures: 0 }
  for await (const hour of await compaction(options)) {
    for (const key of ['merged', 'written', 'deleted', 'bytesMerged', 'bytesWritten'] as const) sum[key] += hour[key]
    sum.failures += hour.failures.length
    for (const { key, reason } of hour.failures) {
      progress.clear()
      terminal.stderr.write(`${paint(terminal.stderr, 'red', 'betrace:')} ${visible(`${key}: ${reason}`)}\n`)
    }
    progress.show(`compacting, ${counted(hour.hoursLeft, 'hour')} left`)
    if (signal.aborted) break
  }
  progress.clear()
  await write(terminal.stdout, `${visible(summary(sum))}\n`)
  if (signal.aborted) return 130
  return sum.failures > 0 ? 2 : 0
}

/** What became of each hour, or on a stack of many. */
async function compaction({ from, to, data, stack, here }: CompactOptions) {
  const nowMs = Date.now()
  const range = parseRange(from, to, nowMs)
  if (stack === undefined) return compactFolder(data, range, nowMs)
  const { compactHere, compactStack } = await import('./stack/compact.ts')
  return here === true ? compactHere(stack, range, nowMs) : compactStack(stack, { from, to })
}

function summary(sum: Readonly<Record<'merged' | 'written' | 'deleted' | 'bytesMerged' | 'bytesWritten', number>>) {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  const merged = `${counted(sum.merged, 'file')} (${megabytes(sum.bytesMerged)}) merged`
  const into = sum.merged === 0 ? '' : ` into ${sum.written} (${megabytes(sum.bytesWritten)})`
  return `${merged}${into}; ${sum.deleted} merged before are deleted`
}
