import { type Command, Option } from 'commander'
import type { IncidentDetail } from '../../shared/incidents/api/views.ts'
import { type ApiChoice, apiOptions } from '../api-client.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { openIncidents } from '../stack/stack-incidents.ts'
import { type Terminal, write } from '../terminal.ts'
import { incidentPage } from './incident-page.ts'

interface ShowOptions extends ApiChoice {
  readonly format: 'pretty' | 'json'
}

/** `betrace incidents show`: what chats say of an incident, and who was notified. */
export function showIncidentCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('show', terminal)
    .description('One incident: what chats say of it, its newest traces, and what became of each receiver.')
    .argument('<id>', 'its id, or the first digits of it')
    .addOption(new Option('-f, --format <format>', 'for people, or JSON').choices(['pretty', 'json']).default('pretty'))
  for (const option of apiOptions()) command.addOption(option)
  command.action(async (id: string, { format, ...choice }: ShowOptions) => {
    const incidents = await openIncidents(choice, terminal)
    const detail = await incidents.get<IncidentDetail>(`/v1/incidents/${encodeURIComponent(id)}`)
    const text = format === 'json' ? `${JSON.stringify(detail, null, 2)}\n` : incidentPage(detail, terminal.stdout)
    await write(terminal.stdout, text)
    finish(0)
  })
  withExamples(command, terminal, [['by the first digits of its id', 'betrace incidents show 4f1c0a2b']])
  return command.addHelpText('after', '\nExit code: 0 it was shown, 2 it could not be found.')
}
