import { type Command, Option } from 'commander'
import type { IncidentView } from '../../shared/incidents/api/views.ts'
import { visible } from '../../shared/text/visible.ts'
import { type ApiChoice, apiOptions } from '../api-client.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { openIncidents } from '../stack/stack-incidents.ts'
import { type Terminal, write } from '../terminal.ts'

interface ResolveOptions extends ApiChoice {
  readonly why: string
  readonly by?: string
}

/** `betrace incidents resolve`: ends an incident by hand. */
export function resolveIncidentCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('resolve', terminal)
    .description(
      'Ends an incident, and notifies its receivers of the end. The next trace that breaks the rule opens it again: to be ' +
        'left alone for a while, use betrace mute.',
    )
    .argument('<id>', 'its id, or the first digits of it')
    .addOption(new Option('--why <text>', 'the reason, which receivers get').makeOptionMandatory())
    .addOption(new Option('--by <name>', 'who says so'))
  for (const option of apiOptions()) command.addOption(option)
  command.action(async (id: string, { why, by, ...choice }: ResolveOptions) => {
    const path = `/v1/incidents/${encodeURIComponent(id)}/resolve`
    const incidents = await openIncidents(choice, terminal)
    const ended = await incidents.post<IncidentView>(path, { why, by })
    const group = ended.group === null ? '' : ` (${ended.group.value})`
    await write(terminal.stdout, `${visible(`${ended.id} ${ended.rule}${group} has ended`)}\n`)
    finish(0)
  })
  withExamples(command, terminal, [
    ['it is dealt with', "betrace incidents resolve 4f1c0a2b --why 'rolled back' --by ana"],
  ])
  return command.addHelpText('after', '\nExit code: 0 it has ended, 2 it is not open or not known.')
}
