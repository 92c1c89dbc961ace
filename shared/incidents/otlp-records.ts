import { hash } from '../pipeline/hash.ts'
import type { SignalEvent } from '../pipeline/signal.ts'
import type { Severity } from '../rules/ast.ts'
import { cutText } from './cut-text.ts'
import { incidentStatus } from './incident-event.ts'
import type { Notice, WitnessTrace } from './notice.ts'
import { incidentText } from './text/incident-text.ts'
import { plainText } from './text/plain-text.ts'

/*
 * Signals and incidents in OTLP/JSON: ids in hexadecimal, times as text of nanoseconds, and enums as numbers, which a
 * Collector insists on.
 */

interface KeyValue {
  readonly key: string
  readonly value: { readonly stringValue: string } | { readonly intValue: string } | { readonly boolValue: boolean }
}

/** A log record that is an event, since it has an `eventName`. */
export interface OtlpLogRecord {
  readonly timeUnixNano: string
  readonly observedTimeUnixNano: string
  readonly severityNumber: number
  readonly severityText: string
  readonly eventName: 'betrace.signal' | 'betrace.incident'
  readonly body: { readonly stringValue: string }
  readonly attributes: readonly KeyValue[]
  readonly traceId?: string
  readonly spanId?: string
}

/** FATAL (21 and above) is for a process that crashed. */
const SEVERITY_NUMBERS: Readonly<Record<Severity, number>> = { critical: 19, high: 17, medium: 13, low: 11, info: 9 }
const MAX_TEXT = 1_000
const MAX_BODY = 8_000

/** A status of a signal as an event at its first witness span. */
export function signalLogRecord(event: SignalEvent, observedMs: number): OtlpLogRecord {
  const { data } = event
  const witness = data.evidence.clauses.flatMap(({ spans }) => spans)[0]
  return {
    timeUnixNano: nanos(Date.parse(event.time)),
    observedTimeUnixNano: nanos(observedMs),
    severityNumber: event.status === 'retracted' ? SEVERITY_NUMBERS.info : SEVERITY_NUMBERS[data.severity],
    severityText: data.severity,
    eventName: 'betrace.signal',
    body: { stringValue: cutText(data.description, MAX_BODY) },
    attributes: attributesOf({
      'betrace.rule': data.signal,
      'betrace.signal.id': event.signalid,
      'betrace.signal.status': event.status,
      'betrace.signal.mode': event.mode,
      'betrace.signal.complete': data.complete,
      'betrace.owner': data.owner,
      'betrace.runbook': data.runbook,
      'betrace.service': data.service,
    }),
    ...idsOf(data.traceId, witness?.spanId),
  }
}

/** A state of an incident as an event at the trace that opened it. */
export function incidentLogRecord(notice: Notice, observedMs: number): OtlpLogRecord {
  const isOver = notice.change === 'resolved'
  return {
    timeUnixNano: nanos(isOver ? (notice.endedAtMs ?? notice.nowMs) : notice.nowMs),
    observedTimeUnixNano: nanos(observedMs),
    severityNumber: isOver ? SEVERITY_NUMBERS.info : SEVERITY_NUMBERS[notice.severity],
    severityText: notice.severity,
    eventName: 'betrace.incident',
    body: { stringValue: cutText(plainText(incidentText(notice)), MAX_BODY) },
    attributes: incidentAttributes(notice),
    ...idsOf(notice.first.traceId, notice.first.spanId),
  }
}

/** An opening that has ended as a span of a trace of its own, with links to the witnesses; never part of their traces. */
export function incidentSpan(notice: Notice): object {
  const witnesses = new Map(
    [notice.first, ...notice.latest].map((trace) => [`${trace.traceId} ${trace.spanId}`, trace]),
  )
  return {
    // The same whenever the same is sent again; the openings of an episode share a trace.
    traceId: hash(['incident', notice.incidentId]),
    spanId: hash(['opening', notice.dedupKey]).slice(0, 16),
    name: `incident ${cutText(notice.rule, MAX_TEXT)}`,
    kind: 1,
    startTimeUnixNano: nanos(notice.openedAtMs),
    endTimeUnixNano: nanos(Math.max(notice.endedAtMs ?? notice.nowMs, notice.openedAtMs)),
    attributes: incidentAttributes(notice),
    links: [...witnesses.values()].flatMap(linkOf),
  }
}

/** Of a witness span that is known. */
function linkOf({ traceId, spanId, service }: WitnessTrace): readonly object[] {
  const ids = idsOf(traceId, spanId)
  return 'spanId' in ids ? [{ ...ids, attributes: attributesOf({ 'betrace.service': service }) }] : []
}

function incidentAttributes(notice: Notice): readonly KeyValue[] {
  return attributesOf({
    'betrace.rule': notice.rule,
    'betrace.incident.id': notice.incidentId,
    'betrace.incident.status': incidentStatus(notice),
    'betrace.incident.ended': notice.ended,
    'betrace.incident.opening': notice.opening,
    'betrace.incident.traces': notice.count,
    'betrace.incident.group': notice.group?.value,
    'betrace.owner': notice.owner,
    'betrace.runbook': notice.runbook,
    'betrace.service': notice.service,
  })
}

function attributesOf(values: Readonly<Record<string, string | number | boolean | undefined>>): readonly KeyValue[] {
  return Object.entries(values).flatMap(([key, value]): readonly KeyValue[] => {
    if (value === undefined || value === '') return []
    if (typeof value === 'boolean') return [{ key, value: { boolValue: value } }]
    if (typeof value === 'number') return [{ key, value: { intValue: String(Math.trunc(value)) } }]
    return [{ key, value: { stringValue: cutText(value, MAX_TEXT) } }]
  })
}

/** Ids as OTLP has them; none that it would refuse. */
function idsOf(traceId: string, spanId: string | undefined): { readonly traceId?: string; readonly spanId?: string } {
  if (!/^(?!0*$)[\da-f]{32}$/i.test(traceId)) return {}
  return spanId !== undefined && /^(?!0*$)[\da-f]{16}$/i.test(spanId) ? { traceId, spanId } : { traceId }
}

function nanos(ms: number): string {
  return Number.isFinite(ms) && ms > 0 ? (BigInt(Math.floor(ms)) * 1_000_000n).toString() : '0'
}
