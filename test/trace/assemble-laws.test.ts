import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { anyGoodRequest } from '../otlp/any-request.ts'
import { decodeTraces, encode, type OracleSpan, type OracleTraces } from '../otlp/otlp-proto.ts'
import { contentOf } from './content.ts'

const TRACE_ID = '01'.repeat(16)

/** The chunks of one trace, whatever traces the requests spoke of. */
function chunksOf(requests: readonly OracleTraces[]): Uint8Array[] {
  return requests.flatMap((request) =>
    splitByTrace(encode('TracesData', request))
      .chunks.filter((chunk) => chunk.traceId === TRACE_ID)
      .map((chunk) => chunk.bytes),
  )
}

/** The same spans in requests of one span each. */
function apart(request: OracleTraces): OracleTraces[] {
  return (request.resourceSpans ?? []).flatMap(({ scopeSpans = [], ...resource }) =>
    scopeSpans.flatMap(({ spans = [], ...scope }) =>
      spans.map((span) => ({ resourceSpans: [{ ...resource, scopeSpans: [{ ...scope, spans: [span] }] }] })),
    ),
  )
}

test('any split, order and duplication of requests makes an equal trace', () => {
  const requests = fc.array(anyGoodRequest, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(requests, fc.infiniteStream(fc.nat()), (sent, randoms) => {
      const chunks = chunksOf(sent)
      const pieces = [...chunksOf(sent.flatMap(apart)), ...chunks.filter((_, i) => i % 2 === 0)]
      const order = pieces.map((piece) => ({ piece, at: randoms.next().value })).sort((a, b) => a.at - b.at)

      const whole = contentOf(assembleTrace(TRACE_ID, chunks))

      expect(contentOf(assembleTrace(TRACE_ID, [...chunks].reverse()))).toEqual(whole)
      expect(
        contentOf(
          assembleTrace(
            TRACE_ID,
            order.map(({ piece }) => piece),
          ),
        ),
      ).toEqual(whole)
    }),
    { numRuns: 150 },
  )
})

test('a trace holds what protobufjs reads of its spans: one of each identity, the one with the latest end', () => {
  fc.assert(
    fc.property(anyGoodRequest, (request) => {
      const spans = (decodeTraces(encode('TracesData', request)).resourceSpans ?? [])
        .flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap((scope) => scope.spans ?? []))
        .filter((span) => hex(span.traceId) === TRACE_ID)
      const latest = new Map<string, bigint>()
      for (const span of spans) {
        const end = BigInt(span.endTimeUnixNano ?? 0)
        const identity = identityOf(span)
        if (end >= (latest.get(identity) ?? 0n)) latest.set(identity, end)
      }

      const trace = assembleTrace(TRACE_ID, chunksOf([request]))

      const found = trace.spans.map(({ spanId, kind, name, startUnixNano, endUnixNano }) => [
        JSON.stringify([spanId, kind, name, String(startUnixNano)]),
        endUnixNano,
      ])
      expect(found.toSorted(byText)).toEqual([...latest].toSorted(byText))
      expect(trace.spans.map((span) => span.startUnixNano)).toEqual(
        trace.spans.map((span) => span.startUnixNano).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
      )
    }),
    { numRuns: 150 },
  )
})

const hex = (id: Uint8Array | undefined) => Buffer.from(id ?? []).toString('hex')
const byText = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)

function identityOf({ spanId, kind = 0, name = '', startTimeUnixNano = '0' }: OracleSpan): string {
  return JSON.stringify([hex(spanId), kind, name, startTimeUnixNano])
}
