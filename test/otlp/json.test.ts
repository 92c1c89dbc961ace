import fc from 'fast-check'
import { expect, test } from 'vitest'
import { convertJson } from '../../shared/otlp/json.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { anyRequest } from './any-request.ts'
import { jsonForm } from './json-form.ts'
import { decodeTraces, encode, type OracleSpan } from './otlp-proto.ts'

const ids = { traceId: '5B8EFFF798038103D269B633813FC60C', spanId: 'eee19b7ec3c1b174' }

const convert = (text: string) => convertJson(Buffer.from(text)).bytes
const convertSpan = (span: object | string): OracleSpan | undefined => {
  const json = typeof span === 'string' ? span : JSON.stringify(span)
  const { resourceSpans } = decodeTraces(convert(`{"resourceSpans":[{"scopeSpans":[{"spans":[${json}]}]}]}`))
  return resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0]
}
const convertValue = (json: string) => {
  const attributes = convertSpan(`{"attributes":[{"key":"k","value":${json}}]}`)?.attributes
  return (attributes?.[0] as { value?: unknown } | undefined)?.value
}

test('every request converts to what protobuf encodes of it', () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      const converted = convert(JSON.stringify(jsonForm(request)))
      expect(decodeTraces(converted)).toEqual(decodeTraces(encode('TracesData', request)))
    }),
    { numRuns: 150 },
  )
})

test('bare integers convert like decimal strings, exact beyond 2^53', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (integer) => {
      expect(convertValue(`{"intValue":${integer}}`)).toEqual({ intValue: String(integer) })
      expect(convertValue(`{"intValue":"${integer}"}`)).toEqual({ intValue: String(integer) })
    }),
    { numRuns: 100 },
  )
  expect(convertSpan('{"startTimeUnixNano": 18446744073709551615}')?.startTimeUnixNano).toBe('18446744073709551615')
})

test('ids are hex in either case', () => {
  expect(convertSpan({ ...ids, parentSpanId: 'EEe19b7ec3C1b173' })).toMatchObject({
    traceId: [...Buffer.from(ids.traceId, 'hex')],
    spanId: [...Buffer.from(ids.spanId, 'hex')],
    parentSpanId: [...Buffer.from('eee19b7ec3c1b173', 'hex')],
  })
})

test.each(['W4jv95gDgQPSabYzgT/GDA==', 'abc', 'xyz', 'not hexadecimal!'])(
  'an id %j that is no hex is kept as an invalid one',
  (id) => {
    expect(convertSpan({ traceId: id, spanId: id, parentSpanId: id })).toEqual({
      traceId: [0xff],
      spanId: [0xff],
      parentSpanId: [0xff],
    })
  },
)

test('null is absent everywhere', () => {
  const nulls = { traceState: null, name: null, kind: null, startTimeUnixNano: null, flags: null, status: null }
  expect(convertSpan({ ...ids, ...nulls, attributes: null, events: null, links: null })).toEqual(convertSpan(ids))
  expect(convertValue('null')).toBeUndefined()
  expect(convertValue('{"stringValue":null}')).toEqual({})
  expect(decodeTraces(convert('{"resourceSpans":null}'))).toEqual({})
})

test('an empty AnyValue stays one, and a default is a value', () => {
  expect(convertValue('{}')).toEqual({})
  expect(convertValue('{"stringValue":""}')).toEqual({ stringValue: '' })
  expect(convertValue('{"boolValue":false}')).toEqual({ boolValue: false })
  expect(convertValue('{"intValue":0}')).toEqual({ intValue: '0' })
  expect(convertValue('{"doubleValue":0}')).toEqual({ doubleValue: 0 })
  expect(convertValue('{"arrayValue":{"values":[{},null]}}')).toEqual({ arrayValue: { values: [{}, {}] } })
})

test.each([
  ['"NaN"', Number.NaN],
  ['"Infinity"', Number.POSITIVE_INFINITY],
  ['"-Infinity"', Number.NEGATIVE_INFINITY],
  ['"1.5e3"', 1500],
  ['18446744073709551616', 2 ** 64],
])('a double %s is read', (json, expected) => {
  expect(convertValue(`{"doubleValue":${json}}`)).toEqual({ doubleValue: expected })
})

test('unknown fields and snake_case names are ignored', () => {
  const odd = { ...ids, trace_id: 7, span_id: [], Name: 'x', extra: { deep: [1] }, start_time_unix_nano: '5' }
  expect(convertSpan(odd)).toEqual(convertSpan(ids))
  expect(convertJson(Buffer.from('{"resource_spans":[1]}'))).toEqual({ bytes: new Uint8Array(0), unknownFields: true })
  expect(convertJson(Buffer.from('{"resourceSpans":[{"instrumentationLibrarySpans":[]}]}')).unknownFields).toBe(true)
  expect(convertJson(Buffer.from('{"resourceSpans":[{"scopeSpans":[],"schemaUrl":""}]}')).unknownFields).toBe(false)
})

test('enum numbers are kept, known or not', () => {
  expect(convertSpan({ kind: 99, status: { code: -3 } })).toMatchObject({ kind: 99, status: { code: -3 } })
  expect(convertSpan({ kind: '2' })).toMatchObject({ kind: 2 })
})

test.each([
  [{ kind: 'SPAN_KIND_SERVER' }, /spans\[0\]: kind must be an integer$/],
  [{ kind: 2.5 }, /kind must be an integer from -2147483648 to 2147483647/],
  [{ kind: 2 ** 31 }, /kind must be/],
  [{ name: 7 }, /name must be a string/],
  [{ traceId: 7 }, /traceId must be a string of hex digits/],
  [{ startTimeUnixNano: '-1' }, /startTimeUnixNano must be an integer from 0 to 18446744073709551615/],
  [{ startTimeUnixNano: '18446744073709551616' }, /startTimeUnixNano must be/],
  [{ startTimeUnixNano: '1e3' }, /startTimeUnixNano must be/],
  [{ startTimeUnixNano: '' }, /startTimeUnixNano must be/],
  [{ startTimeUnixNano: {} }, /startTimeUnixNano must be/],
  [{ flags: 2 ** 32 }, /flags must be/],
  [{ droppedEventsCount: -1 }, /droppedEventsCount must be/],
  [{ attributes: {} }, /attributes must be an array/],
  [{ attributes: ['x'] }, /attributes\[0\]: it must be an object/],
  [{ attributes: [{ key: 1 }] }, /key must be a string/],
  [{ attributes: [{ key: 'k', value: 'v' }] }, /attributes\[0\]: value must be an object/],
  [{ attributes: [{ value: { stringValue: 1 } }] }, /stringValue must be a string/],
  [{ attributes: [{ value: { boolValue: 'true' } }] }, /boolValue must be true or false/],
  [{ attributes: [{ value: { intValue: '9223372036854775808' } }] }, /intValue must be/],
  [{ attributes: [{ value: { intValue: 1.5 } }] }, /intValue must be/],
  [{ attributes: [{ value: { doubleValue: 'x' } }] }, /doubleValue must be a number/],
  [{ attributes: [{ value: { bytesValue: '*' } }] }, /bytesValue must be a base64 string/],
  [{ attributes: [{ value: { arrayValue: [] } }] }, /arrayValue must be an object/],
  [{ events: [{}, { attributes: 1 }] }, /spans\[0\]: events\[1\]: attributes must be an array/],
  [{ status: [] }, /status must be an object/],
])('%j is refused and the place is named', (span, message) => {
  expect(() => convertSpan(span)).toThrow(message)
  expect(() => convertSpan(span)).toThrow(expect.objectContaining({ code: 'invalid-otlp-json' }))
})

test('an enum by its name is refused with a hint to the number', () => {
  const error = expect.objectContaining({ hint: expect.stringContaining('not its name') })
  expect(() => convertSpan({ kind: 'SPAN_KIND_SERVER' })).toThrow(error)
})

test.each(['', '{', '{"resourceSpans":[}', "{'a':1}", '{"a":1} x', '{"a":01}', '\u0000'])(
  '%j is malformed JSON',
  (text) => {
    expect(() => convert(text)).toThrow(expect.objectContaining({ code: 'malformed-json' }))
  },
)

test('what is malformed is not quoted, for it may be what spans hold', () => {
  const secret = '{"password":"hunter2" "x"}'
  expect(() => convert(secret)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }))
})

test('a body that is no UTF-8 is malformed; a byte order mark is no harm', () => {
  expect(() => convertJson(Uint8Array.of(0x7b, 0xff, 0x7d))).toThrow(/not UTF-8/)
  expect(convert('\ufeff{}')).toHaveLength(0)
})

test('values nested 64 deep are read, 65 deep are refused', () => {
  const arrays = (depth: number): string =>
    depth === 1 ? '{"intValue":1}' : `{"arrayValue":{"values":[${arrays(depth - 1)}]}}`
  const lists = (depth: number): string =>
    depth === 1 ? '{"intValue":1}' : `{"kvlistValue":{"values":[{"key":"k","value":${lists(depth - 1)}}]}}`
  const split = (value: string) => {
    const span = `{"traceId":"${ids.traceId}","spanId":"${ids.spanId}","attributes":[{"value":${value}}]}`
    return splitByTrace(convert(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`))
  }
  for (const nested of [arrays, lists]) {
    expect(split(nested(64)).spanCount).toBe(1)
    expect(() => split(nested(65))).toThrow(expect.objectContaining({ code: 'nested-too-deep' }))
  }
})

test('brackets nested without end are refused before they are parsed', () => {
  for (const bracket of ['[', '{"a":']) {
    expect(() => convert(bracket.repeat(1_000_000))).toThrow(expect.objectContaining({ code: 'nested-too-deep' }))
  }
  expect(convert(`{"x":"${'[{'.repeat(1000)}\\"${'['.repeat(1000)}"}`)).toHaveLength(0)
})
