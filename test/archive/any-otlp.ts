import fc from 'fast-check'

/*
 * Arbitrary OTLP as plain objects of the protobuf JSON names, every field and every kind of value, known to no decoder
 * of the project.
 */

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => value.isWellFormed())
const key = fc.oneof(
  fc.constantFrom('http.status_code', 'a', '1', '$bytes', '$kvlist', '__proto__', '"', 'amount', 'service.name'),
  text,
)
const uint32 = fc.oneof(fc.constant(0), fc.constant(0xffffffff), fc.nat(1000))
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom('0', '-1', '9007199254740991', '9007199254740993', '-9007199254740993', '100000000000000000'),
)
const nanos = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  fc.bigInt({ min: 1_700_000_000_000_000_000n, max: 1_700_000_001_000_000_000n }).map(String),
)
const double = fc.oneof(fc.double(), fc.constantFrom(-0, 1, 1e21, 5e-324, Number.NaN, Number.POSITIVE_INFINITY))

const { value: anyValue } = fc.letrec<{ value: object; keyValue: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    text.map((stringValue) => ({ stringValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    int64.map((intValue) => ({ intValue })),
    double.map((doubleValue) => ({ doubleValue })),
    fc.uint8Array({ maxLength: 9 }).map((bytesValue) => ({ bytesValue })),
    fc.constant({}),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
    fc.array(tie('keyValue'), { maxLength: 3 }).map((values) => ({ kvlistValue: { values } })),
  ),
  keyValue: fc.record({ key, value: tie('value') }, { requiredKeys: ['key'] }),
}))

const attributes = fc.array(fc.record({ key, value: anyValue }, { requiredKeys: ['key'] }), { maxLength: 4 })
export const id = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).filter((bytes) => bytes.some(Boolean))

const event = fc.record(
  { timeUnixNano: nanos, name: text, attributes, droppedAttributesCount: uint32 },
  { requiredKeys: [] },
)
const link = fc.record(
  { traceId: id(16), spanId: id(8), traceState: text, attributes, droppedAttributesCount: uint32, flags: uint32 },
  { requiredKeys: [] },
)

export const optional = {
  traceState: text,
  flags: uint32,
  name: text,
  kind: fc.oneof(fc.nat(5), fc.constantFrom(6, 77, -1)),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  droppedAttributesCount: uint32,
  events: fc.array(event, { maxLength: 2 }),
  droppedEventsCount: uint32,
  links: fc.array(link, { maxLength: 2 }),
  droppedLinksCount: uint32,
  status: fc.record({ message: text, code: fc.oneof(fc.nat(2), fc.constant(9)) }, { requiredKeys: [] }),
  parentSpanId: fc.oneof(id(8), fc.constant(new Uint8Array(8))),
}

export const context = {
  resource: fc.record({ attributes, droppedAttributesCount: uint32 }, { requiredKeys: [] }),
  schemaUrl: text,
}
export const scope = fc.record(
  { name: text, version: text, attributes, droppedAttributesCount: uint32 },
  { requiredKeys: [] },
)

export const TRACE_ID = new Uint8Array(16).fill(7)

/** One span with its resource and scope, as a TracesData of one span under TRACE_ID. */
export const tracesOfOneSpan = fc
  .tuple(
    fc.record({ spanId: id(8), ...optional }, { requiredKeys: ['spanId'] }),
    fc.record(context, { requiredKeys: [] }),
    fc.record({ scope, schemaUrl: text }, { requiredKeys: [] }),
  )
  .map(([span, resourceSpans, scopeSpans]) => ({
    resourceSpans: [{ ...resourceSpans, scopeSpans: [{ ...scopeSpans, spans: [{ traceId: TRACE_ID, ...span }] }] }],
  }))
