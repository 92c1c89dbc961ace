import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InputError } from '../../shared/errors.ts'
import { type TraceLinkSetting, traceLink } from '../../shared/incidents/links.ts'
import { anyUnits } from './notices.ts'

const TRACE = {
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  startMs: 1_764_417_845_123,
  endMs: 1_764_417_846_001,
}
const { spanId: _, ...SPANLESS } = TRACE

const PRESETS: readonly (readonly [TraceLinkSetting, string])[] = [
  [
    { preset: 'jaeger', base: 'https://jaeger.example/' },
    `https://jaeger.example/trace/${TRACE.traceId}?uiFind=${TRACE.spanId}`,
  ],
  [{ preset: 'zipkin', base: 'http://localhost:9411' }, `http://localhost:9411/zipkin/traces/${TRACE.traceId}`],
  [
    { preset: 'datadog' },
    `https://app.datadoghq.com/apm/trace/${TRACE.traceId}?spanID=17213210219539181940&timeHint=1764417845123`,
  ],
  [
    { preset: 'honeycomb', team: 'my team', environment: 'prod', dataset: 'shop' },
    `https://ui.honeycomb.io/my%20team/environments/prod/datasets/shop/trace?trace_id=${TRACE.traceId}&span=${TRACE.spanId}&trace_start_ts=1764417845&trace_end_ts=1764417847`,
  ],
  [
    { preset: 'xray', region: 'eu-west-1' },
    'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#xray:traces/1-5b8efff7-98038103d269b633813fc60c',
  ],
  [
    { preset: 'signoz', base: 'https://signoz.example' },
    `https://signoz.example/trace/${TRACE.traceId}?spanId=${TRACE.spanId}`,
  ],
  ['https://a.example/{traceId}?from={startMs}', `https://a.example/${TRACE.traceId}?from=1764417845123`],
  [{ template: 'http://a.example/{traceId}', http: true }, `http://a.example/${TRACE.traceId}`],
]

test.each(PRESETS)('%j', (setting, link) => {
  expect(traceLink(setting)(TRACE)).toBe(link)
})

function panesOf(link: string | undefined): unknown {
  return JSON.parse(new URL(link ?? '').searchParams.get('panes') ?? '')
}

test('Grafana is asked for the trace, its span and five minutes around it', () => {
  const link = traceLink({ preset: 'tempo', base: 'https://grafana.example', datasource: 'tempo-uid' })
  const datasource = { type: 'tempo', uid: 'tempo-uid' }
  const pane = {
    datasource: 'tempo-uid',
    queries: [{ refId: 'A', datasource, queryType: 'traceql', query: TRACE.traceId }],
    panelsState: { trace: { spanId: TRACE.spanId } },
    range: { from: '1764417545123', to: '1764418146001' },
  }
  expect(link(TRACE)).toMatch(/^https:\/\/grafana\.example\/explore\?orgId=1&schemaVersion=1&panes=%7B/)
  expect(panesOf(link(TRACE))).toEqual({ t: pane })
  const { panelsState: _, ...spanless } = pane
  expect(panesOf(link(SPANLESS))).toEqual({ t: spanless })
})

test('a parameter without a value is left out; a link without a part of its path is none', () => {
  expect(traceLink('https://a.example/{traceId}?s={spanId}')(SPANLESS)).toBe(`https://a.example/${TRACE.traceId}`)
  expect(traceLink('https://a.example/?s={spanId}&t={traceId}')(SPANLESS)).toBe(`https://a.example/?t=${TRACE.traceId}`)
  expect(traceLink('https://a.example/{traceId}/{spanId}')(SPANLESS)).toBeUndefined()
})

const BAD: readonly (readonly [TraceLinkSetting, string, string])[] = [
  [{ preset: 'jager', base: 'https://a.example' }, 'the preset jager is not known', 'did you mean jaeger?'],
  [{ preset: 'toString' }, 'the preset toString is not known', 'use jaeger, tempo'],
  [{ preset: 'jaeger' }, 'the preset jaeger lacks base', 'write base: beside preset:'],
  [{ preset: 'jaeger', bse: 'x' }, 'bse of the preset jaeger is not known', 'did you mean base?'],
  ['https://a.example/{traceID}', '{traceID} is not known', 'did you mean traceId?'],
  ['https://a.example/{}', '{} is not known', 'use traceId'],
  ['https://{traceId}.example/', 'is not the address of a page', 'a field can follow its host'],
  ['javascript:alert({traceId})', 'is not the address of a page', 'write a URL'],
  ['http://a.example/{traceId}', 'http://a.example is not https', 'http: true'],
  [{}, 'neither a template nor a preset', 'preset: jaeger'],
  [{ template: 'https://a.example/{traceId}', preset: 'jaeger' }, 'or both', 'preset: jaeger'],
  [{ template: 'https://a.example/{traceId}', http: 'yes' }, 'http is not true or false', 'http: true'],
]

test.each(BAD)('%j is refused with what to write', (setting, message, hint) => {
  const read = () => traceLink(setting)
  expect(read).toThrow(message)
  try {
    read()
  } catch (error) {
    expect((error as InputError).hint).toContain(hint)
  }
})

test('whatever ids hold, a link goes where the template says', () => {
  const link = traceLink('https://a.example/t/{traceId}?s={spanId}')
  fc.assert(
    fc.property(anyUnits, anyUnits, (traceId, spanId) => {
      const made = link({ ...TRACE, traceId, spanId })
      if (made === undefined) return
      const { origin, pathname, searchParams, hash } = new URL(made)
      expect([origin, hash]).toEqual(['https://a.example', ''])
      if (!/^\.{1,2}$/.test(traceId)) expect(pathname).toMatch(/^\/t\/[^/]+$/)
      expect([...searchParams.keys()].every((name) => name === 's')).toBe(true)
    }),
  )
})

test('whatever is set, the answer is a link or an InputError', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('https://a.example/{traceId}', 'jaeger', 'tempo', 'https://b.example'),
  )
  const keys = fc.constantFrom('preset', 'template', 'base', 'http', 'datasource', 'x')
  fc.assert(
    fc.property(fc.oneof(text, fc.dictionary(keys, fc.oneof(text, fc.boolean()))), (setting) => {
      try {
        traceLink(setting)(TRACE)
      } catch (error) {
        expect(error).toBeInstanceOf(InputError)
      }
    }),
  )
})
