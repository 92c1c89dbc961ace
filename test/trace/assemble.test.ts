import { expect, test } from 'vitest'
import { convertJson } from '../../shared/otlp/json.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'

const id = '5b8efff798038103d269b633813fc60c'

function chunk(...spans: object[]): Uint8Array {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
  const request = { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }
  const [only] = splitByTrace(convertJson(Buffer.from(JSON.stringify(request))).bytes).chunks
  if (only === undefined) throw new Error('the request holds no span')
  return only.bytes
}

test('OTLP/JSON in two chunks becomes one trace in order of start, with exact values', () => {
  const root = {
    traceId: id,
    spanId: 'aaaaaaaaaaaaaaaa',
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: '1',
    endTimeUnixNano: '9',
  }
  const child = {
    traceId: id.toUpperCase(),
    spanId: 'BBBBBBBBBBBBBBBB',
    parentSpanId: 'AAAAAAAAAAAAAAAA',
    name: 'charge',
    startTimeUnixNano: '1544712660000000001',
    attributes: [
      { key: 'amount', value: { intValue: '9007199254740993' } },
      { key: 'retries', value: { intValue: 3 } },
    ],
    status: { code: 2 },
  }

  const trace = assembleTrace(id, [chunk(child), chunk(root)])

  expect(trace).toMatchObject({ traceId: id, complete: true, truncated: false })
  expect(trace.spans.map((span) => span.name)).toEqual(['GET /', 'charge'])
  const charge = trace.spans[1]
  expect(charge).toMatchObject({
    spanId: 'bbbbbbbbbbbbbbbb',
    parentSpanId: 'aaaaaaaaaaaaaaaa',
    startUnixNano: 1544712660000000001n,
    endUnixNano: 0n,
    statusCode: 2,
  })
  expect(charge?.attributes.get('amount')).toBe(9007199254740993n)
  expect(charge?.attributes.get('retries')).toBe(3)
  expect(charge?.attributes.get('missing')).toBeUndefined()
  expect(charge?.resource.get('service.name')).toBe('shop')
})
