import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { describe, expect, test } from 'vitest'
import { NO_LIMITS, REQUEST_LIMITS, type RequestLimits } from '../../shared/otlp/limits.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { decodeTraces, encode } from './otlp-proto.ts'

const traceId = (digit: number) => Buffer.alloc(16, digit)
const spanId = (digit: number) => Buffer.alloc(8, digit)
const span = { traceId: traceId(1), spanId: spanId(1) }
const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
const scope = { name: 'library', version: '1' }

const requestOf = (...spans: object[]) =>
  encode('TracesData', {
    resourceSpans: [{ resource, schemaUrl: 'r', scopeSpans: [{ scope, schemaUrl: 's', spans }] }],
  })
const rejectedOf = (...spans: object[]) => Object.fromEntries(splitByTrace(requestOf(...spans)).rejected)

/** A message of these length-delimited fields. */
function message(...fields: [field: number, content: Uint8Array][]): Uint8Array {
  const writer = new BinaryWriter()
  for (const [field, content] of fields) writer.tag(field, WireType.LengthDelimited).bytes(content)
  return writer.finish()
}

/** A request whose only span is these bytes. */
const requestOfSpan = (content: Uint8Array) => message([1, message([2, message([2, content])])])
const ids = message([1, span.traceId], [2, span.spanId])

test('spans of two traces in one request become one chunk each, under their resource and scope', () => {
  const a = { ...span, name: 'a', startTimeUnixNano: '20' }
  const b = { traceId: traceId(2), spanId: spanId(2), name: 'b', startTimeUnixNano: '18446744073709551615' }
  const c = { ...span, spanId: spanId(3), name: 'c', startTimeUnixNano: '10' }

  const split = splitByTrace(requestOf(a, b, c))

  expect(split.chunks.map(({ bytes, ...rest }) => rest)).toEqual([
    { traceId: '01'.repeat(16), spanCount: 2, startUnixNano: 10n },
    { traceId: '02'.repeat(16), spanCount: 1, startUnixNano: 18446744073709551615n },
  ])
  expect(split.chunks.map((chunk) => decodeTraces(chunk.bytes))).toEqual(
    [requestOf(a, c), requestOf(b)].map(decodeTraces),
  )
  expect(split).toMatchObject({ spanCount: 3, unknownFields: false })
  expect(split.rejected.size).toBe(0)
})

test('an empty request, or one without spans, has no chunks', () => {
  for (const body of [new Uint8Array(0), requestOf(), encode('TracesData', { resourceSpans: [{}] })]) {
    expect(splitByTrace(body)).toMatchObject({ chunks: [], spanCount: 0, unknownFields: false })
  }
})

test.each([
  ['no trace id', { traceId: Buffer.alloc(0) }, { 'invalid-trace-id': 1 }],
  ['a trace id of zeros', { traceId: Buffer.alloc(16) }, { 'invalid-trace-id': 1 }],
  ['a trace id of 15 bytes', { traceId: Buffer.alloc(15, 1) }, { 'invalid-trace-id': 1 }],
  ['a trace id of 17 bytes', { traceId: Buffer.alloc(17, 1) }, { 'invalid-trace-id': 1 }],
  ['no span id', { spanId: Buffer.alloc(0) }, { 'invalid-span-id': 1 }],
  ['a span id of zeros', { spanId: Buffer.alloc(8) }, { 'invalid-span-id': 1 }],
  ['a span id of 16 bytes', { spanId: Buffer.alloc(16, 1) }, { 'invalid-span-id': 1 }],
  ['a parent span id of 4 bytes', { parentSpanId: Buffer.alloc(4, 1) }, { 'invalid-parent-span-id': 1 }],
  ['a parent span id of zeros', { parentSpanId: Buffer.alloc(8) }, {}],
  ['a trace id of zeros but for the last byte', { traceId: Buffer.concat([Buffer.alloc(15), Buffer.of(1)]) }, {}],
])('a span with %s among good ones is told apart', (_what, fields, rejected) => {
  expect(rejectedOf(span, { ...span, ...fields }, span)).toEqual(rejected)
})

test('of a trace id given twice the last counts', () => {
  const twice = message([1, traceId(7)], [1, traceId(1)], [2, span.spanId])
  expect(splitByTrace(requestOfSpan(twice)).chunks.map((chunk) => chunk.traceId)).toEqual(['01'.repeat(16)])
})

test('a group, though deprecated, is skipped and kept as it is', () => {
  const group = new BinaryWriter()
    .tag(99, WireType.StartGroup)
    .tag(1, WireType.Varint)
    .uint32(5)
    .tag(99, WireType.EndGroup)
  const content = Buffer.concat([ids, group.finish()])
  const [chunk] = splitByTrace(requestOfSpan(content)).chunks
  expect(Buffer.from(chunk?.bytes ?? []).includes(content)).toBe(true)
})

function nestedValue(depth: number): Uint8Array {
  let value = message([1, Buffer.from('x')])
  for (let level = 1; level < depth; level++) value = message([5, message([1, value])])
  return Buffer.concat([ids, message([9, message([1, Buffer.from('key')], [2, value])])])
}

function nestedList(depth: number): Uint8Array {
  let value = message([1, Buffer.from('x')])
  for (let level = 1; level < depth; level++)
    value = message([6, message([1, message([1, Buffer.from('k')], [2, value])])])
  return Buffer.concat([ids, message([9, message([1, Buffer.from('key')], [2, value])])])
}

test.each([
  ['values', nestedValue],
  ['key-value lists', nestedList],
  ['groups', groupsOf],
])('%s nested 64 deep are accepted, 65 deep are refused', (_what, nested) => {
  expect(splitByTrace(requestOfSpan(nested(64))).spanCount).toBe(1)
  expect(() => splitByTrace(requestOfSpan(nested(65)))).toThrow(expect.objectContaining({ code: 'nested-too-deep' }))
  expect(() => splitByTrace(requestOfSpan(nested(5_000)))).toThrow(expect.objectContaining({ code: 'nested-too-deep' }))
})

function groupsOf(depth: number): Uint8Array {
  const writer = new BinaryWriter().raw(ids)
  for (let level = 0; level < depth; level++) writer.tag(99, WireType.StartGroup)
  for (let level = 0; level < depth; level++) writer.tag(99, WireType.EndGroup)
  return writer.finish()
}

test.each([
  ['a length past the end', Buffer.of(0x0a, 0x05, 0x00)],
  ['a field number of 0', Buffer.of(0x02, 0x00)],
  ['a varint without an end', Buffer.concat([ids, Buffer.of(0x30), Buffer.alloc(11, 0x80)])],
  ['a time cut short', Buffer.concat([ids, Buffer.of(0x39, 1, 2, 3)])],
  ['a wire type that does not exist', Buffer.concat([ids, Buffer.of(0x37)])],
  ['the end of a group that did not start', Buffer.concat([ids, Buffer.of(0x9c, 0x06)])],
  ['a group without an end', Buffer.concat([ids, Buffer.of(0x9b, 0x06)])],
  ['an attribute that runs past the span', Buffer.concat([ids, Buffer.of(0x4a, 0x7f, 0x0a)])],
  [
    'an attribute value that runs past the attribute',
    Buffer.concat([ids, Buffer.of(0x4a, 0x04, 0x0a, 0x00, 0x12, 0x09)]),
  ],
  [
    'a string that runs past its value',
    Buffer.concat([ids, Buffer.of(0x4a, 0x06, 0x0a, 0x00, 0x12, 0x02, 0x0a, 0x05)]),
  ],
])('%s in a span is malformed', (_what, content) => {
  expect(() => splitByTrace(requestOfSpan(content))).toThrow(expect.objectContaining({ code: 'malformed-protobuf' }))
})

test('fields that OTLP does not have at the top or beside the scopes are noted', () => {
  expect(splitByTrace(message([2, Buffer.of()])).unknownFields).toBe(true)
  expect(splitByTrace(message([1, message([1000, Buffer.of()])])).unknownFields).toBe(true)
})

test('a resource that would be repeated beyond the limit is refused before anything is copied', () => {
  const spans = Array.from({ length: 10 }, (_, i) => ({ ...span, traceId: traceId(i + 1) }))
  const big = { attributes: [{ key: 'k', value: { stringValue: 'x'.repeat(10_000) } }] }
  const body = encode('TracesData', { resourceSpans: [{ resource: big, scopeSpans: [{ spans }] }] })

  expect(splitByTrace(body, { ...NO_LIMITS, maxSplitBytes: 110_000 }).chunks).toHaveLength(10)
  expect(() => splitByTrace(body, { ...NO_LIMITS, maxSplitBytes: 100_000 })).toThrow(
    expect.objectContaining({ code: 'body-too-large' }),
  )
})

describe('a request of as many', () => {
  const split = (request: object, limits: Partial<RequestLimits>) =>
    splitByTrace(encode('TracesData', request), { ...NO_LIMITS, ...limits })
  const spansOf = (count: number, traces: number) => ({
    resourceSpans: [
      {
        scopeSpans: [
          { spans: Array.from({ length: count }, (_, i) => ({ ...span, traceId: traceId(1 + (i % traces)) })) },
        ],
      },
    ],
  })

  test('spans as the limit is split, of one more it is refused, those that would be rejected counted too', () => {
    expect(split(spansOf(5, 2), { maxRequestSpans: 5 }).spanCount).toBe(5)
    expect(() => split(spansOf(6, 2), { maxRequestSpans: 5 })).toThrow(
      expect.objectContaining({ code: 'too-many-spans', hint: expect.stringContaining('maxRequestSpans') }),
    )
    const empty = { resourceSpans: [{ scopeSpans: [{ spans: Array.from({ length: 6 }, () => ({})) }] }] }
    expect(() => split(empty, { maxRequestSpans: 5 })).toThrow(expect.objectContaining({ code: 'too-many-spans' }))
  })

  test('events and links as the limit is split, of one more it is refused', () => {
    const parts = { attributes: [], events: [{}, {}, {}], links: [{}, {}] }
    const two = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                { ...span, ...parts },
                { ...span, events: [{}] },
              ],
            },
          ],
        },
      ],
    }
    expect(split(two, { maxRequestEvents: 6 }).spanCount).toBe(2)
    expect(() => split(two, { maxRequestEvents: 5 })).toThrow(
      expect.objectContaining({ code: 'too-many-events', hint: expect.stringContaining('maxRequestEvents') }),
    )
  })

  test('traces as the limit is split, of one more it is refused', () => {
    expect(split(spansOf(9, 3), { maxRequestTraces: 3 }).chunks).toHaveLength(3)
    expect(() => split(spansOf(9, 4), { maxRequestTraces: 3 })).toThrow(
      expect.objectContaining({ code: 'too-many-traces' }),
    )
  })

  const value = { key: 'k', value: { stringValue: 'v' } }
  const listed = { key: 'k', value: { arrayValue: { values: [{ intValue: '1' }, {}] } } }
  const spanWith = (fields: object) => ({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, ...fields }] }] }] })
  const values: readonly (readonly [string, number, object])[] = [
    ['resources', 4, { resourceSpans: [{}, {}, {}, {}] }],
    ['scopes', 4, { resourceSpans: [{ scopeSpans: [{}, {}, {}] }] }],
    ['attributes of a resource', 5, { resourceSpans: [{ resource: { attributes: [value, value, value] } }] }],
    ['attributes of a scope', 5, { resourceSpans: [{ scopeSpans: [{ scope: { attributes: [value, value] } }] }] }],
    ['attributes of a span', 5, spanWith({ attributes: [value, value] })],
    ['events', 5, spanWith({ events: [{}, {}] })],
    ['links', 5, spanWith({ links: [{}, {}] })],
    ['other fields of a span', 5, spanWith({ droppedLinksCount: 1, flags: 1 })],
    ['elements of a list', 10, spanWith({ attributes: [listed] })],
  ]
  test.each(values)('%s as %i values is split at that limit and refused below it', (_, count, request) => {
    expect(split(request, { maxRequestValues: count }).chunks.length).toBeLessThan(2)
    expect(() => split(request, { maxRequestValues: count - 1 })).toThrow(
      expect.objectContaining({ code: 'too-many-values' }),
    )
  })

  test('fields in a group counts each, at two bytes a field', () => {
    const group = new BinaryWriter().tag(31, WireType.StartGroup).raw(Buffer.alloc(100, Buffer.of(0x08, 1)))
    const body = requestOfSpan(Buffer.concat([ids, group.tag(31, WireType.EndGroup).finish()]))
    expect(splitByTrace(body, { ...NO_LIMITS, maxRequestValues: 60 }).spanCount).toBe(1)
    expect(() => splitByTrace(body, { ...NO_LIMITS, maxRequestValues: 50 })).toThrow(/more than 50 values/)
  })
})

test('what many traces share is added up and put together once, however many pieces it comes in', () => {
  const numbered = (i: number) => Buffer.from(i.toString(16).padStart(32, 'f'), 'hex')
  const request = (pieces: number, traces: number) => {
    const shared = Buffer.concat(Array.from({ length: pieces }, () => message([9, Buffer.of(1)], [2, Buffer.of()])))
    const spans = Array.from({ length: traces }, (_, i) => message([1, numbered(i)], [2, span.spanId]))
    return message([
      1,
      Buffer.concat([shared, message([2, message(...spans.map((each) => [2, each] as [number, Uint8Array]))])]),
    ])
  }

  const [first, second] = splitByTrace(request(1_000, 2)).chunks
  expect(decodeTraces(first?.bytes ?? Buffer.of()).resourceSpans).toHaveLength(1)
  expect(first?.bytes).toHaveLength(second?.bytes.length ?? 0)
  expect(first?.bytes.length).toBeGreaterThan(3_000)
  const many = request(200_000, 20_000)
  expect(() => splitByTrace(many, REQUEST_LIMITS)).toThrow(expect.objectContaining({ code: 'body-too-large' }))
})
