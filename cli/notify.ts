import type { Command } from 'commander'
import { type Finish, newCommand, withExamples } from './command.ts'
import { notifyCheckCommand } from './notify/check.ts'
import { notifyPushCommand } from './notify/push.ts'
import { notifyRouteCommand } from './notify/route.ts'
import { notifyTestCommand } from './notify/test.ts'
import type { Terminal } from './terminal.ts'

/** `betrace notify`: the file that says who is notified of incidents. */
export function notifyCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('notify', terminal)
    .summary('check, try and push the file of receivers, routes and mutes')
    .description('A file of receivers, routes and mutes says who is notified of incidents (docs/reference/notify.md).')
    .addCommand(notifyCheckCommand(terminal, finish))
    .addCommand(notifyRouteCommand(terminal, finish))
    .addCommand(notifyTestCommand(terminal, finish))
    .addCommand(notifyPushCommand(terminal, finish))
  return withExamples(command, terminal, [
    ['check the file, and list the receivers of each rule', 'betrace notify check --rules rules/ notify.yaml'],
    ['why somebody is notified, or not', 'betrace notify route PAYMENT_FAILED --severity high'],
    ['put it in force at a deployed stack', 'betrace notify push notify.yaml --stack betrace-main'],
    ['send a test', 'betrace notify test oncall'],
  ])
}
