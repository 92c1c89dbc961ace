import type { ExperimentDetail } from '../../../shared/experiments/api.ts'
import type { IncidentDetail, MuteView } from '../../../shared/incidents/api/views.ts'
import type { ExperimentVerdict } from '../../../shared/pipeline/experiment-verdict.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import type { ReplayReport } from '../../../shared/replay/report.ts'

/*
 * What a server, a function or a topic may send that lies, or passes on what others told it: a text wherever one may be,
 * and in place of numbers and names that are ours.
 */

/** In place of whatever a type promises. */
const anything = <Type = never>(text: string) => text as Type

function lyingVerdict(text: string): ExperimentVerdict & { readonly revision: number } {
  const sample = { traceId: text, time: text, service: text, text }
  const rule = {
    rule: text,
    severity: anything(text),
    expected: true,
    shadow: false,
    exercised: anything(text),
    violated: 2,
    before: { exercised: anything(text), violated: anything(text) },
    change: anything(text),
    first: text,
    blind: anything(text),
    absent: lyingAbsence(text),
    samples: [sample],
  }
  const rules = (['HELD', 'VIOLATED', 'NOT EXERCISED', 'blind', 'held', text] as const).map((verdict) => ({
    ...rule,
    verdict: anything(verdict),
  }))
  return {
    experiment: { ...lyingExperiment(text), state: anything(text), cut: true },
    from: text,
    to: text,
    services: [text],
    outcome: 'violated',
    traces: anything(text),
    signals: anything(text),
    rules,
    unknownRules: [text],
    before: { from: text, to: text, traces: anything(text) },
    failures: [{ key: text, reason: text }],
    revision: 1,
  } as ExperimentVerdict & { readonly revision: number }
}

function lyingExperiment(text: string) {
  return {
    id: text,
    name: `${text} name`,
    source: anything(text),
    labels: { [text]: text },
    outcome: text,
    clockSkew: true,
  }
}

export function lyingDetail(text: string): ExperimentDetail {
  return {
    ...lyingExperiment(text),
    state: anything(text),
    start: text,
    end: null,
    window: { from: text, to: text, cut: true },
    services: [text],
    rules: [text],
    tolerate: { [text]: 0.5 },
    baselineAgoMs: null,
    verdict: lyingVerdict(text),
  }
}

export function lyingIncident(text: string): IncidentDetail {
  const trace = { traceId: text, spanId: text, service: text, at: text, text, link: text }
  const delivery = { notifiedAt: text, traces: anything(text), attempts: anything(text), failure: text }
  const states = ['none', 'waiting', 'muted', 'notified', 'flooded', 'ended', 'failing', 'refused', text] as const
  const deliveries = states.map((state) => ({
    ...delivery,
    receiver: text,
    state: anything(state),
    nextAt: text,
    mute: text,
  }))
  return {
    id: text,
    state: anything(text),
    rule: text,
    severity: anything(text),
    group: { name: text, value: text },
    service: text,
    owner: text,
    tags: [text],
    openedAt: text,
    endedAt: text,
    ended: anything(text),
    hand: { by: text, why: text },
    opening: anything(text),
    reopened: anything(text),
    traces: anything(text),
    tracesIsAtLeast: true,
    receivers: deliveries,
    mute: { id: text, until: text, why: text },
    description: text,
    runbook: text,
    experiments: [text],
    first: trace,
    latest: [trace],
    exercise: { exercised: anything(text), held: anything(text), last: text },
    related: [{ id: text, rule: text }],
    deliveries,
    text: {
      headline: text,
      title: text,
      sentences: [text],
      evidence: { heading: text, lines: [text] },
      facts: [{ name: text, value: text }],
      links: [{ title: text, url: text }],
    },
  }
}

export function lyingMute(text: string): MuteView {
  const state = anything<MuteView['state']>(text)
  return { id: text, state, source: anything(text), when: text, until: text, madeAt: text, why: text, by: text }
}

export function lyingSignal(text: string): SignalEvent {
  const evidence = { text, clauses: [], truncated: false }
  return {
    specversion: '1.0',
    id: text,
    source: text,
    type: 'dev.betrace.signal.firing',
    subject: text,
    time: text,
    datacontenttype: 'application/json',
    signalid: text,
    mode: anything(text),
    status: 'firing',
    sequence: anything(text),
    data: {
      signal: text,
      severity: anything(text),
      description: text,
      ruleDescription: text,
      runbook: text,
      owner: text,
      tags: [text],
      ruleRevision: text,
      traceId: text,
      service: text,
      complete: false,
      evidence,
      experiments: [text],
    },
  }
}

/** Signals and a verdict, as the topic sends them. */
export function lyingEvents(text: string): readonly object[] {
  const { data, ...head } = lyingSignal(text)
  const { signalid: _, status: __, ...event } = head
  return [
    { ...head, data },
    { ...head, status: 'retracted', data },
    { ...event, type: 'dev.betrace.experiment.verdict', data: lyingVerdict(text) },
  ]
}

/** What a rule looked for in vain. */
function lyingAbsence(text: string) {
  return [{ attribute: text, spans: text, event: text, asked: anything(text), nearest: text }]
}

export function lyingReport(text: string): ReplayReport {
  const rule = { rule: text, revision: text, severity: anything(text), shadow: true, first: text, last: text }
  const counts = { judged: 5, violated: 3, satisfied: 1, vacuous: 1, inconclusive: 1, blind: 2 }
  const hours = [{ hour: '2026-01-01T00:00:00.000Z', violated: 3 }]
  const samples = [{ ...lyingSignal(text).data, time: text }]
  return {
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-02T00:00:00.000Z',
    archivedThrough: text,
    traces: anything(text),
    rules: [{ ...rule, ...counts, hours, samples, absent: lyingAbsence(text) }],
    objects: anything({
      spansScanned: text,
      spansSkipped: text,
      bytesScanned: 1,
      bytesSkipped: 1,
      replaced: text,
    } as unknown as string),
    failures: [{ key: text, reason: text }],
  }
}
