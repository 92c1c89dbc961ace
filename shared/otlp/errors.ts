import { InputError } from '../errors.ts'

/** What can be wrong with a request for traces. */
export type OtlpErrorCode =
  | 'malformed-protobuf'
  | 'malformed-json'
  | 'invalid-otlp-json'
  | 'nested-too-deep'
  | 'body-too-large'
  | 'too-many-values'
  | 'too-many-spans'
  | 'too-many-events'
  | 'too-many-traces'
  | 'malformed-compression'
  | 'unsupported-media-type'
  | 'unsupported-encoding'

/** The bytes are no protobuf message: a length or varint runs past its end, or a tag is impossible. */
export function malformedProtobuf(what: string, offset: number): InputError<OtlpErrorCode> {
  return new InputError<OtlpErrorCode>({
    code: 'malformed-protobuf',
    message: `malformed protobuf: ${what} at byte ${offset}`,
    hint: 'send an ExportTraceServiceRequest in the protobuf binary format, or application/json with OTLP/JSON',
  })
}

/** The text is not JSON at all. */
export function malformedJson(reason: string): InputError<OtlpErrorCode> {
  return new InputError<OtlpErrorCode>({
    code: 'malformed-json',
    message: `malformed JSON: ${reason}`,
    hint: 'send one ExportTraceServiceRequest as UTF-8 JSON',
  })
}

/** JSON, but a field has a type that OTLP/JSON does not give it; `path` says where. */
export function invalidOtlpJson(path: string, expected: string, hint?: string): InputError<OtlpErrorCode> {
  return new InputError<OtlpErrorCode>({
    code: 'invalid-otlp-json',
    message: `${path} must be ${expected}`,
    hint: hint ?? 'see "JSON Protobuf Encoding" in the OTLP specification',
  })
}

export function nestedTooDeep(limit: number): InputError<OtlpErrorCode> {
  return new InputError<OtlpErrorCode>({
    code: 'nested-too-deep',
    message: `values are nested more than ${limit} levels deep`,
    hint: 'flatten the attribute, or send it as a JSON string',
  })
}

export function bodyTooLarge(what: string, limitBytes: number, hint: string): InputError<OtlpErrorCode> {
  return new InputError<OtlpErrorCode>({
    code: 'body-too-large',
    message: `${what} more than ${limitBytes} bytes`,
    hint,
  })
}

/** What to do about a request that is too large. */
export const SMALLER_BATCHES = 'send smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE, send_batch_max_size)'
