import type { CheckedRule, Severity } from '../rules/ast.ts'
import { renderEvidence } from '../rules/evidence/render.ts'
import type { Evidence, Verdict } from '../rules/judge/verdict.ts'
import type { Span, Trace } from '../trace/span.ts'
import type { ExperimentVerdict } from './experiment-verdict.ts'
import { hash } from './hash.ts'

export type SignalStatus = 'firing' | 'retracted' | 'updated'
export type SignalMode = 'live' | 'replay'

/** What a signal says of its rule. */
export interface RuleDescription {
  readonly signal: string
  readonly severity: Severity
  readonly description?: string
  readonly runbook?: string
  readonly owner?: string
  readonly tags: readonly string[]
}

/** The attribute that a rule groups its incidents by, and its value on the trace: at most 200 characters, `(none)` where it is missing. */
export interface SignalGroup {
  readonly name: string
  readonly value: string
}

/** Why the rule fired: a text a person reads, and the same as data; together at most 16 KiB of JSON. */
interface SignalEvidence extends Evidence {
  readonly text: string
}

export interface SignalData extends Omit<RuleDescription, 'description'> {
  /** For a pager: what the rule is about, then why it fired, the evidence's text, cut after about 2,000 characters. */
  readonly description: string
  /** What the rule is about, in its author's words. */
  readonly ruleDescription?: string
  readonly ruleRevision: string
  readonly traceId: string
  /** Service of the first witness span, else of the root, else of the first span. */
  readonly service: string
  /** Of a rule with `Group`: which of its incidents the signal belongs to. */
  readonly group?: SignalGroup
  /** Of a signal that does not begin to fire now: when it last began; RFC 3339, UTC. */
  readonly firedAt?: string
  /** False where the trace lacked spans when it was judged. */
  readonly complete: boolean
  readonly evidence: SignalEvidence
  /** Ids of the experiments during which the trace ran; left out if it ran during none. */
  readonly experiments?: readonly string[]
}

/** The CloudEvents 1.0 attributes every event of ours has (JSON format). */
interface CloudEvent<Type extends string, Data> {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: Type
  readonly subject: string
  /** RFC 3339, UTC. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly data: Data
}

/** One status change of one signal; of events with one `signalid` and `mode` the highest `sequence` holds. */
export interface SignalEvent extends CloudEvent<`dev.betrace.signal.${SignalStatus}`, SignalData> {
  /** Hash of trace id, rule name and rule revision. */
  readonly signalid: string
  readonly mode: SignalMode
  readonly status: SignalStatus
  /** 1, 2, 3 … with each status change. */
  readonly sequence: number
}

/** Whether the invariants held during an experiment; a revision of the verdict has a greater `sequence`. */
export interface VerdictEvent extends CloudEvent<'dev.betrace.experiment.verdict', ExperimentVerdict> {
  readonly mode: 'replay'
  readonly sequence: number
}

export type PublishedEvent = SignalEvent | VerdictEvent

/** Where and how an event comes to be. */
export interface EventContext {
  readonly source: string
  readonly mode: SignalMode
  readonly nowMs: number
  /** Experiments during which the trace ran. */
  readonly experiments?: readonly string[]
}

/** The identity of a signal: one a trace, rule name and rule revision (32 hex digits of a SHA-256). */
export function signalId(traceId: string, rule: string, ruleRevision: string): string {
  return hash(['signal', traceId, rule, ruleRevision])
}

/** A status of a signal, and its state from then on. */
export interface SignalChange {
  readonly status: SignalStatus
  /** `sequence` counts the statuses of the signal from 1; `firedAtMs` is when it last began to fire. */
  readonly state: { readonly sequence: number; readonly firedAtMs?: number }
}

/** The event that says a signal has a new status. */
export function signalEvent(
  trace: Trace,
  verdict: Verdict,
  { status, state: { sequence, firedAtMs } }: SignalChange,
  context: EventContext,
): SignalEvent {
  const { rule } = verdict
  const firedAt = status === 'firing' || firedAtMs === undefined ? {} : { firedAt: new Date(firedAtMs).toISOString() }
  const { experiments = [] } = context
  const signalid = signalId(trace.traceId, rule.name, rule.revision)
  return {
    specversion: '1.0',
    id: `${signalid}.${context.mode}.${sequence}`,
    source: context.source,
    type: `dev.betrace.signal.${status}`,
    subject: trace.traceId,
    time: new Date(context.nowMs).toISOString(),
    datacontenttype: 'application/json',
    signalid,
    mode: context.mode,
    status,
    sequence,
    data: { ...signalData(trace, verdict), ...firedAt, ...(experiments.length === 0 ? {} : { experiments }) },
  }
}

/** The event of a violation that a replay found; `runId` sets it apart from those of other runs and from the live one. */
export function replayedEvent(data: SignalData, runId: string, context: Omit<EventContext, 'mode'>): SignalEvent {
  const signalid = signalId(data.traceId, data.signal, data.ruleRevision)
  return {
    specversion: '1.0',
    id: `${signalid}.replay.${runId}`,
    source: context.source,
    type: 'dev.betrace.signal.firing',
    subject: data.traceId,
    time: new Date(context.nowMs).toISOString(),
    datacontenttype: 'application/json',
    signalid,
    mode: 'replay',
    status: 'firing',
    sequence: 1,
    data,
  }
}

/** What a violated verdict says, apart from when and how often it was said; of another one, that its rule holds by now. */
export function signalData(trace: Trace, verdict: Verdict): SignalData {
  const { rule } = verdict
  const { description, ...described } = describeRule(rule)
  const evidence = signalEvidence(verdict)
  return {
    ...described,
    description: pagerText(description, verdict.outcome === 'violated' ? evidence.text : HOLDS_BY_NOW),
    ...(description === undefined ? {} : { ruleDescription: description }),
    ruleRevision: rule.revision,
    traceId: trace.traceId,
    service: serviceOf(trace, verdict),
    ...(rule.metadata.group !== undefined && { group: groupIn(trace, verdict, rule.metadata.group) }),
    complete: trace.complete,
    evidence,
  }
}

/** Why a signal is retracted. */
export const HOLDS_BY_NOW = 'the rule holds by now'
const PAGER_CHARACTERS = 2_000

/** Whole lines, as many as fit. */
function pagerText(about: string | undefined, why: string): string {
  const lines = why.split('\n')
  let fitting = 0
  let characters = 0
  for (const { length } of lines) {
    characters += length + 1
    if (characters > PAGER_CHARACTERS) break
    fitting++
  }
  const [first = ''] = lines
  const start = fitting === 0 ? [`${first.slice(0, PAGER_CHARACTERS).toWellFormed()}…`] : lines.slice(0, fitting)
  const left = lines.length - start.length
  const shown = left > 0 ? [...start, `… ${left} more ${left === 1 ? 'line' : 'lines'}`] : start
  return [...(about === undefined ? [] : [about]), ...shown].filter((line) => line !== '').join('\n')
}

function signalEvidence({ evidence = { clauses: [], truncated: false } }: Verdict): SignalEvidence {
  return { text: renderEvidence(evidence).join('\n'), ...evidence }
}

function describeRule(rule: CheckedRule): RuleDescription {
  const { description, runbook, owner, tags } = rule.metadata
  return {
    signal: rule.name,
    severity: rule.severity,
    ...(description === undefined ? {} : { description }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(owner === undefined ? {} : { owner }),
    tags,
  }
}

const GROUP_CHARACTERS = 200

/** The attribute of the first witness span, else of its resource, else of the root span or its resource. */
function groupIn(trace: Trace, verdict: Verdict, name: string): SignalGroup {
  const witness = verdict.evidence?.clauses.flatMap((clause) => clause.spans)[0]
  const span = witness && trace.spans.find(({ spanId }) => spanId === witness.spanId)
  const value = valueOn(span, name) ?? valueOn(rootOf(trace), name)
  const text = typeof value === 'string' ? value : value === undefined ? '' : String(value)
  return { name, value: text === '' ? '(none)' : text.slice(0, GROUP_CHARACTERS).toWellFormed() }
}

function valueOn(span: Span | undefined, name: string): unknown {
  return span?.attributes.get(name) ?? span?.resource.get(name)
}

function rootOf(trace: Trace): Span | undefined {
  return trace.spans.find((candidate) => candidate.parentSpanId === '') ?? trace.spans[0]
}

function serviceOf(trace: Trace, verdict: Verdict): string {
  const witness = verdict.evidence?.clauses.flatMap((clause) => clause.spans)[0]
  if (witness !== undefined) return witness.service
  const service = rootOf(trace)?.resource.get('service.name')
  return typeof service === 'string' ? service : ''
}
