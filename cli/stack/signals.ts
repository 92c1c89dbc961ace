import { type Command, Option } from 'commander'
import type { SignalTail, TailedTopic, TailFilter } from '../../shared/aws/signals/signal-tail.ts'
import type { PublishedEvent } from '../../shared/pipeline/signal.ts'
import { counted } from '../../shared/text/numbers.ts'
import { eventText } from '../../shared/text/signal-text.ts'
import { jsonText, visible } from '../../shared/text/visible.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { repeatable } from '../option-values.ts'
import { type ExitCode, paint, type Screen, type Terminal, write } from '../terminal.ts'
import { AWS_HELP, outputsOf, type StackChoice, stackOption } from './stack-option.ts'

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const

interface TailOptions extends StackChoice {
  readonly severity?: (typeof SEVERITIES)[number]
  readonly signal?: readonly string[]
  readonly format: 'pretty' | 'jsonl'
}

/** `betrace signals`: the signals of a deployed stack. */
export function signalsCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('signals', terminal)
    .summary('watch the signals of a deployed stack')
    .description('Signals as the stack sends them to its topic.')
    .addCommand(tailCommand(terminal, finish))
  withExamples(command, terminal, [
    ['all signals as they come', 'betrace signals tail --stack betrace-main'],
    ['those that page', 'betrace signals tail --severity high'],
    ['one rule, for a program', 'betrace signals tail --signal PAYMENT_INVARIANT_VIOLATION --format jsonl'],
  ])
  return command.addHelpText('after', `${AWS_HELP}\nExit code: 0 stopped by Ctrl-C, 2 it could not listen.`)
}

function tailCommand(terminal: Terminal, finish: Finish): Command {
  return newCommand('tail', terminal)
    .description(
      'Shows signals as they are sent, until Ctrl-C. A queue is subscribed for that long; what a killed tail leaves, ' +
        'the next one removes.',
    )
    .addOption(stackOption())
    .addOption(new Option('--severity <least>', 'only this severity and above').choices(SEVERITIES))
    .addOption(new Option('--signal <name>', 'only this signal; may be repeated').argParser(repeatable((name) => name)))
    .addOption(
      new Option('-f, --format <format>', 'for people, or a CloudEvent a line')
        .choices(['pretty', 'jsonl'])
        .default('pretty'),
    )
    .action(async (options: TailOptions) => {
      finish(await tail(options, terminal))
    })
}

/** The topic of a stack, and the clients that listen to it. */
export async function topicOf(stack: string, arn: string): Promise<TailedTopic> {
  const { snsClient, sqsClient } = await import('../../shared/aws/clients.ts')
  return { sns: snsClient(), sqs: sqsClient(), arn, stack, clock: Date.now }
}

async function tail(options: TailOptions, terminal: Terminal): Promise<ExitCode> {
  const stop = terminal.interrupted()
  const { signalTopic } = await outputsOf(options)
  const { openTail } = await import('../../shared/aws/signals/signal-tail.ts')
  const open = await openTail(await topicOf(options.stack, signalTopic), filterOf(options))
  const { staleRemoved } = open
  if (staleRemoved > 0) terminal.stderr.write(`removed ${counted(staleRemoved, 'queue')} that killed tails had left\n`)
  terminal.stderr.write(`listening to ${visible(options.stack)}; Ctrl-C stops\n`)
  try {
    const shown = await show(open, options.format, stop, terminal)
    terminal.stderr.write(`\nstopped after ${counted(shown, 'signal')}\n`)
  } finally {
    await open.close()
  }
  return 0
}

function filterOf({ severity, signal = [] }: TailOptions): TailFilter {
  const severities = severity === undefined ? [] : SEVERITIES.slice(0, SEVERITIES.indexOf(severity) + 1)
  return { severity: severities, signal }
}

async function show(
  open: SignalTail,
  format: TailOptions['format'],
  stop: AbortSignal,
  terminal: Terminal,
): Promise<number> {
  let shown = 0
  while (!stop.aborted) {
    for (const text of await open.receive(stop)) {
      const line = textOf(text, format, terminal.stdout)
      if (line === undefined) terminal.stderr.write('the topic sent something that is not a signal\n')
      else await write(terminal.stdout, line)
      shown += line === undefined ? 0 : 1
    }
  }
  return shown
}

/** Undefined for what somebody else published to the topic. */
function textOf(text: string, format: TailOptions['format'], screen: Screen): string | undefined {
  try {
    const event = JSON.parse(text) as PublishedEvent
    return format === 'jsonl' ? `${jsonText(event)}\n` : eventText(event, paint(screen, 'red', 'x') !== 'x')
  } catch {
    return undefined
  }
}
