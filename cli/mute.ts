import type { Command } from 'commander'
import { type Finish, newCommand, withExamples } from './command.ts'
import { addMuteCommand } from './mute/add.ts'
import { listMutesCommand } from './mute/list.ts'
import { removeMuteCommand } from './mute/remove.ts'
import { AWS_HELP } from './stack/stack-option.ts'
import type { Terminal } from './terminal.ts'

/** `betrace mute`: nobody is notified of what a matcher takes, for a while. */
export function muteCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('mute', terminal)
    .summary('hold back notifications of incidents for a while')
    .description(
      'While a mute matches an incident, nobody is notified that it opens or changes; ends of what receivers know are ' +
        'sent. When the mute ends and the incident is open, they are notified then. Without a command a matcher is meant: ' +
        'betrace mute <matcher>.',
    )
    .addCommand(addMuteCommand(terminal, finish), { isDefault: true })
    .addCommand(listMutesCommand(terminal, finish))
    .addCommand(removeMuteCommand(terminal, finish))
  withExamples(command, terminal, [
    ['two hours of silence about one rule', "betrace mute 'rule == PAYMENT_FAILED' --for 2h --why 'INC-42'"],
    ['which mutes there are', 'betrace mute list'],
    ['the same at a deployed stack', 'betrace mute list --stack betrace-main'],
    ['end one now', 'betrace mute remove 1a2b3c4d'],
  ])
  return command.addHelpText(
    'after',
    '\nMatchers read rule, severity, owner, tags, service, group and more (docs/reference/notify.md).' +
      `${AWS_HELP}\nExit code: 0 done, 2 it could not be done.`,
  )
}
