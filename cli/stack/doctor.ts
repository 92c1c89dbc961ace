import { type Command, Option } from 'commander'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { parseApiKey, parseDurationMs, unshown } from '../option-values.ts'
import type { Terminal } from '../terminal.ts'
import type { DoctorOptions } from './examine.ts'
import { AWS_HELP, stackOption } from './stack-option.ts'

/** `betrace doctor`: sends a trace that breaks a rule made for it, and follows it to its signal. */
export function doctorCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('doctor', terminal)
    .summary('see whether a deployed stack works, hop by hop')
    .description(
      'Sends one trace that breaks the rule BETRACE_DOCTOR_PROBE of the pack "doctor" and follows it: gateway, key, ' +
        'table, timer, evaluator, topic. Its signal is of severity info, so nobody is paged. It takes the quiet ' +
        'period and some seconds.',
    )
    .addOption(stackOption())
    .addOption(
      new Option('-t, --timeout <duration>', 'give up after so long').argParser(parseDurationMs).default(180_000, '3m'),
    )
    .addOption(
      new Option('--api-key <key>', 'the key to send; else the one generated at deploy')
        .env('BETRACE_API_KEY')
        .argParser(unshown('--api-key', parseApiKey)),
    )
    .action(async (options: DoctorOptions) => {
      const { examine } = await import('./examine.ts')
      finish(await examine(options, terminal))
    })
  withExamples(command, terminal, [['right after a deploy', 'betrace doctor --stack betrace-main']])
  return command.addHelpText(
    'after',
    `${AWS_HELP}\nExit code: 0 every hop works, 1 one does not, 2 it could not be examined.`,
  )
}
