import type { Command } from 'commander'
import { type Finish, newCommand, withExamples } from './command.ts'
import { listIncidentsCommand } from './incidents/list.ts'
import { resolveIncidentCommand } from './incidents/resolve.ts'
import { showIncidentCommand } from './incidents/show.ts'
import { AWS_HELP } from './stack/stack-option.ts'
import type { Terminal } from './terminal.ts'

/** `betrace incidents`: what is broken now, who was notified, and how to end it. */
export function incidentsCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('incidents', terminal)
    .summary('list, show and end incidents')
    .description(
      'An incident is all signals of one rule, or of one value of its group. It ends when the rule holds again ' +
        '(docs/reference/incidents.md).',
    )
    .addCommand(listIncidentsCommand(terminal, finish))
    .addCommand(showIncidentCommand(terminal, finish))
    .addCommand(resolveIncidentCommand(terminal, finish))
  withExamples(command, terminal, [
    ['open incidents', 'betrace incidents list'],
    ['one of them, with its traces and receivers', 'betrace incidents show 4f1c'],
    ['open incidents of a deployed stack', 'betrace incidents list --stack betrace-main'],
    ['end one that is dealt with', "betrace incidents resolve 4f1c --why 'rolled back'"],
  ])
  return command.addHelpText('after', `${AWS_HELP}\nExit code: 0 done, 2 it could not be done.`)
}
