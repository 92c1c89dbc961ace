import { type Command, Option } from 'commander'
import { folderStore } from '../local/archive/folder-store.ts'
import { archiveFolder } from '../local/archive/parquet-archive.ts'
import { readRedactedKeys, writeRedactedKeys } from '../local/archive/redacted-keys.ts'
import { makeFolder } from '../local/files/make-folder.ts'
import { type ImportedHour, importTraces } from '../shared/archive/import-traces.ts'
import type { ObjectStore } from '../shared/archive/object-store.ts'
import { counted } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import { parseKeyPatterns, repeatable } from './option-values.ts'
import { createProgress } from './progress.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'
import { namedTraces } from './trace-files.ts'
import { collectTraces } from './traces.ts'

interface ImportOptions {
  readonly data: string
  readonly stack?: string
  readonly redact?: readonly (readonly string[])[]
}

/** `betrace import`: writes traces of the past into the archive. */
export function importCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('import', terminal)
    .summary('put traces of the past into the archive')
    .description(
      'Reads traces that other tools exported and writes them into the archive under their own time: OTLP as JSON or ' +
        "protobuf, also a Collector's files; JSON of Jaeger's query API (also v3), of Zipkin v2 and of Tempo; each plain, gzip or " +
        'zstd. The content says which. No rule judges them now and nothing is sent; replay, verify and SQL find them.',
    )
    .argument('<files...>', 'files of traces; - is standard input')
    .addOption(new Option('-d, --data <folder>', 'where everything is kept').env('BETRACE_DATA').default('.betrace'))
    .addOption(new Option('-s, --stack <name>', 'the archive of this deployed stack').conflicts('data'))
    .addOption(
      new Option('--redact <keys>', 'keep no example values of these attributes, nor of those that the folder redacts')
        .env('BETRACE_REDACT')
        .argParser(repeatable(parseKeyPatterns)),
    )
    .action(async (files: readonly string[], options: ImportOptions) => {
      if (options.stack !== undefined && command.getOptionValueSource('redact') === 'cli')
        throw new CommandError(
          '--redact is of a data folder',
          'a stack has the setting `redact`, which holds here, too',
        )
      finish(await importFiles(files, options, terminal))
    })
  withExamples(command, terminal, [
    ['what a Collector wrote', 'betrace import traces.json.zst'],
    ['a day of Jaeger', "curl -s 'http://jaeger:16686/api/traces?service=shop&limit=20000' | betrace import -"],
    ['into a deployed stack', 'betrace import --stack betrace-main 2025-10-*.json'],
    ['then ask about it', 'betrace replay --from -30d --rules rules/'],
  ])
  return command.addHelpText(
    'after',
    '\nMay be repeated, and run beside a server: what the archive has already is left out. Spans of all files are held in\nmemory; import many files in several calls, a trace may be spread over them.\nExit code: 0 done, 2 bad input, or a part of a file could not be read (the rest is imported), 130 stopped by Ctrl-C.',
  )
}

async function importFiles(files: readonly string[], options: ImportOptions, terminal: Terminal): Promise<ExitCode> {
  const { stdin, stdout, stderr } = terminal
  const signal = terminal.interrupted()
  const store = await archiveOf(options)
  const progress = createProgress(stderr, () => performance.now())
  const collected = await collectTraces({
    files,
    open: namedTraces(stdin),
    onProblem(problem) {
      progress.clear()
      stderr.write(`${paint(stderr, 'red', 'betrace:')} ${visible(problem)}\n`)
    },
    onProgress: (file, _read, _size, spans) => progress.show(`reading ${file}, ${counted(spans, 'span')}`),
  })
  const sum = { traces: 0, spans: 0, known: 0, objects: 0, bytes: 0 }
  for await (const hour of importTraces(store, collected.traces, Date.now())) {
    for (const key of ['traces', 'spans', 'known', 'objects', 'bytes'] as const) sum[key] += hour[key]
    progress.show(`importing, ${new Date(hour.hourMs).toISOString().slice(0, 13)}`)
    if (signal.aborted) break
  }
  progress.clear()
  await write(stdout, `${summary(sum)}\n`)
  const rejected = [...collected.rejected.values()].reduce((total, count) => total + count, 0)
  if (rejected > 0) stderr.write(`${counted(rejected, 'span')} without a valid id left out\n`)
  if (signal.aborted) return 130
  return collected.problemCount + rejected > 0 ? 2 : 0
}

async function archiveOf({ data, stack, redact = [] }: ImportOptions): Promise<ObjectStore> {
  if (stack !== undefined) return (await import('./stack/archive.ts')).archiveOfStack(stack)
  const folder = archiveFolder(data)
  makeFolder(folder)
  const before = await readRedactedKeys(folder)
  await writeRedactedKeys(folder, [...new Set([...before, ...redact.flat()])])
  return folderStore(folder)
}

function summary({ traces, spans, known, objects, bytes }: Omit<ImportedHour, 'hourMs'>): string {
  const size = `${(bytes / 1e6).toFixed(1)} MB`
  const there = known === 0 ? '' : `; ${counted(known, 'trace')} were there already`
  return `${counted(traces, 'trace')} with ${counted(spans, 'span')} imported into ${counted(objects, 'file')} (${size})${there}`
}
