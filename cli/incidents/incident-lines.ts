import type { DeliveryState, IncidentView } from '../../shared/incidents/api/views.ts'
import { durationText } from '../../shared/incidents/text/times.ts'
import { counted } from '../../shared/text/numbers.ts'
import { SEVERITY_STYLES } from '../../shared/text/signal-text.ts'
import { visible } from '../../shared/text/visible.ts'
import { paint, type Screen } from '../terminal.ts'

/** Digits of an id that are shown in a list; a command takes as many. */
const ID_DIGITS = 8

type Column = (incident: IncidentView) => string

const COLUMNS: readonly Column[] = [
  ({ id }) => visible(String(id).slice(0, ID_DIGITS)),
  ({ severity }) => visible(String(severity).toUpperCase()),
  ({ rule, group }) => visible(group === null ? rule : `${rule} (${group.value})`),
  whenText,
  tracesText,
  ({ receivers }) => receiversText(receivers),
]

/** Incidents for people, a line each: id, severity, rule and group, since when, how many traces, what receivers know. */
export function incidentLines(incidents: readonly IncidentView[], screen: Screen): readonly string[] {
  const rows = incidents.map((incident) => COLUMNS.map((column) => column(incident)))
  const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows.map((row, number) => {
    const incident = incidents[number]
    const cells = row.map((cell, at) => (at === COLUMNS.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
    const [id = '', severity = '', rule = '', ...rest] = cells
    const painted = [
      id,
      paint(screen, SEVERITY_STYLES.get(incident?.severity ?? ''), severity),
      paint(screen, 'bold', rule),
    ]
    const mute = incident?.mute ?? null
    const muted = mute === null ? [] : [visible(`muted until ${minuteText(mute.until)}: ${mute.why}`)]
    return [...painted, ...rest, ...muted].join('  ')
  })
}

function whenText({ openedAt, endedAt, ended }: IncidentView): string {
  const since = `since ${minuteText(openedAt)}`
  if (endedAt === null) return visible(since)
  const lastedMs = Date.parse(endedAt) - Date.parse(openedAt)
  const how = ended === 'by-hand' ? 'closed by hand' : (ended ?? 'ended')
  return visible(`${since}, ${how} after ${durationText(lastedMs)}`)
}

/** `2026-11-29 12:04 UTC`; any text that is not a time stays as it is. */
export function minuteText(time: string): string {
  return time.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*$/s, '$1 $2 UTC')
}

function tracesText({ traces, tracesIsAtLeast }: IncidentView): string {
  return `${tracesIsAtLeast ? 'more than ' : ''}${counted(traces, 'trace')}`
}

/** Those that know that it is open first, then the others with their state. */
function receiversText(receivers: IncidentView['receivers']): string {
  const byState = Map.groupBy(receivers, ({ state }) => state)
  const names = (state: DeliveryState) => byState.get(state)?.map(({ receiver }) => receiver) ?? []
  const notified = names('notified')
  const others = [...byState.keys()]
    .filter((state) => state !== 'notified' && state !== 'none')
    .map((state) => `${names(state).join(', ')} ${OTHERS[state] ?? state}`)
  const all = [...(notified.length === 0 ? [] : [`notified ${notified.join(', ')}`]), ...others]
  return visible(all.length === 0 ? 'nobody notified' : all.join('; '))
}

const OTHERS: Readonly<Partial<Record<DeliveryState, string>>> = {
  flooded: 'by a flood notice',
  ended: 'notified of the end',
  refused: 'refused',
}
