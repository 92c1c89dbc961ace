import { styleText } from 'node:util'
import type { PendingSignal } from '../../shared/pipeline/ports.ts'
import type { DigestEvent, PublishedEvent, RuleDescription, SignalEvent } from '../../shared/pipeline/signal.ts'

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

const SEVERITY_STYLES: Readonly<Record<RuleDescription['severity'], Style>> = {
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  info: 'blue',
}

/** An event for people to read: what fired, where, why and what to do; ends with an empty line. */
export function eventText(event: PublishedEvent, colour: boolean): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const lines = 'signalid' in event ? signalLines(event, paint) : digestLines(event, paint)
  return `${lines.join('\n')}\n\n`
}

function signalLines(event: SignalEvent, paint: Paint): readonly string[] {
  const { data, status } = event
  const mark = { firing: '', retracted: 'retracted ', updated: 'updated ' }[status]
  const facts = [`trace ${data.traceId}`, visible(data.service), data.complete ? '' : 'incomplete']
  const why = status === 'retracted' ? 'the rule holds by now' : data.evidence.text
  return [
    `${heading(data, paint, mark)}  ${paint('dim', event.time)}`,
    `  ${paint('dim', facts.filter((fact) => fact !== '').join(' · '))}`,
    ...indented(data.description),
    ...indented(why),
    ...(data.runbook === undefined ? [] : indented(`runbook: ${data.runbook}`)),
  ]
}

function digestLines({ data }: DigestEvent, paint: Paint): readonly string[] {
  const samples = data.samples.map(({ traceId, service, text }) => `trace ${traceId} · ${service}\n${text}`)
  return [
    heading(data, paint, 'storm '),
    `  ${paint('dim', `${data.from} to ${data.to}`)}`,
    ...indented(`${data.count} signals, ${data.suppressed} of them not shown one by one; for example:`),
    ...samples.flatMap((sample) => indented(sample)),
    ...(data.runbook === undefined ? [] : indented(`runbook: ${data.runbook}`)),
  ]
}

function heading({ severity, signal }: RuleDescription, paint: Paint, mark: string): string {
  return `${mark}${paint(SEVERITY_STYLES[severity], severity.toUpperCase())} ${paint('bold', signal)}`
}

function indented(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split('\n').map((line) => `  ${visible(line)}`)
}

/** Spans can hold anything: control characters, which could rewrite the screen, are shown as escapes. */
function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** One CloudEvent on one line. */
export function eventLine({ event }: PendingSignal): string {
  return `${JSON.stringify(event)}\n`
}
