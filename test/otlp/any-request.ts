import fc from 'fast-check'
import { context, id, optional, scope } from '../archive/any-otlp.ts'
import type { OracleResourceSpans, OracleTraces } from './otlp-proto.ts'

/** Few enough that traces share requests and spans share ids. */
const traceIds = [1, 2, 3].map((digit) => new Uint8Array(16).fill(digit))
const spanIds = [1, 2, 3, 4].map((digit) => new Uint8Array(8).fill(digit))

const ids = {
  traceId: fc.constantFrom(...traceIds),
  spanId: fc.oneof(fc.constantFrom(...spanIds), id(8)),
  parentSpanId: fc.constantFrom(...spanIds, new Uint8Array(8), new Uint8Array(0)),
}

/** Ids that make a span be rejected. */
const badIds = fc.constantFrom<object>(
  { traceId: new Uint8Array(16) },
  { traceId: new Uint8Array(15).fill(1) },
  { traceId: new Uint8Array(0) },
  { spanId: new Uint8Array(8) },
  { spanId: new Uint8Array(9).fill(1) },
  { parentSpanId: new Uint8Array(7).fill(1) },
)

const goodSpan = fc.record({ ...optional, ...ids }, { requiredKeys: ['traceId', 'spanId'] })
const anySpan = fc.oneof(
  { weight: 9, arbitrary: goodSpan },
  { weight: 1, arbitrary: fc.tuple(goodSpan, badIds).map(([span, bad]) => ({ ...span, ...bad })) },
)

function requests(span: fc.Arbitrary<object>): fc.Arbitrary<OracleTraces> {
  const spans = fc.array(span, { maxLength: 4 })
  const scopeSpans = fc.record({ scope, schemaUrl: context.schemaUrl, spans }, { requiredKeys: ['spans'] })
  const resourceSpans = fc.record(
    { ...context, scopeSpans: fc.array(scopeSpans, { maxLength: 3 }) },
    { requiredKeys: ['scopeSpans'] },
  )
  return fc.array(resourceSpans, { maxLength: 3 }).map((all) => ({ resourceSpans: all as OracleResourceSpans[] }))
}

/** A request of up to three traces, some of its spans with invalid ids. */
export const anyRequest = requests(anySpan)

/** The same, every span acceptable. */
export const anyGoodRequest = requests(goodSpan)
