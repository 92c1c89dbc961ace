import { gzipSync } from 'node:zlib'
import { encode } from '../../otlp/otlp-proto.ts'
import type { Random } from '../../pipeline/model/random.ts'
import type { Batch, SoakSpan } from './traffic.ts'

/** One OTLP request as a client sends it. */
export interface OtlpRequest {
  readonly spans: Batch
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

type Encoding = 'protobuf' | 'json'

/** Encodes a batch in either of OTLP's encodings, some of them compressed. */
export function requestOf(random: Random, spans: Batch): OtlpRequest {
  const plain = random.chance(0.3) ? jsonRequest(spans) : protobufRequest(spans)
  if (random.chance(0.5)) return plain
  const headers = { ...plain.headers, 'content-encoding': 'gzip' }
  return { spans, headers, body: gzipSync(plain.body, { level: 1 }) }
}

export function protobufRequest(spans: Batch): OtlpRequest {
  const body = encode('TracesData', tracesOf(spans, 'protobuf'))
  return { spans, headers: { 'content-type': 'application/x-protobuf' }, body }
}

function jsonRequest(spans: Batch): OtlpRequest {
  const body = Buffer.from(JSON.stringify(tracesOf(spans, 'json')))
  return { spans, headers: { 'content-type': 'application/json' }, body }
}

function tracesOf(spans: Batch, encoding: Encoding): object {
  const byService = Map.groupBy(spans, ({ service }) => service)
  return {
    resourceSpans: [...byService].map(([service, own]) => ({
      resource: { attributes: [attribute('service.name', service), attribute('service.version', '4.18.2')] },
      scopeSpans: [{ scope: { name: 'soak' }, spans: own.map((span) => spanOf(span, encoding)) }],
    })),
  }
}

function spanOf(span: SoakSpan, encoding: Encoding): object {
  // In JSON ids are hex, in protobuf bytes.
  const id = (hex: string) => (encoding === 'json' ? hex : Buffer.from(hex, 'hex'))
  return {
    traceId: id(span.traceId),
    spanId: id(span.spanId),
    ...(span.parent !== undefined && { parentSpanId: id(span.parent) }),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(span.endMs),
    status: span.failed ? { code: 2 } : {},
    attributes: Object.entries(span.attributes).map(([key, value]) => attribute(key, value)),
  }
}

function attribute(key: string, value: string | number): object {
  return { key, value: typeof value === 'number' ? { intValue: value } : { stringValue: value } }
}

function nanos(ms: number): string {
  return String(BigInt(ms) * 1_000_000n)
}
