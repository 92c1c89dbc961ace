import { type Command, Option } from 'commander'
import { counted } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { requireData } from './existing-data.ts'
import { createProgress } from './progress.ts'
import { type ExitCode, type Terminal, write } from './terminal.ts'

interface RecoverOptions {
  readonly data: string
}

/** How many traces are named one by one; the rest is a number. */
const MAX_NAMED = 50

/** `betrace recover`: saves what can be read of a damaged database. */
export function recoverCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('recover', terminal)
    .summary('save what can be read of a damaged database')
    .description(
      'Reads the database of a data folder page by page, past damage, into a new one. The damaged file is kept beside it. The next start judges every trace that has no verdict yet.',
    )
    .addOption(new Option('-d, --data <folder>', 'where everything is kept').env('BETRACE_DATA').default('.betrace'))
    .action(async (options: RecoverOptions) => {
      finish(await recover(options, terminal))
    })
  withExamples(command, terminal, [
    ['the folder that serve uses', 'betrace recover'],
    ['another, then start again', 'betrace recover --data /var/lib/betrace && betrace serve --data /var/lib/betrace'],
  ])
  return command.addHelpText(
    'after',
    '\nStop the server first. The archive is not touched.\nExit code: 0 everything was read, 1 something is lost (it says what), 2 bad input.',
  )
}

async function recover({ data }: RecoverOptions, terminal: Terminal): Promise<ExitCode> {
  await requireData(data)
  const { recoverDatabase } = await import('../local/recovery/recover.ts')
  const progress = createProgress(terminal.stderr, () => performance.now())
  const onProgress = (done: number, pages: number) => progress.show(`reading page ${done} of ${pages}`)
  const recovery = await recoverDatabase({ dataFolder: data, nowMs: Date.now(), onProgress })
  progress.clear()
  const { pages, damagedPages, damagedRows, damagedFrame, damagedTraces, mismatch, lost, rows, keptAs } = recovery
  const kept = Object.entries(rows).filter(([, count]) => count > 0)
  const lines = [
    `read ${counted(pages, 'page')}: ${kept.map(([table, count]) => `${count} ${table}`).join(', ') || 'no rows'}`,
    ...(damagedFrame === undefined
      ? []
      : [`the write-ahead log is damaged at frame ${damagedFrame}; the frames after it were read`]),
    ...(mismatch === undefined ? [] : [MISMATCHES[mismatch]]),
    ...(lost.writes === 0
      ? []
      : [
          `${counted(lost.writes, 'promised write')} missing, at least in part, with ${counted(lost.spans, 'span')} in ${counted(lost.chunks, 'chunk')} that were answered with 200`,
        ]),
    ...(damagedPages.length === 0
      ? []
      : [
          `damaged pages: ${damagedPages.slice(0, MAX_NAMED).join(', ')}${damagedPages.length > MAX_NAMED ? ' …' : ''}`,
          'which spans were on them is not known: verdicts on traces that had none yet may lack some',
        ]),
    ...(damagedRows === 0 ? [] : [`${counted(damagedRows, 'row')} cannot be read`]),
    ...named(damagedTraces),
    `the file as it was is ${visible(keptAs)}; delete it when you need it no more`,
  ]
  await write(terminal.stdout, `${lines.join('\n')}\n`)
  return damagedPages.length + damagedRows + damagedTraces.length + lost.writes > 0 ? 1 : 0
}

const MISMATCHES = {
  'old-log': 'the write-ahead log is older than the database and holds nothing that it lacks; it was left aside',
  'old-file': 'the database is older than its write-ahead log; pages that were written in between are gone',
} as const

function named(traces: readonly string[]): readonly string[] {
  if (traces.length === 0) return []
  const some = traces.slice(0, MAX_NAMED)
  const more = traces.length > some.length ? [`  and ${traces.length - some.length} more`] : []
  return [
    `${counted(traces.length, 'trace')} lost spans before they were judged; do not rely on their verdicts:`,
    ...some.map((traceId) => `  ${visible(traceId)}`),
    ...more,
  ]
}
