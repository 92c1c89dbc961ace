import { convertJson } from '../json.ts'
import { fromJaeger } from './jaeger.ts'
import { isObject, type JsonObject, objectsOf, parseJson } from './json-value.ts'
import { fromTempo } from './tempo.ts'
import { fromZipkin } from './zipkin.ts'

const OTLP_START = /^\s*\{\s*"resourceSpans"/
const TRACE_ID = '"traceId"'
/** 16 bytes in base64; OTLP/JSON has them in hex. */
const BASE64_ID = /^\s*:\s*"[A-Za-z0-9+/]{22}=="/

/**
 * Makes protobuf of traces in JSON, whichever tool exported them: OTLP/JSON, Jaeger's query API, Zipkin v2 or Tempo; the
 * content says which. Throws an InputError.
 */
export function convertAnyJson(body: Uint8Array): ReturnType<typeof convertJson> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (OTLP_START.test(bytes.toString('latin1', 0, 200)) && !hasBase64Ids(bytes)) return convertJson(body)
  const value = parsed(bytes.toString('utf8'))
  const request = value === undefined ? undefined : requestOf(value, hasBase64Ids(bytes))
  if (request === undefined) return convertJson(body)
  const { bytes: converted } = convertJson(Buffer.from(JSON.stringify(request, digits)))
  return { bytes: converted, unknownFields: false }
}

/** Whether the first trace id is in base64. */
function hasBase64Ids(bytes: Buffer): boolean {
  const at = bytes.indexOf(TRACE_ID)
  return at >= 0 && BASE64_ID.test(bytes.toString('latin1', at + TRACE_ID.length, at + TRACE_ID.length + 100))
}

/** Undefined for what is not JSON: the reader of OTLP/JSON says where it is wrong. */
function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Undefined for OTLP/JSON, and for what no tool writes. */
function requestOf(value: unknown, hasBase64: boolean): object | undefined {
  if (Array.isArray(value)) return ofList(objectsOf(value.flat(), 'the trace'))
  if (!isObject(value)) return undefined
  if (Array.isArray(value.data)) return fromJaeger(objectsOf(value.data, 'data'))
  if (value.spans !== undefined && value.processes !== undefined) return fromJaeger([value])
  if (value.batches !== undefined || (value.resourceSpans !== undefined && hasBase64)) return fromTempo(value)
  // Tempo's API v2 wraps the trace, Jaeger's API v3 each part of its answer.
  const wrapped = value.trace ?? value.result
  return isObject(wrapped) ? fromTempo(wrapped) : undefined
}

/** Zipkin lists spans; Jaeger's page lists traces, which have spans. */
function ofList(items: readonly JsonObject[]): object {
  return items.some(({ spans }) => spans !== undefined) ? fromJaeger(items) : fromZipkin(items)
}

/** OTLP/JSON writes integers of 64 bits as text. */
function digits(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value
}
