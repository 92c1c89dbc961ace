import type { Command } from 'commander'
import type { MuteView } from '../../shared/incidents/api/views.ts'
import { visible } from '../../shared/text/visible.ts'
import { type ApiChoice, apiOptions } from '../api-client.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { openIncidents } from '../stack/stack-incidents.ts'
import { type Terminal, write } from '../terminal.ts'

/** `betrace mute remove`: ends a mute before its time. */
export function removeMuteCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('remove', terminal)
    .description('Ends a mute now: receivers are notified of what it held back and is still open.')
    .argument('<id>', 'its id, as betrace mute list shows it')
  for (const option of apiOptions()) command.addOption(option)
  command.action(async (id: string, choice: ApiChoice) => {
    const incidents = await openIncidents(choice, terminal)
    const removed = await incidents.delete<MuteView>(`/v1/mutes/${encodeURIComponent(id)}`)
    await write(terminal.stdout, `${visible(`${removed.id} no longer holds back ${removed.when ?? 'everything'}`)}\n`)
    finish(0)
  })
  withExamples(command, terminal, [['notify again', 'betrace mute remove 1a2b3c4d']])
  return command.addHelpText('after', '\nExit code: 0 it was removed, 2 it has ended, is not known, or is of the file.')
}
