import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { InputError } from '../errors.ts'
import { jsonText, visible } from '../text/visible.ts'
import type { OtlpErrorCode } from './errors.ts'
import { ACCEPTED_ENCODINGS, type BodyFormat, mediaTypeOf, type OtlpResponse } from './http.ts'

/** Spans of a request that were not stored; with a count of 0 the message is a warning. */
export interface PartialSuccess {
  readonly rejectedSpans: number
  readonly errorMessage: string
}

/** ExportTraceServiceResponse; `partialSuccess` is left out when everything was stored and there is nothing to say. */
export function exportResponse(format: BodyFormat, partialSuccess?: PartialSuccess): OtlpResponse {
  const headers = { 'content-type': mediaTypeOf(format) }
  if (partialSuccess === undefined) return { status: 200, headers, body: format === 'json' ? EMPTY_JSON : EMPTY }
  const { rejectedSpans, errorMessage } = partialSuccess
  if (format === 'json') {
    return {
      status: 200,
      headers,
      body: toJson({ partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage } }),
    }
  }
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).fork()
  if (rejectedSpans !== 0) writer.tag(1, WireType.Varint).int64(rejectedSpans)
  writer.tag(2, WireType.LengthDelimited).string(errorMessage).join()
  return { status: 200, headers, body: writer.finish() }
}

/** Codes of google.rpc.Status, google/rpc/code.proto. */
const INVALID_ARGUMENT = 3
const PERMISSION_DENIED = 7
const UNIMPLEMENTED = 12
const INTERNAL = 13
const UNAVAILABLE = 14
const UNAUTHENTICATED = 16

/** A google.rpc.Status; in JSON where the request's own format is not known. */
function statusResponse(
  status: number,
  format: BodyFormat | undefined,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): OtlpResponse {
  const spoken = format ?? 'json'
  const body = spoken === 'json' ? toJson({ code, message }) : statusMessage(code, message)
  return { status, headers: { 'content-type': mediaTypeOf(spoken), ...headers }, body }
}

function statusMessage(code: number, message: string): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int32(code)
  return writer.tag(2, WireType.LengthDelimited).string(visible(message)).finish()
}

/** 413, 415 or 400 for a request that must not be sent again as it is. */
export function badRequest(format: BodyFormat | undefined, error: InputError<OtlpErrorCode>): OtlpResponse {
  const message = error.hint === undefined ? error.message : `${error.message}; ${error.hint}`
  const headers: Record<string, string> = {}
  if (error.code === 'unsupported-encoding') headers['accept-encoding'] = ACCEPTED_ENCODINGS
  return statusResponse(STATUS_OF[error.code], format, INVALID_ARGUMENT, message, headers)
}

const STATUS_OF: Readonly<Record<OtlpErrorCode, number>> = {
  'malformed-protobuf': 400,
  'malformed-json': 400,
  'invalid-otlp-json': 400,
  'nested-too-deep': 400,
  'malformed-compression': 400,
  'body-too-large': 413,
  'too-many-values': 413,
  'too-many-spans': 413,
  'too-many-events': 413,
  'too-many-traces': 413,
  'unsupported-media-type': 415,
  'unsupported-encoding': 415,
}

/** 401: without a key nobody comes in; the text is the one that a deployed stack's gateway gives. */
export function unauthorized(format: BodyFormat | undefined): OtlpResponse {
  const message = 'send a valid API key as x-api-key or Authorization: Bearer'
  return statusResponse(401, format, UNAUTHENTICATED, message, { 'www-authenticate': 'Bearer' })
}

/** 403 for whoever may not ask this at all, and why. */
export function forbidden(format: BodyFormat | undefined, reason: string): OtlpResponse {
  return statusResponse(403, format, PERMISSION_DENIED, reason)
}

/** 405 with the methods that are allowed. */
export function methodNotAllowed(format: BodyFormat | undefined, allow: string): OtlpResponse {
  return statusResponse(405, format, UNIMPLEMENTED, `only ${allow} is allowed here`, { allow })
}

/** 503: the sender keeps the batch and tries again after the given seconds. */
export function unavailable(format: BodyFormat | undefined, reason: string, retryAfterS: number): OtlpResponse {
  return statusResponse(503, format, UNAVAILABLE, reason, { 'retry-after': String(retryAfterS) })
}

/** 500: a fault of ours that sending the same again will not get around. */
export function internalError(format: BodyFormat | undefined): OtlpResponse {
  return statusResponse(500, format, INTERNAL, 'internal error')
}

function toJson(value: object): Uint8Array {
  return Buffer.from(jsonText(value))
}

const EMPTY = new Uint8Array(0)
const EMPTY_JSON = toJson({})
