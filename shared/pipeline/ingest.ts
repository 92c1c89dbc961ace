import { InputError } from '../errors.ts'
import { type CorsOptions, corsHeaders, isPreflight, preflightResponse } from '../otlp/cors.ts'
import type { OtlpErrorCode } from '../otlp/errors.ts'
import {
  type BodyType,
  bodyFormat,
  bodyType,
  type OtlpRequest,
  type OtlpResponse,
  type RequestHead,
  requestTooLarge,
} from '../otlp/http.ts'
import { REQUEST_LIMITS, type RequestLimits } from '../otlp/limits.ts'
import { readBody } from '../otlp/read-body.ts'
import {
  badRequest,
  exportResponse,
  forbidden,
  internalError,
  methodNotAllowed,
  type PartialSuccess,
  unauthorized,
  unavailable,
} from '../otlp/response.ts'
import type { SplitBody } from '../otlp/split.ts'
import { type Chunk, newChunk } from './chunk.ts'
import type { Clock, Metrics, RefusedChunk, TraceBuffer } from './ports.ts'

/** What the front door allows. */
export interface IngestOptions extends RequestLimits {
  /** Sent with a 503. Long enough for a burst to pass, and much shorter than the 10 s after which SDKs drop a batch. */
  readonly retryAfterS: number
  /** Browsers may send from these origins; without it from none. */
  readonly cors?: CorsOptions
}

export const INGEST_OPTIONS: IngestOptions = { ...REQUEST_LIMITS, retryAfterS: 2 }

export interface IngestDeps {
  readonly buffer: Pick<TraceBuffer, 'append'>
  readonly clock: Clock
  readonly metrics: Metrics
  readonly options: IngestOptions
  /** Reads bodies elsewhere than in this thread. */
  readonly readBody?: (...args: Parameters<typeof readBody>) => Promise<SplitBody>
  /** Asked before chunks are stored: why their sender has to come back later, if so. */
  readonly admit?: (chunks: readonly Pick<Chunk, 'bytes'>[]) => Refusal | undefined
  /** Told why a request was answered with 503. */
  readonly onStorageFailure: (error: unknown) => void
}

/** Why a request is answered with 503. */
export interface Refusal {
  /** For the metric. */
  readonly reason: 'bytes-in-flight' | 'connections' | 'sender-behind' | 'sender-waiting' | 'database-full' | 'storage'
  /** For the sender. */
  readonly message: string
}

/**
 * Answers one OTLP/HTTP request for traces: splits it into a chunk a trace and stores them; 200 means durable. Bad
 * input is answered with 400, 413 or 415, a failing store with 503; throws nothing but bugs.
 */
export async function ingest(request: OtlpRequest, deps: IngestDeps): Promise<OtlpResponse> {
  const startedMs = deps.clock()
  const response = refusal(request, deps.options) ?? (await accept(request, deps))
  deps.metrics.observe('ingestMs', deps.clock() - startedMs)
  return finish(request, response, deps)
}

/** Answers a request that can be refused, or a preflight, before its body is read; undefined where the body is wanted. */
export function refuseHead(head: RequestHead, deps: IngestDeps): OtlpResponse | undefined {
  const response = refusal(head, deps.options)
  return response === undefined ? undefined : finish(head, response, deps)
}

/** 413 for a body that grew over the limit while it was read. */
export function refuseTooLarge(head: RequestHead, deps: IngestDeps): OtlpResponse {
  const error = requestTooLarge(deps.options.maxBodyBytes)
  return finish(head, badRequest(bodyFormat(head.headers), error), deps)
}

/** 503 for a request that finds no room right now. */
export function refuseBusy(head: RequestHead, refusal: Refusal, deps: IngestDeps): OtlpResponse {
  return finish(head, busy(head, refusal, deps), deps)
}

function busy({ headers }: RequestHead, { reason, message }: Refusal, { metrics, options }: IngestDeps): OtlpResponse {
  metrics.add('requestsRefused', { reason })
  return unavailable(bodyFormat(headers), message, options.retryAfterS)
}

/** 401 for a request that brings no valid key. */
export function refuseUnauthorized(head: RequestHead, deps: IngestDeps): OtlpResponse {
  return finish(head, unauthorized(bodyFormat(head.headers)), deps)
}

/** 403 for a request that the sender may not make; the answer gives the reason. */
export function refuseForbidden(head: RequestHead, reason: string, deps: IngestDeps): OtlpResponse {
  return finish(head, forbidden(bodyFormat(head.headers), reason), deps)
}

/** 500 for a request on which `ingest` threw. */
export function answerBug(head: RequestHead, deps: IngestDeps): OtlpResponse {
  return finish(head, internalError(bodyFormat(head.headers)), deps)
}

function finish(head: RequestHead, response: OtlpResponse, { metrics, options }: IngestDeps): OtlpResponse {
  metrics.add('requests', { status: response.status })
  if (options.cors === undefined) return response
  return { ...response, headers: { ...corsHeaders(head, options.cors), ...response.headers } }
}

function refusal(head: RequestHead, { cors, maxBodyBytes }: IngestOptions): OtlpResponse | undefined {
  if (cors !== undefined && isPreflight(head)) return preflightResponse(head, cors)
  const format = bodyFormat(head.headers)
  if (head.method !== 'POST') return methodNotAllowed(format, cors === undefined ? 'POST' : 'POST, OPTIONS')
  try {
    bodyType(head.headers, maxBodyBytes)
    return undefined
  } catch (error) {
    return asBadRequest(error, format)
  }
}

async function accept(request: OtlpRequest, deps: IngestDeps): Promise<OtlpResponse> {
  deps.metrics.add('bytesReceived', {}, request.body.length)
  const type = bodyType(request.headers, deps.options.maxBodyBytes)
  let split: SplitBody
  try {
    split = await (deps.readBody ?? readBody)(request.body, type, deps.options)
  } catch (error) {
    return asBadRequest(error, type.format)
  }
  const refusal = deps.admit?.(split.chunks)
  if (refusal !== undefined) return busy(request, refusal, deps)
  let refused: readonly RefusedChunk[]
  try {
    refused = await store(split, deps)
  } catch (error) {
    deps.onStorageFailure(error)
    return busy(request, NOT_STORED, deps)
  }
  const rejections = countRejections(split, refused)
  for (const [reason, count] of rejections) deps.metrics.add('spansRejected', { reason }, count)
  const stored = refused.reduce((spans, { chunk }) => spans - chunk.spanCount, split.spanCount)
  if (stored > 0) deps.metrics.add('spansReceived', {}, stored)
  return exportResponse(type.format, partialSuccess(rejections, split))
}

const NOT_STORED: Refusal = { reason: 'storage', message: 'the spans could not be stored; send them again later' }

function asBadRequest(error: unknown, format: BodyType['format'] | undefined): OtlpResponse {
  if (!(error instanceof InputError)) throw error
  return badRequest(format, error as InputError<OtlpErrorCode>)
}

async function store(split: SplitBody, { buffer, clock, metrics }: IngestDeps): Promise<readonly RefusedChunk[]> {
  if (split.chunks.length === 0) return []
  const arrivedAtMs = clock()
  const refused = await buffer.append(chunksOf(split, arrivedAtMs))
  const stored = split.chunks.length - refused.length
  if (stored > 0) metrics.add('chunksStored', {}, stored)
  return refused
}

/** Each is made when the store asks for it: to hash all of a large request takes long. */
function* chunksOf(split: SplitBody, arrivedAtMs: number): Generator<Chunk> {
  for (const { traceId, bytes, spanCount } of split.chunks) yield newChunk(traceId, arrivedAtMs, bytes, spanCount)
}

type Rejections = ReadonlyMap<string, number>

function countRejections(split: SplitBody, refused: readonly RefusedChunk[]): Rejections {
  const counts = new Map<string, number>(split.rejected)
  for (const { chunk, reason } of refused) counts.set(reason, (counts.get(reason) ?? 0) + chunk.spanCount)
  return counts
}

const REASONS: Readonly<Record<string, string>> = {
  'invalid-trace-id': 'without a valid trace id (16 bytes, not all zero; in JSON 32 hex digits)',
  'invalid-span-id': 'without a valid span id (8 bytes, not all zero; in JSON 16 hex digits)',
  'invalid-parent-span-id': 'with an invalid parent span id (none or 8 bytes; in JSON 16 hex digits)',
  throttled: 'of traces that get more writes than the store takes',
  'too-large': 'too large to be stored',
}

const NO_SPANS = 'no spans, only fields that OTLP does not have; spans belong in resourceSpans, scopeSpans, spans'

/** What the sender should know; nothing where everything was stored. */
function partialSuccess(rejections: Rejections, split: SplitBody): PartialSuccess | undefined {
  if (rejections.size === 0) {
    return split.spanCount === 0 && split.unknownFields ? { rejectedSpans: 0, errorMessage: NO_SPANS } : undefined
  }
  let rejectedSpans = 0
  const parts: string[] = []
  for (const [reason, count] of rejections) {
    rejectedSpans += count
    parts.push(`${count} ${count === 1 ? 'span' : 'spans'} ${REASONS[reason] ?? reason}`)
  }
  return { rejectedSpans, errorMessage: `rejected ${parts.join(', ')}` }
}
