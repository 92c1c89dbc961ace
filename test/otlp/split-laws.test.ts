import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InputError } from '../../shared/errors.ts'
import { type SplitBody, splitByTrace } from '../../shared/otlp/split.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { contentOf } from '../trace/content.ts'
import { anyRequest } from './any-request.ts'
import { decodeTraces, encode, type OracleSpan, type OracleTraces } from './otlp-proto.ts'
import { rewrite, TRACES_DATA, UNKNOWN_FIELDS } from './rewrite.ts'

/** Every acceptable span with what surrounds it, by trace, told by protobufjs alone. */
function expectedByTrace(traces: OracleTraces): Map<string, object[]> {
  const byTrace = new Map<string, object[]>()
  for (const { scopeSpans = [], ...resource } of traces.resourceSpans ?? []) {
    for (const { spans = [], ...scope } of scopeSpans) {
      for (const span of spans.filter(isAcceptable)) {
        const traceId = Buffer.from(span.traceId ?? []).toString('hex')
        byTrace.set(traceId, [...(byTrace.get(traceId) ?? []), { resource, scope, span }])
      }
    }
  }
  return byTrace
}

function isAcceptable({ traceId = NO_ID, spanId = NO_ID, parentSpanId = NO_ID }: OracleSpan): boolean {
  const isSet = (id: ArrayLike<number>, length: number) => id.length === length && Array.from(id).some(Boolean)
  return isSet(traceId, 16) && isSet(spanId, 8) && (parentSpanId.length === 0 || parentSpanId.length === 8)
}

const NO_ID = new Uint8Array(0)

function chunksByTrace(split: SplitBody): Map<string, object[]> {
  const entries = split.chunks.map(({ traceId, bytes }) => [traceId, expectedByTrace(decodeTraces(bytes))] as const)
  for (const [traceId, found] of entries) expect([...found.keys()]).toEqual([traceId])
  return new Map(entries.map(([traceId, found]) => [traceId, found.get(traceId) ?? []]))
}

const spansIn = (traces: OracleTraces) =>
  (traces.resourceSpans ?? []).flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans))

test('a split request holds the spans of each trace, with resource, scope and schema URLs, as protobufjs reads them', () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      const body = encode('TracesData', request)
      const traces = decodeTraces(body)
      const split = splitByTrace(body)

      expect(chunksByTrace(split)).toEqual(expectedByTrace(traces))
      const rejected = [...split.rejected.values()].reduce((sum, count) => sum + count, 0)
      expect(split.spanCount + rejected).toBe(spansIn(traces).length)
      for (const { traceId, spanCount, startUnixNano } of split.chunks) {
        const own = spansIn(traces).filter((span) => isAcceptable(span) && hexOf(span.traceId) === traceId)
        const starts = own.map((span) => BigInt(span.startTimeUnixNano ?? 0)).sort((a, b) => Number(a - b))
        expect({ spanCount, startUnixNano }).toEqual({
          spanCount: own.length,
          startUnixNano: starts[0],
        })
      }
    }),
    { numRuns: 150 },
  )
})

const hexOf = (id: Uint8Array | undefined) => Buffer.from(id ?? []).toString('hex')

test('fields may come in any order, and unknown ones survive beside resources, scopes and in spans', () => {
  const order = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }))
  fc.assert(
    fc.property(anyRequest, order, (request, randoms) => {
      const random = () => randoms.next().value as number
      const body = rewrite(encode('TracesData', request), TRACES_DATA, (fields) => shuffled([...fields], random))
      const extended = rewrite(body, TRACES_DATA, (fields) => shuffled([...fields, ...UNKNOWN_FIELDS], random))

      const plain = splitByTrace(body)
      const split = splitByTrace(extended)

      expect(chunksByTrace(plain)).toEqual(expectedByTrace(decodeTraces(body)))
      expect(new Set(split.chunks.map((chunk) => chunk.traceId))).toEqual(new Set(chunksByTrace(plain).keys()))
      for (const { bytes } of split.chunks) rewrite(bytes, TRACES_DATA, expectUnknownFields())
    }),
    { numRuns: 60 },
  )
})

/** Every message but the outermost must have each unknown field once. */
function expectUnknownFields() {
  let isOutermost = true
  return <Field extends { readonly number: number; readonly value: Uint8Array }>(fields: readonly Field[]) => {
    if (!isOutermost) {
      const unknown = fields.filter(({ number }) => number >= 1000).sort((a, b) => a.number - b.number)
      expect(unknown.map(({ number, value }) => [number, [...value]])).toEqual(
        UNKNOWN_FIELDS.map(({ number, value }) => [number, [...value]]),
      )
    }
    isOutermost = false
    return fields
  }
}

function shuffled<Item>(items: Item[], random: () => number): Item[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * 0.999999 * (i + 1))
    const kept = items[i] as Item
    items[i] = items[j] as Item
    items[j] = kept
  }
  return items
}

test('a damaged body is an InputError, or splits into chunks that split again and can be read to the last value', () => {
  const damage = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(anyRequest, damage, fc.nat(), (request, damages, cut) => {
      const body = encode('TracesData', request)
      for (const { at, byte } of damages) if (body.length > 0) body[at % body.length] = byte
      for (const damaged of [body, body.subarray(0, cut % (body.length + 1))]) expectReadableOrRefused(damaged)
    }),
    { numRuns: 600 },
  )
})

test('random bytes are an InputError, or split into chunks that can be read', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectReadableOrRefused), { numRuns: 500 })
})

function expectReadableOrRefused(body: Uint8Array): void {
  let split: SplitBody
  try {
    split = splitByTrace(body)
  } catch (error) {
    expect(error).toBeInstanceOf(InputError)
    return
  }
  for (const { traceId, bytes, spanCount } of split.chunks) {
    const again = splitByTrace(bytes)
    expect(again.chunks.map((chunk) => Buffer.from(chunk.bytes))).toEqual([Buffer.from(bytes)])
    expect(again.chunks[0]).toMatchObject({ traceId, spanCount })
    contentOf(assembleTrace(traceId, [bytes]))
  }
}
