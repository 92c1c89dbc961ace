import fc from 'fast-check'
import { type KeyMarks, keyOnWire, noteMark } from '../../shared/trace/key-marks.ts'
import type { AttributeSource, AttributeValue, Span, Trace } from '../../shared/trace/span.ts'

type Attributes = Readonly<Record<string, AttributeValue>>

/** The parts of a span that a test gives; the rest is filled in. Times in nanoseconds after some moment. */
export interface SpanSketch {
  readonly name: string
  readonly id?: number
  readonly parent?: number
  readonly attributes?: Attributes
  readonly resource?: Attributes
  readonly startNanos?: bigint
  readonly durationNanos?: bigint
  readonly status?: number
  readonly message?: string
  readonly kind?: number
  readonly events?: readonly EventSketch[]
}

interface EventSketch {
  readonly name: string
  readonly attributes?: Attributes
}

const epoch = 1_767_225_600_000_000_000n

/** A trace as `assembleTrace` gives it, of spans by start, then id. */
export function traceOf(sketches: readonly SpanSketch[]): Trace {
  const spans = sketches
    .map(spanOf)
    .sort((a, b) => compare(a.startUnixNano, b.startUnixNano) || compare(a.spanId, b.spanId))
  return { traceId: 'a0'.repeat(16), spans, complete: true, truncated: false }
}

function compare<Ordered extends bigint | string>(left: Ordered, right: Ordered): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function spanOf(sketch: SpanSketch, index: number): Span {
  const startUnixNano = epoch + (sketch.startNanos ?? BigInt(index))
  return {
    spanId: spanId(sketch.id ?? index + 1),
    parentSpanId: sketch.parent === undefined ? '' : spanId(sketch.parent),
    name: sketch.name,
    kind: sketch.kind ?? 1,
    statusCode: sketch.status ?? 0,
    statusMessage: sketch.message ?? '',
    startUnixNano,
    endUnixNano: startUnixNano + (sketch.durationNanos ?? 1_000_000n),
    attributes: attributeSource(sketch.attributes ?? {}),
    resource: attributeSource(sketch.resource ?? { 'service.name': 'shop' }),
    events: () =>
      (sketch.events ?? []).map(({ name, attributes = {} }) => ({
        name,
        timeUnixNano: startUnixNano,
        attributes: attributeSource(attributes),
      })),
  }
}

function spanId(id: number): string {
  return id.toString(16).padStart(16, '0')
}

function attributeSource(attributes: Attributes): AttributeSource {
  const entries = Object.entries(attributes)
  const byKey = new Map(entries)
  const noteKeys = (marks: KeyMarks) => {
    for (const [key] of entries) noteMark(marks, keyOnWire(key).mark)
  }
  return { get: (key) => byKey.get(key), entries: () => entries, noteKeys }
}

/** Names, keys and texts are few, so that rules and traces drawn apart meet often. */
const names = ['a', 'b', 'cart.validate', 'http.get', 'http.post', 'GET /x', '', 'ünï 🌍', 'a*b']
export const keys = ['x', 'y', 'tags', 'user.id', 'k-1', 'service.name', 'ключ']
export const texts = [
  'EU',
  'user.id',
  '',
  'a',
  'ab',
  'abc',
  '5',
  '1e3',
  ' 5',
  '-9223372036854775808',
  '🌍',
  '\uff5e',
  '\ue000z',
  'true',
]
const numbers = [0, -0, 1, 2, 5, -3, 0.5, 1.5, 1e3, 2 ** 53, 2 ** 63, 1e300, 9007199254740991]
const bigints = [2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 2n]

const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...texts) },
  { weight: 5, arbitrary: fc.constantFrom(...numbers, Number.NaN, Number.POSITIVE_INFINITY) },
  { weight: 2, arbitrary: fc.constantFrom(...bigints) },
  { weight: 3, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constant(null) },
)
const compound: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.uint8Array({ maxLength: 3 }),
  fc.array(fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), { maxLength: 3 }),
  scalar.map((value) => new Map([['x', value]])),
)
const attributeValue = fc.oneof({ weight: 6, arbitrary: scalar }, { weight: 2, arbitrary: compound })
const attributes = fc.dictionary(fc.constantFrom(...keys), attributeValue, { maxKeys: 5, noNullPrototype: true })
const resources = fc.constantFrom<Attributes>(
  { 'service.name': 'shop' },
  { 'service.name': 'pay', x: 5, 'user.id': 'EU' },
  { 'service.name': 7 },
  {},
)

/** Times of clocks that tell whole milliseconds and of finer ones, in so few milliseconds that many are in the same. */
export const mixedNanos = fc
  .tuple(fc.bigInt(0n, 4n), fc.constantFrom(0n, 0n, 0n, 1n, 300_000n, 700_000n, 999_999n))
  .map(([milliseconds, nanos]) => milliseconds * 1_000_000n + nanos)

export const spanSketch: fc.Arbitrary<SpanSketch> = fc
  .record({
    name: fc.constantFrom(...names),
    id: fc.integer({ min: 1, max: 9 }),
    parent: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined, freq: 4 }),
    attributes,
    resource: resources,
    startNanos: fc.oneof(fc.constantFrom(0n, 1n, 1_000_000n, 2_000_000_000n), mixedNanos),
    durationNanos: fc.oneof(
      fc.constantFrom(0n, 1n, 999_999n, 1_000_000n, 5_000_000_000n, -1_000n, 2n ** 60n),
      mixedNanos,
    ),
    status: fc.constantFrom(0, 1, 2, 9),
    message: fc.constantFrom('', '', 'EU', 'ab', '5'),
    kind: fc.constantFrom(0, 1, 2, 3, 4, 5, 9, -1),
  })
  .map(({ parent, ...rest }) => (parent === undefined ? rest : { ...rest, parent }))

export const anySpans = fc.array(spanSketch, { maxLength: 8 })

/** Few keys and values, so that those of two spans are often equal. */
const fewAttributes = fc.dictionary(
  fc.constantFrom('x', 'y', 'user.id', 'tags'),
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<AttributeValue>(1, 2, 5, 'EU', 'a', true, '5', 2n ** 53n + 1n) },
    { weight: 2, arbitrary: fc.constantFrom<AttributeValue>([1, 'a'], ['EU', 2], [], null, Number.NaN, 1.5) },
    { weight: 1, arbitrary: attributeValue },
  ),
  { maxKeys: 4, noNullPrototype: true },
)

const event: fc.Arbitrary<EventSketch> = fc.record({
  name: fc.constantFrom('exception', 'retry', 'ünï 🌍'),
  attributes: fewAttributes,
})

/** A span that resembles others and has events, so that what is asked of several spans often holds of some. */
const relatedSpan = fc
  .record({
    span: spanSketch,
    name: fc.constantFrom('a', 'b', 'cart.validate', 'http.get', 'GET /x'),
    attributes: fc.oneof({ weight: 4, arbitrary: fewAttributes }, { weight: 1, arbitrary: attributes }),
    events: fc.array(event, { maxLength: 2 }),
  })
  .map(({ span, name, attributes: own, events }) => ({ ...span, name, attributes: own, events }))

export const relatedSpans = fc.array(relatedSpan, { maxLength: 7 })

/** Enough spans that an index has something to leave out: times, ids and values are more than in a small trace. */
export const manyRelatedSpans = fc.array(
  fc
    .record({
      span: relatedSpan,
      id: fc.integer({ min: 1, max: 40 }),
      parent: fc.option(fc.integer({ min: 1, max: 44 }), { nil: undefined, freq: 12 }),
      startNanos: fc.oneof(fc.bigInt({ min: 0n, max: 60n }), fc.bigInt({ min: 0n, max: 6_000_000_000n }), mixedNanos),
      durationNanos: fc.oneof(
        fc.bigInt({ min: 0n, max: 20n }),
        fc.bigInt({ min: -5n, max: 2_000_000_000n }),
        mixedNanos,
      ),
      x: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
    })
    .map(({ span: { parent: _parent, ...span }, parent, x, ...rest }) => ({
      ...span,
      ...rest,
      ...(parent !== undefined && { parent }),
      attributes: x === undefined ? span.attributes : { ...span.attributes, x },
    })),
  { minLength: 15, maxLength: 40 },
)
