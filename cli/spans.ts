import { type Command, Option } from 'commander'
import { parseRange } from '../shared/replay/range.ts'
import { nearest } from '../shared/rules/read/suggest.ts'
import { jsonText, visible } from '../shared/text/visible.ts'
import { readArchivedCatalogue } from './archived-catalogue.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { type AttributesReport, attributesReport, type NamesReport, namesReport } from './spans-report.ts'
import { attributesText, namesText } from './spans-text.ts'
import { type ExitCode, type Terminal, write } from './terminal.ts'

type Format = 'pretty' | 'json' | 'jsonl'

interface SpansOptions {
  readonly service?: string
  readonly from: string
  readonly to: string
  readonly data: string
  readonly stack?: string
  readonly format: Format
}

/** `betrace spans`: what spans were seen. */
export function spansCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('spans', terminal)
    .summary('list the span names and attributes that were seen')
    .description('What the archived spans look like, by the catalogue that the archive keeps of each hour.')
    .addCommand(namesCommand(terminal, finish))
    .addCommand(attributesCommand(terminal, finish))
  withExamples(command, terminal, [
    ['span names of the last day', 'betrace spans names'],
    ['those of one service', 'betrace spans names --service payment --from -1h'],
    ['what a rule may ask of spans', 'betrace spans attributes payment.charge'],
    ['in a deployed stack, for a program', 'betrace spans names --stack betrace-main --format jsonl'],
  ])
  return command.addHelpText('after', EXIT_CODES)
}

const EXIT_CODES =
  '\nWhole hours are counted: those that overlap the range. A trace that was judged again counts again.\nExit code: 0 found, 1 no such spans, 2 bad input, or an archived file could not be read (it is left out).'

function namesCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('names', terminal).description(
    'Lists span names by how often they were seen, with services and kinds.',
  )
  return withOptions(command)
    .addHelpText('after', EXIT_CODES)
    .action(async (options: SpansOptions) => {
      const read = await readOf(options, terminal)
      const report = namesReport(read, options.service)
      await write(terminal.stdout, namesIn(report, options.format, terminal))
      finish(exitCodeOf(report, read.failures.length))
    })
}

function attributesCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('attributes', terminal)
    .description(
      'Lists the attributes of spans: on how many they are, their types, and a few values, none of keys that hold credentials or are redacted. ' +
        'Spans of a name share one list, whichever service sent them.',
    )
    .argument('<name>', 'a span name, or a pattern such as payment.*')
  return withOptions(command)
    .addHelpText('after', EXIT_CODES)
    .action(async (name: string, options: SpansOptions) => {
      const read = await readOf(options, terminal)
      const report = attributesReport(read, name, options.service)
      await write(terminal.stdout, attributesIn(report, options.format, terminal))
      const meant = report.names.length > 0 ? undefined : nearest(name, read.catalogue.names.keys())
      if (meant !== undefined)
        terminal.stderr.write(`no span is named ${visible(name)}; did you mean ${visible(meant)}?\n`)
      finish(exitCodeOf(report, read.failures.length))
    })
}

function withOptions(command: Command): Command {
  return command
    .addOption(new Option('--service <name>', 'only names that this service uses'))
    .addOption(new Option('--from <time>', 'start of the range: ISO 8601, -30m, -6h').default('-24h'))
    .addOption(new Option('--to <time>', 'end of the range').default('now'))
    .addOption(
      new Option('-d, --data <folder>', 'where the server keeps everything').env('BETRACE_DATA').default('.betrace'),
    )
    .addOption(
      new Option('-s, --stack <name>', 'the archive of this deployed stack, in place of a folder').conflicts('data'),
    )
    .addOption(
      new Option('-f, --format <format>', 'how to report').choices(['pretty', 'json', 'jsonl']).default('pretty'),
    )
}

function readOf({ from, to, data, stack }: SpansOptions, terminal: Terminal) {
  const range = parseRange(from, to, Date.now())
  return readArchivedCatalogue(stack === undefined ? { data } : { stack }, range, terminal)
}

function exitCodeOf({ names }: NamesReport | AttributesReport, failures: number): ExitCode {
  if (failures > 0) return 2
  return names.length === 0 ? 1 : 0
}

function namesIn(report: NamesReport, format: Format, { stdout }: Terminal): string {
  if (format === 'pretty') return namesText(report, stdout)
  return format === 'json' ? `${jsonText(report)}\n` : linesOf(report.names)
}

/** One line for each attribute of each name, then those of resources. */
function attributesIn(report: AttributesReport, format: Format, { stdout }: Terminal): string {
  if (format === 'pretty') return attributesText(report, stdout)
  if (format === 'json') return `${jsonText(report)}\n`
  const ofSpans = report.names.flatMap(({ name, attributes }) => attributes.map((each) => ({ name, ...each })))
  return linesOf([...ofSpans, ...report.resource])
}

function linesOf(values: readonly object[]): string {
  return values.map((value) => `${jsonText(value)}\n`).join('')
}
