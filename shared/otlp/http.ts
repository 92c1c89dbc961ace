import { InputError } from '../errors.ts'
import { bodyTooLarge, type OtlpErrorCode, SMALLER_BATCHES } from './errors.ts'

/** An HTTP request as any server hands it over; header names are in lower case. */
export interface OtlpRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

/** What is known of a request before its body has come. */
export type RequestHead = Omit<OtlpRequest, 'body'>

/** An HTTP response; header names are in lower case, `content-length` is the server's to add. */
export interface OtlpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Every answer has them: nothing of it may be kept by others, nor be taken for another type than it says. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

export type BodyFormat = 'protobuf' | 'json'
export type ContentEncoding = 'identity' | 'gzip' | 'deflate' | 'zstd'

/** How the body of a request is to be read. */
export interface BodyType {
  readonly format: BodyFormat
  readonly encoding: ContentEncoding
}

const FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/json', 'json'],
])

const ENCODINGS: ReadonlyMap<string, ContentEncoding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zstd', 'zstd'],
])

/** Sent with a 415 about the encoding, RFC 9110 section 12.5.3. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, zstd, identity'

/** The media type of responses in this format; exactly the request's, so without parameters. */
export function mediaTypeOf(format: BodyFormat): string {
  return format === 'json' ? 'application/json' : 'application/x-protobuf'
}

/** The format that Content-Type names, compared without case and parameters; undefined if it is neither of OTLP's. */
export function bodyFormat(headers: RequestHead['headers']): BodyFormat | undefined {
  return FORMATS.get(withoutParameters(headers['content-type']))
}

/**
 * Tells how to read the body from Content-Type and Content-Encoding, and that Content-Length is within `maxBodyBytes`.
 * Throws InputError (`unsupported-media-type`, `unsupported-encoding`, `body-too-large`).
 */
export function bodyType(headers: RequestHead['headers'], maxBodyBytes: number): BodyType {
  const format = bodyFormat(headers)
  if (format === undefined) throw unsupportedMediaType(headers['content-type'])
  const encoding = ENCODINGS.get(withoutParameters(headers['content-encoding']))
  if (encoding === undefined) throw unsupportedEncoding(headers['content-encoding'])
  if (Number(headers['content-length'] ?? 0) > maxBodyBytes) throw requestTooLarge(maxBodyBytes)
  return { format, encoding }
}

function withoutParameters(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** The body is over the limit as it was sent. */
export function requestTooLarge(maxBodyBytes: number): InputError<OtlpErrorCode> {
  return bodyTooLarge('the body is', maxBodyBytes, SMALLER_BATCHES)
}

function unsupportedMediaType(given: string | undefined): InputError<OtlpErrorCode> {
  const what = given === undefined ? 'no Content-Type' : `Content-Type "${given.slice(0, 100)}"`
  return new InputError<OtlpErrorCode>({
    code: 'unsupported-media-type',
    message: `${what} is not supported`,
    hint: 'send application/x-protobuf or application/json',
  })
}

function unsupportedEncoding(given: string | undefined): InputError<OtlpErrorCode> {
  return new InputError<OtlpErrorCode>({
    code: 'unsupported-encoding',
    message: `Content-Encoding "${(given ?? '').slice(0, 100)}" is not supported`,
    hint: `send one of ${ACCEPTED_ENCODINGS}`,
  })
}
