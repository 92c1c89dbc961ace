import { expect, test } from 'vitest'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { decodeTraces, encode } from './otlp-proto.ts'

const traceId = (digit: number) => Buffer.alloc(16, digit)
const spanId = (digit: number) => Buffer.alloc(8, digit)
const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
const scope = { name: 'library', version: '1' }

test('spans of two traces in one request become one chunk each, under their resource and scope', () => {
  const a = { traceId: traceId(1), spanId: spanId(1), name: 'a', startTimeUnixNano: '20' }
  const b = { traceId: traceId(2), spanId: spanId(2), name: 'b', startTimeUnixNano: '18446744073709551615' }
  const c = { traceId: traceId(1), spanId: spanId(3), name: 'c', startTimeUnixNano: '10' }
  const wrapped = (...spans: object[]) => ({
    resourceSpans: [{ resource, schemaUrl: 'r', scopeSpans: [{ scope, schemaUrl: 's', spans }] }],
  })

  const split = splitByTrace(encode('TracesData', wrapped(a, b, c)))

  expect(split.chunks.map(({ bytes, ...rest }) => rest)).toEqual([
    { traceId: '01'.repeat(16), spanCount: 2, startUnixNano: 10n },
    { traceId: '02'.repeat(16), spanCount: 1, startUnixNano: 18446744073709551615n },
  ])
  expect(split.chunks.map((chunk) => decodeTraces(chunk.bytes))).toEqual(
    [wrapped(a, c), wrapped(b)].map((traces) => decodeTraces(encode('TracesData', traces))),
  )
  expect(split).toMatchObject({ spanCount: 3, unknownFields: false })
  expect(split.rejected.size).toBe(0)
})
