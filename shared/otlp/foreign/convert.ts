import { convertJson } from '../json.ts'
import { fromJaeger } from './jaeger.ts'
import { isObject, objectsOf, parseJson } from './json-value.ts'
import { fromTempo } from './tempo.ts'
import { fromZipkin } from './zipkin.ts'

const OTLP_START = /^\s*\{\s*"resourceSpans"/

/**
 * Makes protobuf of traces in JSON, whichever tool exported them: OTLP/JSON, Jaeger's query API, Zipkin v2 or Tempo; the
 * content says which. Throws an InputError.
 */
export function convertAnyJson(body: Uint8Array): ReturnType<typeof convertJson> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (OTLP_START.test(bytes.toString('latin1', 0, 200))) return convertJson(body)
  const value = parsed(bytes.toString('utf8'))
  const request = value === undefined ? undefined : requestOf(value)
  if (request === undefined) return convertJson(body)
  const { bytes: converted } = convertJson(Buffer.from(JSON.stringify(request, digits)))
  return { bytes: converted, unknownFields: false }
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
function requestOf(value: unknown): object | undefined {
  if (Array.isArray(value)) return fromZipkin(objectsOf(value.flat(), 'the trace'))
  if (!isObject(value)) return undefined
  if (Array.isArray(value.data)) return fromJaeger(objectsOf(value.data, 'data'))
  if (value.spans !== undefined && value.processes !== undefined) return fromJaeger([value])
  if (value.batches !== undefined) return fromTempo(value)
  return isObject(value.trace) ? fromTempo(value.trace) : undefined
}

/** OTLP/JSON writes integers of 64 bits as text. */
function digits(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value
}
