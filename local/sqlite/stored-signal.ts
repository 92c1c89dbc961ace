import type { PendingSignal } from '../../shared/pipeline/ports.ts'
import type { SignalData, SignalEvent } from '../../shared/pipeline/signal.ts'
import type { ClauseEvidence } from '../../shared/rules/judge/verdict.ts'
import type { Database, Row } from './database.ts'

const HOUR_MS = 3_600_000

/** The text of a signal whose evidence was not kept. */
const NOT_KEPT = 'the evidence was not kept; betrace explain works it out again from the trace'

/** What is kept beside a signal, as long as it is kept. */
type Text = Pick<SignalData, 'description' | 'evidence'>

export interface Keeping {
  /** The signal is still to be written to a file of JSON lines. */
  readonly line: boolean
  /** It is still to be copied to the archive. */
  readonly copy: boolean
  /** Signals of a rule, status and hour that are kept whole before only each at a power of two is. */
  readonly firstSamples: number
}

/** Signals are written nowhere else. */
export const KEPT_HERE_ALONE: Keeping = { line: false, copy: false, firstSamples: 10 }

/**
 * Stores a signal and counts it, as part of the write under way; one that is stored already changes nothing. A signal in
 * shadow mode outside of the samples is only counted, unless an earlier status of it is stored. A live signal outside of
 * the samples keeps its text until its line and its copy are written.
 */
export function storeSignal(database: Database, { event, shadow }: PendingSignal, keeping: Keeping): void {
  if (database.get('SELECT 1 FROM signals WHERE event_id = ?', event.id) !== undefined) return
  const isSample = isSampled(countSignal(database, event, shadow), keeping.firstSamples)
  if (shadow && !isSample && !isKnown(database, event.signalid)) return
  const { signal, severity, traceId, description, evidence } = event.data
  const hasText = evidence.text !== ''
  const lined = keeping.line && !shadow ? 0 : 1
  const archived = keeping.copy ? 0 : 1
  database.run(
    `INSERT INTO signals (event_id, time_ms, rule, severity, trace_id, shadow, event, lined, archived)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[event.id, Date.parse(event.time), signal, severity, traceId, shadow ? 1 : 0],
    ...[JSON.stringify(hasText ? withoutText(event) : event), lined, archived],
  )
  if (!hasText || (!isSample && lined === 1 && archived === 1)) return
  const sql = 'INSERT INTO signal_evidence (event_id, sample, evidence) VALUES (?, ?, ?)'
  database.run(sql, event.id, isSample ? 1 : 0, JSON.stringify({ description, evidence } satisfies Text))
}

/** Rows of `signals` with their texts, to be ended with conditions on `signals`. */
export const WITH_TEXT = `SELECT signals.rowid AS id, signals.event_id, event, shadow, evidence
  FROM signals LEFT JOIN signal_evidence ON signal_evidence.event_id = signals.event_id`

/** The signal of a row of `WITH_TEXT`. */
export function signalOf({ event, shadow, evidence }: Row): PendingSignal {
  const stored = JSON.parse(String(event)) as SignalEvent
  const { data } = stored
  const text =
    typeof evidence === 'string' ? (JSON.parse(evidence) as Text) : data.description === '' ? textInstead(data) : {}
  return { event: { ...stored, data: { ...data, ...text } }, shadow: shadow === 1 }
}

function textInstead({ ruleDescription, evidence }: SignalData): Text {
  const description = ruleDescription === undefined ? NOT_KEPT : `${ruleDescription}\n${NOT_KEPT}`
  return { description, evidence: { ...evidence, text: NOT_KEPT } }
}

/** Drops the texts of signals that are no samples and whose line and copy are written, as part of the write under way. */
export function dropWrittenTexts(database: Database, eventIds: readonly string[]): void {
  const sql = `DELETE FROM signal_evidence WHERE event_id = ? AND sample = 0
    AND EXISTS (SELECT 1 FROM signals WHERE signals.event_id = signal_evidence.event_id AND lined = 1 AND archived = 1)`
  for (const eventId of eventIds) database.run(sql, eventId)
}

/** Counts a signal among those of its rule, hour and status; returns how many these are. */
function countSignal(database: Database, { time, status, data }: SignalEvent, shadow: boolean): number {
  const sql = `INSERT INTO signal_counts (hour_ms, rule, status, shadow, count) VALUES (?, ?, ?, ?, 1)
    ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count`
  const hourMs = Math.floor(Date.parse(time) / HOUR_MS) * HOUR_MS
  return Number(database.get(sql, hourMs, data.signal, status, shadow ? 1 : 0)?.count)
}

function isSampled(count: number, firstSamples: number): boolean {
  return count <= firstSamples || Number.isInteger(Math.log2(count))
}

/** An earlier status of the signal is stored: without this one it would look as if that still held. */
function isKnown(database: Database, signalId: string): boolean {
  // Event ids go on with a dot, and `/` is the character after it.
  const sql = 'SELECT 1 FROM signals WHERE event_id > ? AND event_id < ?'
  return database.get(sql, `${signalId}.`, `${signalId}/`) !== undefined
}

/** Keeps of the evidence which spans broke the rule. */
function withoutText(event: SignalEvent): SignalEvent {
  const clauses = event.data.evidence.clauses.filter(({ spans }) => spans.length > 0).map(witnesses)
  return { ...event, data: { ...event.data, description: '', evidence: { text: '', clauses, truncated: true } } }
}

function witnesses({ block, depth, holds, spans, spanCount, nearMissCount }: ClauseEvidence): ClauseEvidence {
  const ids = spans.map(({ spanId, name, service }) => ({ spanId, name, service, values: {} }))
  return { block, depth, clause: '', holds, seen: '', spans: ids, spanCount, nearMisses: [], nearMissCount }
}
