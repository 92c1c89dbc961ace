import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Finish, newCommand, withExamples } from './command.ts'
import { CommandError } from './command-error.ts'
import type { DemoOptions } from './demo/play.ts'
import type { ScenarioName } from './demo/scenario/play.ts'
import { parseApiKey, parseDurationMs, unshown } from './option-values.ts'
import type { Terminal } from './terminal.ts'

const SCENARIOS = [
  'circuit-breaker',
  'database-failover',
  'retry-logic',
  'multi-region',
] as const satisfies readonly ScenarioName[]

interface DemoChoice extends DemoOptions {
  readonly scenario?: ScenarioName
  readonly broken?: true
  readonly endpoint?: string
  readonly apiKey?: string
}

/** `betrace demo`: a small shop, faults planted in it, and the signals they cause. */
export function demoCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('demo', terminal)
    .summary('watch rules catch the faults of a small shop')
    .description(
      'Starts the pipeline and a small web shop of five services with a real OpenTelemetry SDK. Some requests carry ' +
        'faults; their signals appear as they fire, and at the end are set beside what was planted.',
    )
    .addOption(new Option('--requests <count>', 'requests to the shop').argParser(parseCount).default(110))
    .addOption(
      new Option('--seed <number>', 'another seed sends them in another order').argParser(parseCount).default(1),
    )
    .addOption(
      new Option('--pace <duration>', 'time between requests').argParser(parseDurationMs).default(100, '100ms'),
    )
    .addOption(
      new Option('--scenario <name>', 'a chaos experiment on the shop instead, and its verdict').choices([
        ...SCENARIOS,
      ]),
    )
    .addOption(new Option('--broken', 'of a scenario: the shop lacks what should protect it'))
    .addOption(
      new Option('--endpoint <url>', 'send the traffic to a server that runs, in place of one of its own')
        .argParser(parseEndpoint)
        .conflicts('scenario'),
    )
    .addOption(
      new Option('--api-key <key>', 'the key of that server')
        .env('BETRACE_API_KEY')
        .argParser(unshown('--api-key', parseApiKey)),
    )
    .action(async ({ scenario, broken, endpoint, apiKey, ...options }: DemoChoice) => {
      if (scenario !== undefined) {
        const { playScenario } = await import('./demo/scenario/play.ts')
        return finish(await playScenario(scenario, broken === true, terminal))
      }
      if (broken === true) throw new CommandError('--broken belongs to a scenario', 'name one with --scenario')
      if (endpoint !== undefined) {
        const { sendTo } = await import('./demo/send.ts')
        return finish(await sendTo({ endpoint, ...(apiKey !== undefined && { apiKey }) }, options, terminal))
      }
      // The OpenTelemetry SDK and the database are loaded by those who need them.
      const { demo } = await import('./demo/play.ts')
      finish(await demo(options, terminal))
    })
  withExamples(command, terminal, [
    ['about fifteen seconds', 'betrace demo'],
    ['the same traffic to a server that judges by these rules', 'betrace demo --endpoint http://127.0.0.1:4318'],
    ['does the circuit breaker hold while the provider fails?', 'betrace demo --scenario circuit-breaker'],
    ['and what shows where it does not', 'betrace demo --scenario circuit-breaker --broken'],
  ])
  return command.addHelpText(
    'after',
    '\nExit code: 0 signals and faults agree (of a scenario: the invariants held; with --endpoint: all spans were taken), 1 not, 2 it could not start.',
  )
}

function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/') {
    throw new InvalidArgumentError('Write http://host:port, without a path.')
  }
  return url.origin
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}
