import { type Command, Option } from 'commander'
import { LISTED_STATES, type ListedState } from '../../shared/incidents/api/desk.ts'
import type { IncidentView } from '../../shared/incidents/api/views.ts'
import { type ApiChoice, apiOptions } from '../api-client.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { LIST_FORMATS, type ListFormat, listedAs } from '../listed-as.ts'
import { parseCount } from '../option-values.ts'
import { openIncidents } from '../stack/stack-incidents.ts'
import { type Screen, type Terminal, write } from '../terminal.ts'
import { incidentLines } from './incident-lines.ts'

interface ListOptions extends ApiChoice {
  readonly state: ListedState
  readonly limit: number
  readonly format: ListFormat
}

/** `betrace incidents list`: a line an incident. */
export function listIncidentsCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('list', terminal)
    .description('Incidents by their last change, newest first: since when, how many traces, and what receivers know.')
    .addOption(new Option('--state <state>', 'which incidents').choices([...LISTED_STATES]).default('open'))
    .addOption(new Option('--limit <count>', 'at most so many, up to 500').argParser(parseCount).default(100))
    .addOption(new Option('-f, --format <format>', 'for people, or JSON').choices([...LIST_FORMATS]).default('pretty'))
  for (const option of apiOptions()) command.addOption(option)
  command.action(async (options: ListOptions) => {
    await list(options, terminal)
    finish(0)
  })
  withExamples(command, terminal, [
    ['open incidents', 'betrace incidents list'],
    ['open and ended ones, for a program', 'betrace incidents list --state all --format jsonl'],
  ])
  return command.addHelpText('after', '\nExit code: 0 also where some are open, 2 they could not be listed.')
}

async function list({ state, limit, format, ...choice }: ListOptions, terminal: Terminal): Promise<void> {
  const incidents = await openIncidents(choice, terminal)
  const path = `/v1/incidents?state=${state}&limit=${limit}`
  const found = await incidents.get<{ incidents: readonly IncidentView[]; more: boolean }>(path)
  const pretty = (screen: Screen) =>
    found.incidents.length === 0 ? [none(state)] : incidentLines(found.incidents, screen)
  await write(
    terminal.stdout,
    listedAs(format, found.incidents, () => pretty(terminal.stdout)),
  )
  if (found.more) terminal.stderr.write('older ones are not shown; ask for more with --limit\n')
}

function none(state: ListedState): string {
  return state === 'all' ? 'no incidents' : `no ${state} incidents`
}
