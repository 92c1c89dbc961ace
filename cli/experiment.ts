import { randomUUID } from 'node:crypto'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ExperimentDetail, ExperimentView } from '../shared/experiments/api.ts'
import { parseTime } from '../shared/replay/range.ts'
import { verdictLines } from '../shared/text/verdict-text.ts'
import { visible } from '../shared/text/visible.ts'
import { type ApiChoice, apiOptions, openApi, readExperiment } from './api-client.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { experimentText } from './experiments/experiment-text.ts'
import { parseTolerance, repeatable } from './option-values.ts'
import { paint, type Screen, type Terminal, write } from './terminal.ts'

interface StartOptions extends ApiChoice {
  readonly id?: string
  readonly name?: string
  readonly at: string
  readonly label?: readonly (readonly [string, string])[]
  readonly service?: readonly string[]
  readonly expect?: readonly string[]
  readonly tolerate?: readonly (readonly [rule: string, share: number])[]
  readonly baseline?: string
}

interface StopOptions extends ApiChoice {
  readonly at: string
  readonly outcome?: string
}

interface ReadOptions extends ApiChoice {
  readonly format: 'pretty' | 'json'
}

interface ListOptions extends ReadOptions {
  readonly from: string
  readonly to: string
}

/** `betrace experiment`: windows in which somebody breaks things on purpose. */
export function experimentCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('experiment', terminal)
    .summary('open, close and look at chaos experiments')
    .description(
      'An experiment is a window of time in which failure is injected. Signals of traces that run in it carry its id; ' +
        'when it is over and its traces have gone quiet, a verdict says which invariants held.',
    )
    .addCommand(startCommand(terminal, finish))
    .addCommand(stopCommand(terminal, finish))
    .addCommand(listCommand(terminal, finish))
    .addCommand(showCommand(terminal, finish))
  withExamples(command, terminal, [
    [
      'around any fault injection',
      'id=$(betrace experiment start --name failover); inject; betrace experiment stop $id',
    ],
    ['say what it is meant to exercise', 'betrace experiment start --id drill-7 --expect CIRCUIT_BREAKER_NOT_OPENED'],
    [
      'compare with yesterday, and tolerate some failures',
      'betrace experiment start --id drill-8 --baseline -1d --tolerate RETRY_LIMIT_EXCEEDED=0.5%',
    ],
    ['those of the last week', 'betrace experiment list'],
    ['did the invariants hold?', 'betrace verify --experiment drill-7 --wait 2m'],
  ])
  return command.addHelpText('after', '\nExit code: 0 done, 2 it could not be done.')
}

function withApi(command: Command): Command {
  for (const option of apiOptions()) command.addOption(option)
  return command
}

const AT = () => new Option('--at <time>', 'when it was: ISO 8601, -5m, or now').default('now')
const FORMAT = () =>
  new Option('-f, --format <format>', 'for people, or JSON').choices(['pretty', 'json']).default('pretty')

function startCommand(terminal: Terminal, finish: Finish): Command {
  return withApi(newCommand('start', terminal))
    .description('Opens a window, and prints its id. Done again with the same id and time it changes nothing.')
    .addOption(new Option('--id <id>', 'its name; a new id unless given'))
    .addOption(new Option('--name <name>', 'what people call it'))
    .addOption(AT())
    .addOption(new Option('--label <key=value>', 'kept with it; may be repeated').argParser(repeatable(parseLabel)))
    .addOption(
      new Option('--service <name>', 'only traces with a span of it count; may be repeated').argParser(
        repeatable((name) => name),
      ),
    )
    .addOption(
      new Option('--expect <rule>', 'a rule that it is to exercise; may be repeated').argParser(
        repeatable((name) => name),
      ),
    )
    .addOption(
      new Option(
        '--tolerate <rule=share>',
        'the share of its traces that may break a rule, such as 0.5%; may be repeated',
      ).argParser(repeatable(parseTolerance)),
    )
    .addOption(new Option('--baseline <time>', 'compare with the window that begins this time before, such as -1d'))
    .action(async (options: StartOptions) => {
      const { id = `exp-${randomUUID()}`, name, label, service: services, expect: rules, baseline } = options
      const tolerate = options.tolerate === undefined ? undefined : Object.fromEntries(options.tolerate)
      const labels = label === undefined ? undefined : Object.fromEntries(label)
      const at = parseTime('from', options.at, Date.now())
      const api = await openApi(options)
      const posted = { action: 'start', id, at, name, labels, services, rules, tolerate, baseline }
      const view = await api.post<ExperimentView>('/v1/experiments', posted)
      await write(terminal.stdout, `${visible(view.id)}\n`)
      terminal.stderr.write(`${visible(`${view.id} runs since ${view.start}`)}\n`)
      finish(0)
    })
}

function stopCommand(terminal: Terminal, finish: Finish): Command {
  return withApi(newCommand('stop', terminal))
    .description('Closes a window. If several ends are reported, the last one counts.')
    .argument('<id>', 'the experiment')
    .addOption(AT())
    .addOption(new Option('--outcome <text>', 'how it ended'))
    .action(async (id: string, options: StopOptions) => {
      const at = parseTime('to', options.at, Date.now())
      const api = await openApi(options)
      // A mistyped id would open the books on an experiment that never started.
      await readExperiment(api, id)
      const view = await api.post<ExperimentView>('/v1/experiments', {
        action: 'stop',
        id,
        at,
        outcome: options.outcome,
      })
      terminal.stderr.write(
        `${visible(`${id} ended at ${view.end}; betrace verify --experiment ${id} says what held`)}\n`,
      )
      finish(0)
    })
}

function listCommand(terminal: Terminal, finish: Finish): Command {
  return withApi(newCommand('list', terminal))
    .description('Experiments by their start, newest first.')
    .addOption(new Option('--from <time>', 'start of the range').default('-7d'))
    .addOption(new Option('--to <time>', 'end of the range').default('now'))
    .addOption(FORMAT())
    .action(async (options: ListOptions) => {
      const nowMs = Date.now()
      const times = { from: parseTime('from', options.from, nowMs), to: parseTime('to', options.to, nowMs) }
      const query = Object.entries(times).map(([name, ms]) => `${name}=${new Date(ms).toISOString()}`)
      const api = await openApi(options)
      const found = await api.get<{ experiments: readonly ExperimentView[]; more: number }>(
        `/v1/experiments?${query.join('&')}`,
      )
      await write(terminal.stdout, listText(found, options.format, terminal.stdout))
      if (found.more > 0)
        terminal.stderr.write(`${visible(`${found.more} older ones are not shown; narrow the range`)}\n`)
      finish(0)
    })
}

function listText(
  { experiments }: { readonly experiments: readonly ExperimentView[] },
  format: ReadOptions['format'],
  screen: Screen,
): string {
  if (format === 'json') return `${JSON.stringify(experiments, null, 2)}\n`
  if (experiments.length === 0) return 'no experiments in this range\n'
  return experiments.map((experiment) => `${experimentText(experiment, screen)}\n`).join('')
}

function showCommand(terminal: Terminal, finish: Finish): Command {
  return withApi(newCommand('show', terminal))
    .description('One experiment, with its verdict once there is one.')
    .argument('<id>', 'the experiment')
    .addOption(FORMAT())
    .action(async (id: string, options: ReadOptions) => {
      const detail = await readExperiment(await openApi(options), id)
      await write(
        terminal.stdout,
        options.format === 'json' ? `${JSON.stringify(detail, null, 2)}\n` : shown(detail, terminal.stdout),
      )
      finish(0)
    })
}

function shown(detail: ExperimentDetail, screen: Screen): string {
  const { verdict } = detail
  const head = experimentText(detail, screen)
  if (verdict === null) return `${head}\n  no verdict yet\n`
  return `${head}\n\n${verdictLines(verdict, (style, text) => paint(screen, style, text)).join('\n')}\n`
}

function parseLabel(text: string): readonly [string, string] {
  const [, key, value] = /^([^=]{1,100})=(.*)$/.exec(text) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Write a label as key=value.')
  return [key, value]
}
