import { describe, expect, test } from 'vitest'
import { convertJson } from '../../shared/otlp/json.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { ASSEMBLE_LIMITS, assembleTrace } from '../../shared/trace/assemble.ts'
import { encode } from '../otlp/otlp-proto.ts'
import { contentOf } from './content.ts'

const id = '5b8efff798038103d269b633813fc60c'
const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }

function chunk(...spans: object[]): Uint8Array {
  const request = { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }
  const [only] = splitByTrace(convertJson(Buffer.from(JSON.stringify(request))).bytes).chunks
  if (only === undefined) throw new Error('the request holds no span')
  return only.bytes
}

const span = (spanId: string, fields: object = {}) => ({ traceId: id, spanId: spanId.repeat(16), ...fields })
const attribute = (value: object) => span('a', { attributes: [{ key: 'key', value }] })
const readBack = (value: object) => assembleTrace(id, [chunk(attribute(value))]).spans[0]?.attributes.get('key')

test('OTLP/JSON in two chunks becomes one trace in order of start, with exact values', () => {
  const root = span('a', { name: 'GET /', kind: 2, startTimeUnixNano: '1', endTimeUnixNano: '9' })
  const child = {
    ...span('B', { parentSpanId: 'A'.repeat(16), name: 'charge', startTimeUnixNano: '1544712660000000001' }),
    traceId: id.toUpperCase(),
    attributes: [
      { key: 'amount', value: { intValue: '9007199254740993' } },
      { key: 'retries', value: { intValue: 3 } },
    ],
    status: { code: 2 },
  }

  const trace = assembleTrace(id, [chunk(child), chunk(root)])

  expect(trace).toMatchObject({ traceId: id, complete: true, truncated: false })
  expect(trace.spans.map(({ name }) => name)).toEqual(['GET /', 'charge'])
  const charge = trace.spans[1]
  expect(charge).toMatchObject({
    spanId: 'b'.repeat(16),
    parentSpanId: 'a'.repeat(16),
    startUnixNano: 1544712660000000001n,
    endUnixNano: 0n,
    statusCode: 2,
  })
  expect(charge?.attributes.get('amount')).toBe(9007199254740993n)
  expect(charge?.attributes.get('retries')).toBe(3)
  expect(charge?.attributes.get('missing')).toBeUndefined()
  expect(charge?.resource.get('service.name')).toBe('shop')
})

test.each([
  [{ stringValue: '' }, ''],
  [{ stringValue: 'λ\n"\u0000' }, 'λ\n"\u0000'],
  [{ boolValue: false }, false],
  [{ boolValue: true }, true],
  [{ intValue: '9007199254740991' }, 9007199254740991],
  [{ intValue: '9007199254740992' }, 9007199254740992n],
  [{ intValue: '-9007199254740991' }, -9007199254740991],
  [{ intValue: '-9223372036854775808' }, -9223372036854775808n],
  [{ intValue: 0 }, 0],
  [{ doubleValue: 0.1 }, 0.1],
  [{ doubleValue: 'NaN' }, Number.NaN],
  [{ doubleValue: '-Infinity' }, Number.NEGATIVE_INFINITY],
  [{ bytesValue: 'AP8=' }, Uint8Array.of(0, 255)],
  [{}, null],
  [{ arrayValue: {} }, []],
  [{ arrayValue: { values: [{ intValue: 1 }, {}, { stringValue: 'x' }] } }, [1, null, 'x']],
  [{ kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } }, new Map([['a', true]])],
])('an attribute %j is read as %s', (value, expected) => {
  expect(readBack(value)).toEqual(expected)
})

test.each(['', '\n', 'GET /users/{id}', '__proto__', '名前', 'é'])(
  'a span may be named %j, an attribute key be so',
  (name) => {
    const attributes = [{ key: name, value: { stringValue: 'found' } }]
    const [found] = assembleTrace(id, [chunk(span('a', { name, attributes }))]).spans

    expect(found?.name).toBe(name)
    expect(found?.attributes.get(name)).toBe('found')
  },
)

test('text that is not UTF-8 is read with replacement characters', () => {
  const bytes = encode('TracesData', {
    resourceSpans: [{ scopeSpans: [{ spans: [{ spanId: Buffer.alloc(8, 1), name: 'a~b' }] }] }],
  })
  bytes[bytes.indexOf('~')] = 0xff
  expect(assembleTrace(id, [bytes]).spans[0]?.name).toBe('a\ufffdb')
})

test('of a key given twice the first counts', () => {
  const twice = [
    { key: 'key', value: { intValue: 1 } },
    { key: 'key', value: { intValue: 2 } },
  ]
  const [found] = assembleTrace(id, [chunk(span('a', { attributes: twice }))]).spans
  expect(found?.attributes.get('key')).toBe(1)
  expect(found?.attributes.entries()).toEqual([
    ['key', 1],
    ['key', 2],
  ])
})

describe('an attribute is found', () => {
  const attributesOf = (...attributes: Uint8Array[]) => {
    const id8 = [0x12, 8, 1, 2, 3, 4, 5, 6, 7, 8]
    const fields = attributes.flatMap((keyValue) => [...field(9, keyValue)])
    const scopeSpans = field(2, Buffer.concat([field(2, Buffer.from([...id8, ...fields]))]))
    return assembleTrace(id, [field(1, scopeSpans)]).spans[0]?.attributes
  }
  const field = (number: number, bytes: Uint8Array) => {
    const length = bytes.length < 0x80 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7]
    return Buffer.concat([Buffer.of((number << 3) | 2, ...length), bytes])
  }
  const keyOf = (key: string | Uint8Array) => field(1, Buffer.from(key as string))
  const one = field(2, Buffer.of(0x18, 1))
  const two = field(2, Buffer.of(0x18, 2))

  test('among others whose keys have the same length, middle and end', () => {
    const attributes = attributesOf(...['axbxc', 'ayb.c', 'azbzc'].map((key) => Buffer.concat([keyOf(key), one])))
    expect(['axbxc', 'ayb.c', 'azbzc'].map((key) => attributes?.get(key))).toEqual([1, 1, 1])
    expect(['axb.c', 'axbxd', 'xbxc', 'axbx'].map((key) => attributes?.get(key))).toEqual(Array(4).fill(undefined))
  })

  test('whose value comes before its key, whose key is written twice, or that has fields nobody knows', () => {
    const attributes = attributesOf(
      Buffer.concat([one, keyOf('value.first')]),
      Buffer.concat([keyOf('not.this'), keyOf('but.this'), two]),
      Buffer.concat([keyOf('unknown.field'), one, field(9, Buffer.of(7))]),
      Buffer.concat([keyOf('two.values'), one, two]),
      keyOf('no.value'),
    )
    const keys = ['value.first', 'not.this', 'but.this', 'unknown.field', 'two.values', 'no.value']
    expect(keys.map((key) => attributes?.get(key))).toEqual([1, undefined, 2, 1, 2, null])
  })

  test('by a key that is empty, long, not ASCII, or no UTF-8', () => {
    const long = 'k'.repeat(200)
    const keys = ['', long, `${long}2`, 'schlüssel', 'ключ', '🌍', Buffer.of(0x61, 0xff, 0x62)]
    const attributes = attributesOf(...keys.map((key) => Buffer.concat([keyOf(key), one])))
    const read = keys.map((key) => (typeof key === 'string' ? key : 'a\ufffdb'))
    expect(read.map((key) => attributes?.get(key))).toEqual(read.map(() => 1))
    expect(attributes?.get('a\ud800b')).toBeUndefined()
    expect(attributes?.get('schlussel')).toBeUndefined()
  })
})

test('a resource sent in two pieces is one', () => {
  const piece = (key: string) => encode('Resource', { attributes: [{ key, value: { stringValue: key } }] })
  const spans = encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans: [{ spanId: Buffer.alloc(8, 1) }] }] }] })
  const field = (bytes: Uint8Array) => Buffer.concat([Buffer.of(0x0a, bytes.length), bytes])
  const bytes = field(Buffer.concat([field(piece('a')), spans.subarray(2), field(piece('b'))]))

  const [found] = assembleTrace(id, [bytes]).spans

  expect(found?.resource.get('a')).toBe('a')
  expect(found?.resource.get('b')).toBe('b')
})

test('client and server halves that share a span id both stay, a repetition does not', () => {
  const client = span('a', { kind: 3, name: 'call', startTimeUnixNano: '1' })
  const server = span('a', { kind: 2, name: 'call', startTimeUnixNano: '1' })
  const { spans } = assembleTrace(id, [chunk(client, server), chunk(server), chunk(client)])
  expect(spans.map(({ kind }) => kind)).toEqual([2, 3])
})

test('20,000 copies of one span in the scopes of a resource of megabytes are compared in time', () => {
  const large = { attributes: [{ key: 'a', value: { stringValue: 'a'.repeat(4 * 1024 * 1024) } }] }
  const copy = { traceId: Buffer.from(id, 'hex'), spanId: Buffer.alloc(8, 1) }
  const scopeSpans = Array.from({ length: 20_000 }, (_, index) => ({ scope: { name: `${index % 3}` }, spans: [copy] }))
  const bytes = encode('TracesData', { resourceSpans: [{ resource: large, scopeSpans }] })
  const startMs = performance.now()
  const trace = assembleTrace(id, [bytes])
  expect(trace.spans).toHaveLength(1)
  // It takes 100 ms; to put each pair of resources side by side takes 20 s.
  expect(performance.now() - startMs).toBeLessThan(5_000)
})

test('of one span in two versions the later end counts, then the greater bytes', () => {
  const version = (endTimeUnixNano: string, text: string) =>
    chunk(span('a', { endTimeUnixNano, attributes: [{ key: 'v', value: { stringValue: text } }] }))
  const kept = (...chunks: Uint8Array[]) => assembleTrace(id, chunks).spans.map((each) => each.attributes.get('v'))

  expect(kept(version('2', 'early'), version('1', 'later'))).toEqual(['early'])
  expect(kept(version('1', 'a'), version('1', 'b'))).toEqual(['b'])
  expect(kept(version('1', 'b'), version('1', 'a'))).toEqual(['b'])
})

test('a trace is complete with a root and every parent that is named', () => {
  const complete = (...spans: object[]) => assembleTrace(id, [chunk(...spans)]).complete
  const root = span('a')
  const child = span('b', { parentSpanId: 'a'.repeat(16) })

  expect(complete(root, child)).toBe(true)
  expect(complete(child)).toBe(false)
  expect(complete(root, span('c', { parentSpanId: 'b'.repeat(16) }))).toBe(false)
  expect(complete(span('a', { parentSpanId: 'a'.repeat(16) }))).toBe(false)
  expect(complete(span('a', { parentSpanId: '0'.repeat(16) }))).toBe(true)
  expect(assembleTrace(id, []).complete).toBe(false)
})

test('a trace of as many spans as the limit is whole, of one more it is truncated to the first by start', () => {
  const spans = Array.from({ length: 7 }, (_, i) => span(String(i + 1), { startTimeUnixNano: String(70 - i) }))
  const limits = { ...ASSEMBLE_LIMITS, maxTraceSpans: 6 }
  const pieces = spans.map((each) => chunk(each))

  const whole = assembleTrace(id, pieces.slice(1), limits)
  const truncated = assembleTrace(id, [...pieces, ...pieces, ...pieces], limits)

  expect(whole).toMatchObject({ truncated: false, complete: true })
  expect(truncated).toMatchObject({ truncated: true, complete: false })
  expect(truncated.spans.map((each) => each.startUnixNano)).toEqual([64n, 65n, 66n, 67n, 68n, 69n])
  expect(contentOf(assembleTrace(id, [chunk(...spans)], limits))).toEqual(contentOf(truncated))
})

test('chunks of as many bytes as the limit are read, beyond it some are left out whatever their order', () => {
  const pieces = ['1', '2', '3'].map((digit) => chunk(span(digit)))
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const at = (maxTraceBytes: number, chunks: Uint8Array[]) =>
    assembleTrace(id, chunks, { ...ASSEMBLE_LIMITS, maxTraceBytes })

  expect(at(bytes, pieces)).toMatchObject({ truncated: false, complete: true })
  const truncated = at(bytes - 1, pieces)
  expect(truncated).toMatchObject({ truncated: true, complete: false })
  expect(truncated.spans).toHaveLength(2)
  expect(contentOf(at(bytes - 1, pieces.toReversed()))).toEqual(contentOf(truncated))
})

test('a trace of 10,000 spans in chunks of 100 is one, in order', () => {
  const chunks = Array.from({ length: 100 }, (_, c) =>
    chunk(
      ...Array.from({ length: 100 }, (_, s) => {
        const number = ((c * 100 + s) * 7919) % 10_000
        return { traceId: id, spanId: (number + 1).toString(16).padStart(16, '0'), startTimeUnixNano: String(number) }
      }),
    ),
  )
  const { spans } = assembleTrace(id, chunks)
  expect(spans.map((each) => each.startUnixNano)).toEqual(Array.from({ length: 10_000 }, (_, i) => BigInt(i)))
})

test('events are read with their attributes', () => {
  const events = [
    {
      name: 'exception',
      timeUnixNano: '7',
      attributes: [{ key: 'exception.type', value: { stringValue: 'Timeout' } }],
    },
    { name: '' },
  ]
  const found = assembleTrace(id, [chunk(span('a', { events }))]).spans[0]?.events()
  expect(found?.map(({ name, timeUnixNano }) => [name, timeUnixNano])).toEqual([
    ['exception', 7n],
    ['', 0n],
  ])
  expect(found?.[0]?.attributes.get('exception.type')).toBe('Timeout')
})

test('every key of a span with 20,000 attributes is found, the first of a key counts', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => ({ key: `key ${index}`, value: { intValue: `${index}` } }))
  const attributes = [...many, { key: 'key 7', value: { intValue: '-1' } }]
  const [large] = assembleTrace(id, [chunk(span('a', { attributes }))]).spans

  for (const index of [0, 7, 500, 19_999]) expect(large?.attributes.get(`key ${index}`)).toBe(index)
  expect(large?.attributes.get('key 20000')).toBeUndefined()
  expect(large?.attributes.entries()).toHaveLength(20_001)
})

test('a resource of 300,000 attributes is read, the first of a key counts', () => {
  const attributes = Array.from({ length: 300_000 }, (_, index) => ({ key: `k${index}`, value: { intValue: index } }))
  const request = encode('TracesData', {
    resourceSpans: [
      {
        resource: { attributes },
        scopeSpans: [{ spans: [{ traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 1) }] }],
      },
    ],
  })
  const [read] = assembleTrace(id, [request]).spans
  expect([read?.resource.get('k0'), read?.resource.get('k299999')]).toEqual([0, 299_999])
})
