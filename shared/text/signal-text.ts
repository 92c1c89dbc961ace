import { styleText } from 'node:util'
import type { PendingSignal } from '../pipeline/ports.ts'
import {
  HOLDS_BY_NOW,
  type PublishedEvent,
  type RuleDescription,
  type SignalData,
  type SignalEvent,
} from '../pipeline/signal.ts'
import type { Paint, Style } from './paint.ts'
import { verdictLines } from './verdict-text.ts'
import { jsonText, visible, visibleLines } from './visible.ts'

/** By severity; what another release sends may have none. */
export const SEVERITY_STYLES: ReadonlyMap<string, Style> = new Map<RuleDescription['severity'], Style>([
  ['critical', ['bold', 'red']],
  ['high', 'red'],
  ['medium', 'yellow'],
  ['low', 'cyan'],
  ['info', 'blue'],
])

/** An event for people to read: what fired, where, why and what to do; ends with an empty line. */
export function eventText(event: PublishedEvent, colour: boolean): string {
  const paint: Paint = (style, text) =>
    colour && style !== undefined ? styleText(style, text, { validateStream: false }) : text
  const lines = linesOf(event, paint)
  return visibleLines(`${lines.join('\n')}\n\n`, { styles: colour })
}

function linesOf(event: PublishedEvent, paint: Paint): readonly string[] {
  if (event.type === 'dev.betrace.experiment.verdict') return verdictLines(event.data, paint)
  return eventLines(event, paint)
}

function eventLines(event: SignalEvent, paint: Paint): readonly string[] {
  const { data, status, time } = event
  const mark = { firing: '', retracted: 'retracted ', updated: 'updated ' }[status]
  const why = status === 'retracted' ? HOLDS_BY_NOW : data.evidence.text
  return signalLines(data, paint, { mark, time, why })
}

/** What is said beside the content of a signal. */
interface Remarks {
  /** Before the severity. */
  readonly mark?: string
  readonly time?: string
  /** Beside the trace id. */
  readonly notes?: readonly string[]
  /** Instead of the evidence. */
  readonly why?: string
}

/** A signal for people to read, line by line: what fired, where, why and what to do. */
export function signalLines(data: SignalData, paint: Paint, remarks: Remarks = {}): readonly string[] {
  const { mark = '', time, notes = [], why = data.evidence.text } = remarks
  const facts = [visible(`trace ${data.traceId}`), visible(data.service), data.complete ? '' : 'incomplete', ...notes]
  return [
    `${heading(data, paint, mark)}${time === undefined ? '' : `  ${paint('dim', visible(time))}`}`,
    `  ${paint('dim', facts.filter((fact) => fact !== '').join(' · '))}`,
    ...indented(data.ruleDescription),
    ...indented(why),
    ...(data.runbook === undefined ? [] : indented(visible(`runbook: ${data.runbook}`))),
  ]
}

function heading(
  { severity, signal }: Pick<RuleDescription, 'severity' | 'signal'>,
  paint: Paint,
  mark: string,
): string {
  return `${mark}${paint(SEVERITY_STYLES.get(severity), visible(severity.toUpperCase()))} ${paint('bold', visible(signal))}`
}

function indented(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split('\n').map((line) => `  ${visible(line)}`)
}

/** One CloudEvent on one line. */
export function eventLine({ event }: PendingSignal): string {
  return `${jsonText(event)}\n`
}
