import { describe, expect, test } from 'vitest'
import { metricsFormat, PrometheusMetrics } from '../../../local/server/metrics.ts'
import type { Series } from '../../../local/server/rule-series.ts'

const lines = (metrics: PrometheusMetrics, start: string) =>
  metrics
    .render([])
    .split('\n')
    .filter((line) => line.startsWith(start))

const SIGNAL = { severity: 'high', status: 'firing', mode: 'live', shadow: false } as const

describe('the metrics page', () => {
  test('names, explains and types every metric before its values, and ends with a line feed', () => {
    const metrics = new PrometheusMetrics()
    metrics.add('spansRejected', { reason: 'throttled' }, 3)
    const page = metrics.render([{ name: 'betrace_rules_loaded', help: 'Rules.', value: 4 }])
    expect(page).toContain(
      [
        '# HELP betrace_spans_rejected_total Spans that were refused, by reason.',
        '# TYPE betrace_spans_rejected_total counter',
        'betrace_spans_rejected_total{reason="throttled"} 3',
      ].join('\n'),
    )
    expect(
      page.endsWith('# HELP betrace_rules_loaded Rules.\n# TYPE betrace_rules_loaded gauge\nbetrace_rules_loaded 4\n'),
    ).toBe(true)
    for (const line of page.trimEnd().split('\n')) {
      expect(line).toMatch(/^# (HELP|TYPE) [a-z_]+ .+$|^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$/)
    }
  })

  test('adds up what has the same labels', () => {
    const metrics = new PrometheusMetrics()
    metrics.add('tracesJudged', { complete: true })
    metrics.add('tracesJudged', { complete: false })
    metrics.add('tracesJudged', { complete: true }, 2)
    expect(lines(metrics, 'betrace_traces_judged_total')).toEqual([
      'betrace_traces_judged_total{complete="true"} 3',
      'betrace_traces_judged_total{complete="false"} 1',
    ])
    expect(metrics.total('tracesJudged')).toBe(4)
  })

  test('escapes what labels must not hold', () => {
    const metrics = new PrometheusMetrics()
    metrics.add('spansRejected', { reason: 'a "quote", a \\ and a\nline' })
    expect(lines(metrics, 'betrace_spans_rejected_total')).toEqual([
      String.raw`betrace_spans_rejected_total{reason="a \"quote\", a \\ and a\nline"} 1`,
    ])
  })

  test('has cumulative buckets in seconds', () => {
    const metrics = new PrometheusMetrics()
    for (const ms of [0.05, 1, 3, 20_000]) metrics.observe('judgeMs', ms)
    expect(lines(metrics, 'betrace_judge_seconds')).toEqual(
      expect.arrayContaining([
        'betrace_judge_seconds_bucket{le="0.0001"} 1',
        'betrace_judge_seconds_bucket{le="0.001"} 2',
        'betrace_judge_seconds_bucket{le="0.005"} 3',
        'betrace_judge_seconds_bucket{le="10"} 3',
        'betrace_judge_seconds_bucket{le="+Inf"} 4',
        'betrace_judge_seconds_sum 20.00405',
        'betrace_judge_seconds_count 4',
      ]),
    )
  })

  test('shows expected series at 0 until they are counted, up to 5,000 of a counter', () => {
    const metrics = new PrometheusMetrics()
    metrics.add('signals', { ...SIGNAL, rule: 'R1' })
    const expected = Array.from({ length: 6_000 }, (_, rule): Series => {
      return { name: 'signals', labels: { ...SIGNAL, rule: `R${rule}` } }
    })
    const page = metrics.render([], expected).split('\n')
    const series = page.filter((line) => line.startsWith('betrace_signals_total'))
    expect(series).toHaveLength(5_000)
    expect(series.slice(0, 3)).toEqual(
      [/"R1"\} 1$/, /"R0"\} 0$/, /"R2"\} 0$/].map((written) => expect.stringMatching(written)),
    )
  })

  test('keeps 5,000 series of a counter apart by rule, and counts the rest together', () => {
    const metrics = new PrometheusMetrics()
    for (let rule = 0; rule < 5_010; rule++) metrics.add('signals', { ...SIGNAL, rule: `R${rule}` })
    const series = lines(metrics, 'betrace_signals_total')
    expect(series).toHaveLength(5_001)
    expect(series.at(-1)).toMatch(/rule="\(other\)".* 10$/)
    expect(metrics.total('signals')).toBe(5_010)
  })
})

describe('OpenMetrics', () => {
  test('names counters without their suffix, writes bounds as floats and ends with EOF', () => {
    const metrics = new PrometheusMetrics()
    metrics.add('spansReceived', {}, 3)
    const page = metrics.render([{ name: 'betrace_lost_spans_total', help: 'Lost.', value: 2 }], [], 'openmetrics')
    expect(page).toContain('# TYPE betrace_spans_received counter\nbetrace_spans_received_total 3\n')
    expect(page).toContain('# TYPE betrace_lost_spans counter\nbetrace_lost_spans_total 2\n')
    expect(page).toContain('betrace_judge_seconds_bucket{le="0.5"} 0\nbetrace_judge_seconds_bucket{le="1.0"} 0\n')
    expect(page.endsWith('\n# EOF\n')).toBe(true)
  })

  test('shows the last trace of each series of signals; the text of Prometheus has no place for it', () => {
    const metrics = new PrometheusMetrics()
    const labels = { rule: 'R', severity: 'high', status: 'firing', mode: 'live', shadow: false } as const
    metrics.add('signals', labels, 1, 'a'.repeat(32))
    metrics.add('signals', labels, 1, 'b'.repeat(32))
    const series = 'betrace_signals_total{rule="R",severity="high",status="firing",mode="live",shadow="false"} 2'
    expect(metrics.render([], [], 'openmetrics')).toContain(`${series} # {trace_id="${'b'.repeat(32)}"} 1\n`)
    expect(metrics.render([])).toContain(`${series}\n`)
  })

  test.each([
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3', 'openmetrics'],
    ['Application/OpenMetrics-Text', 'openmetrics'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['text/plain', 'prometheus'],
    ['*/*', 'prometheus'],
    ['', 'prometheus'],
  ])('is given where it is asked for: %s', (accept, format) => {
    expect(metricsFormat(accept)).toBe(format)
  })
})
