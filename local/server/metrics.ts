import type { Counted, Measured, Metrics } from '../../shared/pipeline/ports.ts'
import { visible } from '../../shared/text/visible.ts'
import type { Series } from './rule-series.ts'

/** Name and help of every counter, as `/metrics` shows them. */
const COUNTERS: { readonly [Name in keyof Counted]: readonly [name: string, help: string] } = {
  bytesReceived: ['betrace_bytes_received_total', 'Bytes of request bodies for traces, as sent.'],
  spansReceived: ['betrace_spans_received_total', 'Spans that were stored.'],
  spansRejected: ['betrace_spans_rejected_total', 'Spans that were refused, by reason.'],
  requests: ['betrace_requests_total', 'Requests for traces, by HTTP status.'],
  requestsRefused: ['betrace_requests_refused_total', 'Requests for traces answered with 503, by reason.'],
  chunksStored: ['betrace_chunks_stored_total', 'Chunks (one a trace and request) that were stored.'],
  chunksDropped: ['betrace_chunks_dropped_total', 'Chunks removed although they could not be judged.'],
  tracesJudged: ['betrace_traces_judged_total', 'Verdicts on traces, by completeness; a late span adds one.'],
  tracesReopened: ['betrace_traces_reopened_total', 'Verdicts on traces that were judged before.'],
  tracesLate: ['betrace_traces_late_total', 'Traces that got spans too late to be judged again.'],
  tracesHistory: [
    'betrace_traces_history_total',
    'Traces older than the judge window when they came: archived, not judged.',
  ],
  spansNotJudged: ['betrace_spans_not_judged_total', 'Spans too late, or beyond the size limits of their trace.'],
  tracesTruncated: ['betrace_traces_truncated_total', 'Verdicts on traces too large to be judged whole.'],
  tracesWaiting: [
    'betrace_traces_waiting_total',
    'Judgements that kept violations back for spans that may still end them.',
  ],
  tracesRescued: ['betrace_traces_rescued_total', 'Traces judged only when their spans were about to be removed.'],
  verdictsInconclusive: [
    'betrace_verdicts_inconclusive_total',
    'Rules whose judging was stopped on a trace, as they would take too many steps.',
  ],
  signals: ['betrace_signals_total', 'Status changes of signals.'],
  apiRequests: [
    'betrace_api_requests_total',
    'Requests about experiments, stop conditions, incidents and mutes, by HTTP status.',
  ],
  verdicts: ['betrace_verdicts_total', 'Verdicts on experiments, by outcome; a revision adds one.'],
  signalsFiring: ['betrace_signals_firing_total', 'Live signals that began to fire, by severity.'],
  signalsSuppressed: [
    'betrace_signals_suppressed_total',
    'Signals past the rate of their rule: stored, in their incident, and not published.',
  ],
  publishFailures: [
    'betrace_publish_failures_total',
    'Signals that could not be handed to a sink, and are tried again.',
  ],
  timers: ['betrace_timers_total', 'Timers handled, by what became of them.'],
  timerFailures: ['betrace_timer_failures_total', 'Timers whose handling failed, to be tried again.'],
  timersBuried: ['betrace_timers_buried_total', 'Timers set aside after their last attempt.'],
}

const HISTOGRAMS: { readonly [Name in Measured]: readonly [name: string, help: string] } = {
  judgeMs: ['betrace_judge_seconds', 'Time to judge one trace by all rules.'],
  ingestMs: ['betrace_ingest_seconds', 'Time to take in one request, until it is durable.'],
}

const BUCKETS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** Label sets kept for one counter; the label `rule` of what is beyond becomes `(other)`. */
const MAX_SERIES = 5_000

type Labels = Readonly<Record<string, string | number | boolean>>

interface Histogram {
  readonly buckets: number[]
  count: number
  sumSeconds: number
}

/** A value read when `/metrics` is asked for; a counter's name ends in `_total`. */
export interface MetricReading {
  readonly name: string
  readonly help: string
  readonly value: number
  readonly labels?: Labels
}

/** How `/metrics` is written: as Prometheus has read it from the start, or as OpenMetrics, where counts may have an example. */
export type MetricsFormat = 'prometheus' | 'openmetrics'

/** The `Content-Type` of each. */
export const METRICS_TYPES: { readonly [Format in MetricsFormat]: string } = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** OpenMetrics where the `Accept` header of a request names it with a quality above 0, as Prometheus does. */
export function metricsFormat(accept: string): MetricsFormat {
  const wanted = accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return type === 'application/openmetrics-text' && !parameters.some((each) => /^q=0(?:\.0*)?$/.test(each))
  })
  return wanted ? 'openmetrics' : 'prometheus'
}

/** Counters and histograms in memory, from the start of the process. */
export class PrometheusMetrics implements Metrics {
  private readonly counters = new Map<keyof Counted, Map<string, number>>()
  private readonly histograms = new Map<Measured, Histogram>()
  /** By series, the last trace that was counted there. */
  private readonly exemplars = new Map<string, string>()

  add<Name extends keyof Counted>(name: Name, labels: Counted[Name], amount = 1, traceId?: string): void {
    const series = this.counters.get(name) ?? new Map<string, number>()
    this.counters.set(name, series)
    const written = writeLabels(labels)
    const crowded = series.size >= MAX_SERIES && !series.has(written) && 'rule' in labels
    const key = crowded ? writeLabels({ ...labels, rule: '(other)' }) : written
    series.set(key, (series.get(key) ?? 0) + amount)
    if (traceId !== undefined) this.exemplars.set(`${name}${key}`, traceId)
  }

  observe(name: Measured, valueMs: number): void {
    const histogram = this.histograms.get(name) ?? { buckets: BUCKETS_SECONDS.map(() => 0), count: 0, sumSeconds: 0 }
    this.histograms.set(name, histogram)
    const seconds = valueMs / 1000
    histogram.count += 1
    histogram.sumSeconds += seconds
    for (const [index, bound] of BUCKETS_SECONDS.entries()) {
      if (seconds <= bound) histogram.buckets[index] = (histogram.buckets[index] ?? 0) + 1
    }
  }

  /** The sum of a counter over all its labels. */
  total(name: keyof Counted): number {
    let sum = 0
    for (const value of this.counters.get(name)?.values() ?? []) sum += value
    return sum
  }

  /**
   * Everything, and the given readings, as Prometheus reads it (text format 0.0.4), or as OpenMetrics 1.0. The series of `expected` that have not
   * been counted yet are 0; a counter shows no more of them than it keeps series.
   */
  render(
    readings: readonly MetricReading[],
    expected: readonly Series[] = [],
    format: MetricsFormat = 'prometheus',
  ): string {
    const lines: string[] = []
    const idle = Map.groupBy(expected, ({ name }) => name)
    for (const [key, [name, help]] of Object.entries(COUNTERS)) {
      lines.push(...heading(name, help, 'counter', format))
      const series = this.counters.get(key as keyof Counted)
      // A counter without labels is there from the start, so that its first increase is seen.
      if (series === undefined && !LABELLED.has(key)) lines.push(`${name} 0`)
      for (const [labels, value] of series ?? []) {
        const example = format === 'openmetrics' ? this.exemplarOf(`${key}${labels}`) : ''
        lines.push(`${name}${labels} ${value}${example}`)
      }
      for (const labels of idleAmong(idle.get(key as keyof Counted) ?? [], series)) lines.push(`${name}${labels} 0`)
    }
    for (const [key, [name, help]] of Object.entries(HISTOGRAMS)) {
      lines.push(...heading(name, help, 'histogram', format))
      lines.push(...renderHistogram(name, this.histograms.get(key as Measured), format))
    }
    const end = format === 'openmetrics' ? ['# EOF'] : []
    return `${[...lines, ...renderReadings(readings, format), ...end].join('\n')}\n`
  }

  private exemplarOf(series: string): string {
    const traceId = this.exemplars.get(series)
    return traceId === undefined ? '' : ` # {trace_id="${escapeLabel(traceId)}"} 1`
  }
}

const LABELLED: ReadonlySet<string> = new Set<keyof Counted>([
  'spansRejected',
  'requests',
  'requestsRefused',
  'tracesJudged',
  'signals',
  'apiRequests',
  'verdicts',
  'signalsFiring',
  'signalsSuppressed',
  'timers',
  'timerFailures',
])

function idleAmong(expected: readonly Series[], counted: ReadonlyMap<string, number> | undefined): readonly string[] {
  const written = expected.map(({ labels }) => writeLabels(labels)).filter((labels) => counted?.has(labels) !== true)
  return written.slice(0, Math.max(0, MAX_SERIES - (counted?.size ?? 0)))
}

function renderHistogram(name: string, histogram: Histogram | undefined, format: MetricsFormat): readonly string[] {
  const buckets = BUCKETS_SECONDS.map(
    (bound, index) => `${name}_bucket{le="${writeBound(bound, format)}"} ${histogram?.buckets[index] ?? 0}`,
  )
  const count = histogram?.count ?? 0
  return [
    ...buckets,
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${histogram?.sumSeconds ?? 0}`,
    `${name}_count ${count}`,
  ]
}

/** OpenMetrics writes each bound as a float, so that `1` and `1.0` are one. */
function writeBound(bound: number, format: MetricsFormat): string {
  return format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function renderReadings(readings: readonly MetricReading[], format: MetricsFormat): readonly string[] {
  const lines: string[] = []
  const headed = new Set<string>()
  for (const { name, help, value, labels } of readings) {
    if (!headed.has(name)) lines.push(...heading(name, help, name.endsWith('_total') ? 'counter' : 'gauge', format))
    headed.add(name)
    lines.push(`${name}${writeLabels(labels ?? {})} ${value}`)
  }
  return lines
}

function heading(name: string, help: string, type: string, format: MetricsFormat): readonly string[] {
  // There a counter is named without its suffix, which belongs to its samples.
  const family = format === 'openmetrics' ? name.replace(/_total$/, '') : name
  return [`# HELP ${family} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${family} ${type}`]
}

function writeLabels(labels: Labels): string {
  const written = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(String(value))}"`)
  return written.length === 0 ? '' : `{${written.join(',')}}`
}

function escapeLabel(text: string): string {
  const lines = text.split('\n').map((line) => visible(line).replaceAll('\\', '\\\\').replaceAll('"', '\\"'))
  return lines.join('\\n')
}
