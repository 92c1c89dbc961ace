import { type Command, Option } from 'commander'
import type { MuteView } from '../../shared/incidents/api/views.ts'
import { visible } from '../../shared/text/visible.ts'
import { type ApiChoice, apiOptions } from '../api-client.ts'
import { type Finish, newCommand, withExamples } from '../command.ts'
import { minuteText } from '../incidents/incident-lines.ts'
import { LIST_FORMATS, type ListFormat, listedAs } from '../listed-as.ts'
import { openIncidents } from '../stack/stack-incidents.ts'
import { paint, type Screen, type Terminal, write } from '../terminal.ts'

interface ListOptions extends ApiChoice {
  readonly format: ListFormat
}

/** `betrace mute list`: a line a mute. */
export function listMutesCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('list', terminal)
    .description('Mutes of the file of receivers, then those made by command, newest first; ended ones for 30 days.')
    .addOption(new Option('-f, --format <format>', 'for people, or JSON').choices([...LIST_FORMATS]).default('pretty'))
  for (const option of apiOptions()) command.addOption(option)
  command.action(async ({ format, ...choice }: ListOptions) => {
    const incidents = await openIncidents(choice, terminal)
    const { mutes, more } = await incidents.get<{ mutes: readonly MuteView[]; more: boolean }>('/v1/mutes')
    const pretty = () => (mutes.length === 0 ? ['no mutes'] : muteLines(mutes, terminal.stdout))
    await write(terminal.stdout, listedAs(format, mutes, pretty))
    if (more) terminal.stderr.write('older ones are not shown\n')
    finish(0)
  })
  withExamples(command, terminal, [['which hold now', 'betrace mute list']])
  return command.addHelpText('after', '\nExit code: 0 they were listed, 2 they could not be.')
}

function muteLines(mutes: readonly MuteView[], screen: Screen): readonly string[] {
  const rows = mutes.map((mute) => {
    const { id, state, until, when, why, by } = mute
    const end = state === 'active' ? `until ${minuteText(until)}` : `${state} ${minuteText(until)}`
    const who = by === null ? '' : ` (${by})`
    return { state, cells: [id, end, when ?? 'everything', `${why}${who}`].map(visible) }
  })
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map(({ cells }) => cells[at]?.length ?? 0)))
  return rows.map(({ state, cells }) => {
    const line = cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')
    return paint(screen, state === 'active' ? undefined : 'dim', line)
  })
}
