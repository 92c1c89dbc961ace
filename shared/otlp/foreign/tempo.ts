import { isObject, type JsonObject, objectsOf } from './json-value.ts'

/*
 * A trace as Tempo's query API answers it: https://grafana.com/docs/tempo/latest/api_docs/. It is OTLP/JSON as protobuf's own
 * JSON writes it: ids in base64, kinds and status codes by name, and mostly `batches` in place of `resourceSpans`.
 */

const KINDS: Readonly<Record<string, number>> = {
  ...{ SPAN_KIND_UNSPECIFIED: 0, SPAN_KIND_INTERNAL: 1, SPAN_KIND_SERVER: 2 },
  ...{ SPAN_KIND_CLIENT: 3, SPAN_KIND_PRODUCER: 4, SPAN_KIND_CONSUMER: 5 },
}
const CODES: Readonly<Record<string, number>> = { STATUS_CODE_UNSET: 0, STATUS_CODE_OK: 1, STATUS_CODE_ERROR: 2 }

/** Makes a request of OTLP/JSON of a trace of Tempo. */
export function fromTempo(trace: JsonObject): object {
  const batches = objectsOf(trace.batches ?? trace.resourceSpans, 'batches')
  return { resourceSpans: batches.map((batch) => ({ ...batch, scopeSpans: scopesOf(batch).map(scopeOf) })) }
}

function scopesOf(batch: JsonObject): readonly JsonObject[] {
  return objectsOf(batch.scopeSpans ?? batch.instrumentationLibrarySpans, 'scopeSpans')
}

function scopeOf(scope: JsonObject): object {
  return { ...scope, spans: objectsOf(scope.spans, 'spans').map(spanOf) }
}

function spanOf(span: JsonObject): object {
  const { kind, status, links } = span
  return {
    ...span,
    ...idsOf(span),
    ...(typeof kind === 'string' && { kind: KINDS[kind] ?? 0 }),
    ...(isObject(status) &&
      typeof status.code === 'string' && { status: { ...status, code: CODES[status.code] ?? 0 } }),
    ...(links !== undefined && { links: objectsOf(links, 'links').map((link) => ({ ...link, ...idsOf(link) })) }),
  }
}

function idsOf(from: JsonObject): object {
  const ids = { traceId: 16, spanId: 8, parentSpanId: 8 }
  return Object.fromEntries(
    Object.entries(ids).flatMap(([key, bytes]) => {
      const value = from[key]
      return typeof value === 'string' ? [[key, inHex(value, bytes)]] : []
    }),
  )
}

/** Hex stays as it is: an id in base64 has another length. */
function inHex(id: string, bytes: number): string {
  if (id.length === 2 * bytes && /^[0-9a-f]+$/i.test(id)) return id
  const decoded = Buffer.from(id, 'base64')
  return decoded.length === bytes ? decoded.toString('hex') : id
}
