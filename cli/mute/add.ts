import { type Command, Option } from 'commander'
import type { MuteView } from '../../shared/incidents/api/views.ts'
import { visible } from '../../shared/text/visible.ts'
import { type ApiChoice, apiOptions } from '../api-client.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { minuteText } from '../incidents/incident-lines.ts'
import { parseDurationMs } from '../option-values.ts'
import { openIncidents } from '../stack/stack-incidents.ts'
import { type Terminal, write } from '../terminal.ts'

interface AddOptions extends ApiChoice {
  readonly for?: number
  readonly until?: string
  readonly why: string
  readonly by?: string
  readonly all?: true
}

/** `betrace mute add`, or `betrace mute` with a matcher. */
export function addMuteCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('add', terminal)
    .description('Makes a mute, and prints its id. It holds from now on, at most 30 days.')
    .argument('[matcher]', "which incidents, such as 'rule == PAYMENT_FAILED and group == eu'; all with --all alone")
    .addOption(new Option('--for <duration>', 'how long: 30m, 2h, 7d').argParser(parseDurationMs))
    .addOption(new Option('--until <time>', 'until when instead, with its zone: 2026-12-01T08:00:00Z'))
    .addOption(new Option('--why <text>', 'the reason, for whoever wonders about the silence').makeOptionMandatory())
    .addOption(new Option('--by <name>', 'who asks for it'))
    .addOption(new Option('--all', 'needed where the matcher takes nearly everything, or is left out'))
  for (const option of apiOptions()) command.addOption(option)
  command.action(async (matcher: string | undefined, options: AddOptions) => {
    const made = await add(matcher, options, terminal)
    await write(terminal.stdout, `${visible(made.id)}\n`)
    const what = made.when ?? 'everything'
    const place = options.stack === undefined ? '' : ` --stack ${options.stack}`
    const how = `betrace mute remove ${made.id}${place} ends it sooner`
    terminal.stderr.write(`${visible(`${what} is muted until ${minuteText(made.until)}; ${how}`)}\n`)
    finish(0)
  })
  withExamples(command, terminal, [
    ['two hours of silence about one rule', "betrace mute 'rule == PAYMENT_FAILED' --for 2h --why 'INC-42' --by ana"],
    ['during a move of everything', "betrace mute --all --for 30m --why 'moving to another region'"],
  ])
  return command.addHelpText('after', '\nExit code: 0 it holds, 2 it could not be made.')
}

async function add(matcher: string | undefined, options: AddOptions, terminal: Terminal): Promise<MuteView> {
  const { for: forMs, until, why, by, all, ...choice } = options
  if ((forMs === undefined) === (until === undefined)) {
    throw new CommandError('say when the mute ends', 'give either --for 2h, or --until and a time')
  }
  if (matcher === undefined && all === undefined) {
    throw new CommandError('say what the mute holds back', "name it, as in betrace mute 'rule == NAME', or give --all")
  }
  const incidents = await openIncidents(choice, terminal)
  return incidents.post<MuteView>('/v1/mutes', { when: matcher, forMs, until, why, by, all })
}
