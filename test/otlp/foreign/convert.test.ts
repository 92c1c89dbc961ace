import { describe, expect, test } from 'vitest'
import { traceRecord } from '../../../shared/archive/trace-record.ts'
import { convertAnyJson } from '../../../shared/otlp/foreign/convert.ts'
import { convertJson } from '../../../shared/otlp/json.ts'
import { splitByTrace } from '../../../shared/otlp/split.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'
import { SAMPLE_TRACE_ID, SAMPLES } from './samples.ts'

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))

function spansOf(value: unknown) {
  const [chunk, ...others] = splitByTrace(convertAnyJson(bytesOf(value)).bytes).chunks
  expect([chunk?.traceId, others]).toEqual([SAMPLE_TRACE_ID, []])
  return assembleTrace(SAMPLE_TRACE_ID, [chunk?.bytes as Uint8Array]).spans
}

/** The same as the archive keeps it. */
function rowsOf(value: unknown) {
  const chunks = splitByTrace(convertAnyJson(bytesOf(value)).bytes).chunks.map(({ bytes }) => bytes)
  const filing = { atMs: 0, by: 'start' } as const
  const rest = { filing, revision: 1, reason: 'history', complete: true, truncated: false } as const
  return traceRecord({ traceId: SAMPLE_TRACE_ID, chunks, ...rest }).spans
}

describe.each(Object.entries(SAMPLES))('a trace of %s', (tool, value) => {
  test('has the ids, times, kind, status, service and scope of its spans', () => {
    const checkout = spansOf(value).find(({ name }) => name === 'checkout')
    expect(checkout).toMatchObject({
      spanId: 'eee19b7ec3c1b174',
      parentSpanId: '000000000000001f',
      kind: 2,
      statusCode: 2,
      startUnixNano: 1_764_000_000_000_223_000n,
      endUnixNano: 1_764_000_000_001_723_000n,
    })
    expect(checkout?.resource.get('service.name')).toBe('shop')
    const [row] = rowsOf(value).filter(({ name }) => name === 'checkout')
    expect([row?.statusMessage, row?.scope]).toEqual(['declined', expect.stringContaining('"name":"http"')])
    expect(checkout?.attributes.get('attempts')).toBe(tool === 'zipkin' ? '3' : 3)
  })
})

test('of Jaeger has the types of its tags, its logs as events and its other references as links', () => {
  const [client, server] = spansOf(SAMPLES.jaeger)
  expect([client?.spanId, client?.kind, client?.resource.get('service.name')]).toEqual(['000000000000001f', 3, 'front'])
  expect(server?.attributes.entries()).toEqual([
    ['attempts', 3],
    ['ratio', 0.5],
    ['retried', false],
  ])
  expect(server?.resource.get('host.name')).toBe('a')
  expect(rowsOf(SAMPLES.jaeger)[1]?.links).toContain('6b8efff798038103d269b633813fc60c')
  expect(server?.events().map(({ name, attributes }) => [name, attributes.get('exception.type')])).toEqual([
    ['exception', 'Declined'],
  ])
})

test('of Zipkin has its annotations as events, and its peer under the names of OpenTelemetry', () => {
  const [client, server] = spansOf(SAMPLES.zipkin)
  expect(client?.attributes.entries()).toEqual([
    ['peer.service', 'shop'],
    ['network.peer.address', '10.0.0.7'],
    ['network.peer.port', 8080],
  ])
  expect(server?.events().map(({ name }) => name)).toEqual(['exception'])
})

test('of Zipkin has numbers and booleans where the conventions say so, since its tags are text', () => {
  const tags = { 'http.status_code': '503', 'http.response.body.size': '1e3', 'tls.resumed': 'true', 'user.id': '7' }
  const [span] = spansOf([{ traceId: SAMPLE_TRACE_ID, id: '1', tags }])
  expect(span?.attributes.entries()).toEqual([
    ['http.status_code', 503],
    ['http.response.body.size', '1e3'],
    ['tls.resumed', true],
    ['user.id', '7'],
  ])
})

test('of Jaeger is read from a list of traces, too', () => {
  expect(spansOf(SAMPLES.jaeger.data)).toHaveLength(2)
})

test('of Jaeger has the scope of its spans also where Jaeger put that among the tags of the process', () => {
  const process = { serviceName: 'a', tags: [{ key: 'otel.library.name', type: 'string', value: 'http' }] }
  const [row] = rowsOf({
    data: [{ spans: [{ traceID: SAMPLE_TRACE_ID, spanID: '1', processID: 'p' }], processes: { p: process } }],
  })
  expect([row?.scope, row?.resource]).toEqual([
    expect.stringContaining('"name":"http"'),
    expect.not.stringContaining('otel.library.name'),
  ])
})

describe.each([
  ['API v3 of Jaeger, which wraps OTLP', (request: object) => ({ result: request })],
  ['tools of Tempo, which write ids in base64', (request: object) => JSON.parse(inBase64(JSON.stringify(request)))],
])('of the %s', (_, exported) => {
  test('has its spans as OTLP has them', () => {
    const spans = [
      { traceId: SAMPLE_TRACE_ID, spanId: '1'.repeat(16), name: 'root', kind: 2, status: { code: 2 } },
      { traceId: SAMPLE_TRACE_ID, spanId: '2'.repeat(16), parentSpanId: '1'.repeat(16), name: 'child' },
    ]
    const request = { resourceSpans: [{ scopeSpans: [{ scope: { name: 's' }, spans }] }] }
    expect(rowsOf(exported(request))).toEqual(rowsOf(request))
    expect(rowsOf(request)).toHaveLength(2)
  })
})

/** Ids as protobuf's own JSON writes bytes. */
function inBase64(text: string): string {
  return text.replace(/"([0-9a-f]{16}|[0-9a-f]{32})"/g, (_, hex) => `"${Buffer.from(hex, 'hex').toString('base64')}"`)
}

test('an integer of 64 bits keeps its digits', () => {
  const text = JSON.stringify(SAMPLES.jaeger).replace('"value":3', '"value":9007199254740993')
  const { bytes } = convertAnyJson(Buffer.from(text))
  const [chunk] = splitByTrace(bytes).chunks
  const trace = assembleTrace(SAMPLE_TRACE_ID, [chunk?.bytes as Uint8Array])
  expect(trace.spans[1]?.attributes.get('attempts')).toBe(9_007_199_254_740_993n)
})

test.each([
  ['an id that is no hex', { data: [{ spans: [{ traceID: 'x y', spanID: '1' }] }] }, /traceID "x y" is not an id/],
  ['spans that are no list', { data: [{ spans: 3 }] }, /spans is not a list of objects/],
  ['a time that is no number', [{ traceId: '1', id: '2', timestamp: 'now' }], /timestamp is not a whole number/],
  [
    'a tag that is no integer',
    { data: [{ spans: [{ traceID: '1', spanID: '1', tags: [{ key: 'a', type: 'int64', value: 'b' }] }] }] },
    /"b" is not an int64/,
  ],
])('%s is named', (_, value, message) => {
  expect(() => convertAnyJson(bytesOf(value))).toThrow(message)
})

test('OTLP/JSON stays as it was, wherever its fields lie, and so do its errors', () => {
  const request = {
    resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: SAMPLE_TRACE_ID, spanId: '1'.repeat(16) }] }] }],
  }
  for (const value of [request, { extra: 1, ...request }]) {
    expect(convertAnyJson(bytesOf(value))).toEqual(convertJson(bytesOf(value)))
  }
  for (const text of ['{', 'x', '3', '{"resourceSpans":3}']) {
    const error = (convert: (body: Uint8Array) => unknown) => {
      try {
        return convert(Buffer.from(text))
      } catch (failure) {
        return (failure as Error).message
      }
    }
    expect(error(convertAnyJson)).toEqual(error(convertJson))
  }
})
