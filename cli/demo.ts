import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Finish, newCommand, withExamples } from './command.ts'
import type { DemoOptions } from './demo/play.ts'
import { parseDurationMs } from './option-values.ts'
import type { Terminal } from './terminal.ts'

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
    .action(async (options: DemoOptions) => {
      // The OpenTelemetry SDK and the database are loaded by those who need them.
      const { demo } = await import('./demo/play.ts')
      finish(await demo(options, terminal))
    })
  withExamples(command, terminal, [['about fifteen seconds', 'betrace demo']])
  return command.addHelpText('after', '\nExit code: 0 signals and faults agree, 1 they do not, 2 it could not start.')
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}
