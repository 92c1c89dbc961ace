import type { DeliveryView, IncidentDetail } from '../../shared/incidents/api/views.ts'
import { counted } from '../../shared/text/numbers.ts'
import { visible } from '../../shared/text/visible.ts'
import { paint, type Screen } from '../terminal.ts'

/** An incident for people: what chats say, the newest traces, the mute that holds it back, and what became of each receiver. */
export function incidentPage(detail: IncidentDetail, screen: Screen): string {
  const { headline, sentences, evidence, facts, links } = detail.text
  const dim = (text: string) => paint(screen, 'dim', text)
  const named = (name: string, value: string) => `${dim(visible(`${name}:`))} ${visible(value)}`
  const blocks: readonly (readonly string[])[] = [
    [paint(screen, 'bold', visible(headline))],
    sentences.map(visible),
    evidence === undefined
      ? []
      : [visible(`${evidence.heading}:`), ...evidence.lines.map((line) => `  ${visible(line)}`)],
    links.map(({ title, url }) => named(title, url)),
    facts.map(({ name, value }) => named(name, value)),
    section('Newest traces', detail.latest.map(latestText)),
    section('Receivers', deliveryLines(detail.deliveries)),
    muteLines(detail),
  ]
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)]
}

function latestText({ traceId, service, at, link }: IncidentDetail['latest'][number]): string {
  return visible([traceId, `${secondText(at)} ${service}`, ...(link === null ? [] : [link])].join('  '))
}

function deliveryLines(deliveries: readonly DeliveryView[]): readonly string[] {
  if (deliveries.length === 0) return ['none: no route takes it']
  const width = Math.max(...deliveries.map(({ receiver }) => visible(receiver).length))
  return deliveries.map((delivery) => `${visible(delivery.receiver).padEnd(width)}  ${visible(deliveryText(delivery))}`)
}

function deliveryText(delivery: DeliveryView): string {
  const { state, notifiedAt, traces, attempts, failure, nextAt, mute } = delivery
  const last =
    notifiedAt === null ? 'never notified' : `last notified ${secondText(notifiedAt)} of ${counted(traces, 'trace')}`
  const next = nextAt === null ? '' : `, tried again at ${secondText(nextAt)}`
  switch (state) {
    case 'failing':
      return `failing: ${failure ?? ''} (${counted(attempts, 'attempt')}${next}); ${last}`
    case 'refused':
      return `refused: ${failure ?? ''}; ${last}`
    case 'muted':
      return `muted by ${mute ?? ''}; ${last}`
    case 'flooded':
      return `notified by one notice of a flood${notifiedAt === null ? '' : `, ${secondText(notifiedAt)}`}`
    case 'notified':
      return last
    case 'ended':
      return `notified of the end; ${last}`
    case 'waiting':
      return nextAt === null ? 'not yet' : `not before ${secondText(nextAt)}`
    case 'none':
      return 'not notified: it was over before'
    default:
      return state
  }
}

function muteLines({ mute }: IncidentDetail): readonly string[] {
  if (mute === null) return []
  return [visible(`Muted until ${secondText(mute.until)} by ${mute.id}: ${mute.why}`)]
}

/** `2026-11-29 12:04:05 UTC`; any text that is not a time stays as it is. */
function secondText(time: string): string {
  return time.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d).*$/s, '$1 $2 UTC')
}
