import fc from 'fast-check'
import { expect, test } from 'vitest'
import { convertJson } from '../../shared/otlp/json.ts'
import { NO_LIMITS } from '../../shared/otlp/limits.ts'
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

test.each([
  ['1.0', '1'],
  ['1e3', '1000'],
  ['-9.223372036854775808e18', '-9223372036854775808'],
  ['"-0"', '0'],
  ['"00000000000000000042"', '42'],
])('an integer %s is read however it is spelled', (json, expected) => {
  expect(convertValue(`{"intValue":${json}}`)).toEqual({ intValue: expected })
})

test('an integer of a million digits is refused, and is a double', () => {
  const digits = '7'.repeat(1_000_000)
  expect(() => convertValue(`{"intValue":${digits}}`)).toThrow(/intValue must be an integer from/)
  expect(() => convertSpan(`{"startTimeUnixNano":"${digits}"}`)).toThrow(/startTimeUnixNano must be an integer from/)
  expect(convertValue(`{"doubleValue":0.${digits}}`)).toEqual({ doubleValue: 0.7777777777777778 })
  expect(convertValue(`{"doubleValue":${digits}}`)).toEqual({ doubleValue: Number.POSITIVE_INFINITY })
})

test('a text of a million digits that is not a number is refused as soon as it is read', () => {
  const digits = '7'.repeat(1_000_000)
  for (const text of [`${digits}x`, `${digits}.${digits}e`, `-${digits}e+`, `.${digits}..`]) {
    expect(() => convertValue(`{"doubleValue":"${text}"}`)).toThrow(/doubleValue must be a number/)
  }
})

test('of a key that is given several times the last value counts, as in JSON.parse', () => {
  expect(convertSpan('{"name":"a","name":"b"}')?.name).toBe('b')
  expect(convertSpan('{"name":"a","name":null}')?.name).toBeUndefined()
  expect(convertSpan('{"attributes":[{"key":"a"},{"key":"b"}],"attributes":[{"key":"c"}]}')?.attributes).toEqual([
    { key: 'c' },
  ])
  expect(convertSpan('{"status":{"code":1},"status":{"message":"m"}}')?.status).toEqual({ message: 'm' })
  expect(convertValue('{"intValue":1,"stringValue":"a","intValue":2}')).toEqual({ stringValue: 'a' })
})

test('text is what JSON.parse makes of it, whatever its escapes', () => {
  const escaped = (text: string) =>
    text.replace(/[^\0-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const escapes = ['\\ud83d', '\\uDE00', '\\n', '\\/', '\\"', '\\u0000', '\\u00e9', '\\ud83dx', 'ä', '😀', '']
  const strings = fc.string({ unit: 'binary' }).map((string) => JSON.stringify(string))
  const pieces = fc.array(fc.constantFrom(...escapes)).map((parts) => `"${parts.join('')}"`)
  fc.assert(
    fc.property(fc.oneof(strings, strings.map(escaped), pieces), (json) => {
      const expected = (JSON.parse(json) as string).toWellFormed()
      expect(convertValue(`{"stringValue":${json}}`)).toEqual({ stringValue: expected })
    }),
    { numRuns: 300 },
  )
})

test('keys are known by what they mean, not by how they are spelled', () => {
  expect(convertSpan('{"\\u006e\\u0061me":"a","n\\/me":"b"}')).toEqual({ name: 'a' })
  expect(convertSpan(`{"${'\\u0061'.repeat(1000)}":1,"":2,"nam":3,"namee":4,"Name":5}`)).toEqual({})
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

test.each([
  ...['"a', '{"a"', '{"a":', '[1', '[1,', '1 2', 'nul', 'nulL', 'truefalse', '-', '1.', '.5', '1e', '1e+', '+1', '0x1'],
  ...[
    '"\\x"',
    '"\\u12G4"',
    '"\\u12',
    '"\\',
    '"\n"',
    '"\u0000"',
    '[1,]',
    '{"a":1,}',
    '{,}',
    '[,]',
    '{"a" 1}',
    '\u00a01',
    '}',
  ],
  ...['', '{', '{"resourceSpans":[}', "{'a':1}", '{"a":1} x', '{"a":01}', '\u0000'],
])('%j is malformed JSON', (text) => {
  expect(() => convert(text)).toThrow(expect.objectContaining({ code: 'malformed-json' }))
})

test('malformed text is not quoted, for it may be span content', () => {
  const secret = '{"password":"hunter2" "x"}'
  expect(() => convert(secret)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }))
})

test('a body that is not UTF-8 is malformed; a byte order mark does no harm', () => {
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

test('where JSON breaks is told by line and column, in characters', () => {
  expect(() => convert('{"ä":\n  "ö" x}')).toThrow('malformed JSON: unexpected token at position 12 (line 2 column 7)')
  expect(() => convert('{"a":[')).toThrow('malformed JSON: unexpected end')
})

test('as many values as the limit are read, one more is refused, also where OTLP has no such field', () => {
  const limits = { ...NO_LIMITS, maxRequestValues: 8 }
  const read = (text: string) => convertJson(Buffer.from(text), limits)
  expect(read('{"resourceSpans":[{},{},{},{},{},{}]}').bytes).toHaveLength(12)
  expect(read('{"x":[1,"2",{"y":null},[],true]}').unknownFields).toBe(true)
  for (const text of ['{"resourceSpans":[{},{},{},{},{},{},{}]}', '{"x":[1,"2",{"y":null},[],true,0]}']) {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'too-many-values' }))
  }
})

test('a body of nothing but values is refused before it takes memory', () => {
  const limits = { ...NO_LIMITS, maxRequestValues: 100_000 }
  for (const element of ['{}', '[]', '0', '""', 'null', '{"a":1}', '1234567890123456']) {
    const body = Buffer.from(`{"resourceSpans":[${`${element},`.repeat(1_000_000)}{}]}`)
    const before = process.memoryUsage().arrayBuffers
    expect(() => convertJson(body, limits)).toThrow(expect.objectContaining({ code: 'too-many-values' }))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000)
  }
})
