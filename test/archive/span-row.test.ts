import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeSpan } from '../../shared/archive/encode-span.ts'
import { decodeSpans, type SpanRow } from '../../shared/archive/span-row.ts'
import { storedSpans } from '../../shared/trace/assemble.ts'
import { decodeTraces, encode } from '../otlp/otlp-proto.ts'
import { TRACE_ID, tracesOfOneSpan } from './any-otlp.ts'

function decodeOne(bytes: Uint8Array): SpanRow {
  const [row] = decodeSpans(storedSpans([bytes]).stored)
  if (row === undefined) throw new Error('no span')
  return row
}

function spanWith(fields: object): Buffer {
  const span = { traceId: TRACE_ID, spanId: Buffer.alloc(8, 1), ...fields }
  return encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
}

const attribute = (value: object) => spanWith({ attributes: [{ key: 'k', value }] })

describe('a span in the archive', () => {
  test('comes back equal, whatever fields and values it has', () => {
    fc.assert(
      fc.property(tracesOfOneSpan, (traces) => {
        const sent = encode('TracesData', traces)
        expect(decodeTraces(encodeSpan(TRACE_ID, decodeOne(sent)))).toEqual(decodeTraces(sent))
      }),
      { numRuns: 300, seed: 4 },
    )
  })

  test('comes back from the columns alone, unless OTLP was bent', () => {
    fc.assert(
      fc.property(tracesOfOneSpan, (traces) => {
        const sent = encode('TracesData', traces)
        const zeroParent = /"parentSpanId":\[(0,){7}0\]/.test(JSON.stringify(decodeTraces(sent)))
        fc.pre(!zeroParent && !JSON.stringify(traces).includes('\ufffd'))
        expect(decodeOne(sent).otlp).toBeNull()
      }),
      { numRuns: 100, seed: 5 },
    )
  })

  test.each([
    ['an int', { intValue: '200' }, '200'],
    ['a double that is whole', { doubleValue: 200 }, '200.0'],
    ['a large double', { doubleValue: 1e21 }, '1e+21'],
    ['minus zero', { doubleValue: -0 }, '-0.0'],
    ['an int64 beyond 2^53', { intValue: '9007199254740993' }, '9007199254740993'],
    ['no number', { doubleValue: Number.NaN }, '{"$double":"NaN"}'],
    ['bytes', { bytesValue: Buffer.from([1, 2]) }, '{"$bytes":"AQI="}'],
    ['a list', { arrayValue: { values: [{ intValue: 1 }, {}] } }, '[1,null]'],
    ['a key-value list', { kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } }, '{"a":true}'],
    [
      'a key-value list with a $ key',
      { kvlistValue: { values: [{ key: '$bytes', value: { stringValue: '' } }] } },
      '{"$kvlist":{"$bytes":""}}',
    ],
  ])('writes %s as readable JSON', (_, value, json) => {
    expect(decodeOne(attribute(value)).attributes).toBe(`{"k":${json}}`)
  })

  test('keeps a field that OTLP does not have, in the bytes as they came', () => {
    const span = Buffer.concat([
      Buffer.from([0x0a, 16]),
      TRACE_ID,
      Buffer.from([0x12, 8]),
      Buffer.alloc(8, 1),
      Buffer.from([0xc2, 0x3e, 2, 7, 7]),
    ])
    const scopeSpans = Buffer.concat([Buffer.from([0x12, span.length]), span])
    const resourceSpans = Buffer.concat([Buffer.from([0x12, scopeSpans.length]), scopeSpans])
    const sent = Buffer.concat([Buffer.from([0x0a, resourceSpans.length]), resourceSpans])
    expect(Buffer.from(encodeSpan(TRACE_ID, decodeOne(sent)))).toEqual(sent)
  })

  test('names its service, if the resource gives a text', () => {
    const named = (value: object) =>
      encode('TracesData', {
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value }] },
            scopeSpans: [{ spans: [{ traceId: TRACE_ID, spanId: Buffer.alloc(8, 1) }] }],
          },
        ],
      })
    expect(decodeOne(named({ stringValue: 'caf\u00e9 "x"' })).serviceName).toBe('caf\u00e9 "x"')
    expect(decodeOne(named({ intValue: 1 })).serviceName).toBeNull()
    expect(decodeOne(spanWith({})).serviceName).toBeNull()
  })
})
