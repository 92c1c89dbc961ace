import { bodyTooLarge } from './errors.ts'
import { framedSizeAtMost, frameTrace } from './frame.ts'
import { layOutSpan, type SpanLayout, walkSpans } from './layout.ts'
import { asBuffer } from './wire.ts'

/** One trace's share of a request: a valid TracesData that holds its spans as they came, under their resource and scope. */
export interface TraceChunk {
  /** Lower-case hex, 32 digits. */
  readonly traceId: string
  readonly bytes: Uint8Array
  readonly spanCount: number
  /** The earliest start among its spans; 0 where a span has none. */
  readonly startUnixNano: bigint
}

/** Why a span cannot be stored. */
export type SpanRejection = 'invalid-trace-id' | 'invalid-span-id' | 'invalid-parent-span-id'

/** A request taken apart: accepted spans by trace, in order of appearance, and how many were rejected for what. */
export interface SplitBody {
  readonly chunks: readonly TraceChunk[]
  readonly spanCount: number
  readonly rejected: ReadonlyMap<SpanRejection, number>
  /** Some field was skipped because OTLP has none of its number. */
  readonly unknownFields: boolean
}

/** Every chunk repeats its resource; a request of one huge resource and many traces may not grow past this. */
export const MAX_FRAMED_BYTES = 128 * 1024 * 1024

/**
 * Splits a protobuf ExportTraceServiceRequest into one chunk per trace id. Attributes are not decoded; unknown fields
 * and schema URLs survive. Throws InputError (`malformed-protobuf`, `nested-too-deep`, `body-too-large`).
 */
export function splitByTrace(request: Uint8Array, maxFramedBytes = MAX_FRAMED_BYTES): SplitBody {
  const body = asBuffer(request)
  const spans: SpanLayout[] = []
  const unknownFields = walkSpans(body, (cursor, end, scope, start) => {
    spans.push(layOutSpan(cursor, end, scope, start))
  })
  const { groups, rejected } = groupByTrace(body, spans)
  let size = 0
  for (const group of groups) size += framedSizeAtMost(group.spans)
  if (size > maxFramedBytes) {
    throw bodyTooLarge('resources repeated for each trace take', maxFramedBytes, 'send fewer traces in one request')
  }
  const framed = Buffer.allocUnsafeSlow(size)
  let end = size
  let spanCount = 0
  const chunks = groups.map((group): TraceChunk => {
    const start = frameTrace(body, group.spans, framed, end)
    const bytes = framed.subarray(start, end)
    end = start
    spanCount += group.spans.length
    return {
      traceId: group.traceId,
      bytes,
      spanCount: group.spans.length,
      startUnixNano: earliestStart(body, group.spans),
    }
  })
  return { chunks, spanCount, rejected, unknownFields }
}

interface TraceGroup {
  readonly traceId: string
  readonly spans: SpanLayout[]
}

const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

function groupByTrace(body: Buffer, spans: readonly SpanLayout[]) {
  const byId = new Map<string, TraceGroup>()
  const rejected = new Map<SpanRejection, number>()
  let last: TraceGroup | undefined
  for (const span of spans) {
    const rejection = rejectionOf(body, span)
    if (rejection !== undefined) {
      rejected.set(rejection, (rejected.get(rejection) ?? 0) + 1)
      continue
    }
    const before = last?.spans[0]
    if (last !== undefined && before !== undefined && sameTraceId(body, before.traceId, span.traceId)) {
      last.spans.push(span)
      continue
    }
    const key = body.toString('latin1', span.traceId, span.traceId + TRACE_ID_BYTES)
    last = byId.get(key)
    if (last === undefined) {
      last = { traceId: body.toString('hex', span.traceId, span.traceId + TRACE_ID_BYTES), spans: [] }
      byId.set(key, last)
    }
    last.spans.push(span)
  }
  return { groups: [...byId.values()], rejected }
}

function rejectionOf(body: Buffer, span: SpanLayout): SpanRejection | undefined {
  if (span.traceIdLength !== TRACE_ID_BYTES || allZero(body, span.traceId, TRACE_ID_BYTES)) return 'invalid-trace-id'
  if (span.spanIdLength !== SPAN_ID_BYTES || allZero(body, span.spanId, SPAN_ID_BYTES)) return 'invalid-span-id'
  const parent = span.parentSpanIdLength
  return parent === 0 || parent === SPAN_ID_BYTES ? undefined : 'invalid-parent-span-id'
}

function allZero(bytes: Buffer, start: number, length: number): boolean {
  for (let at = start; at < start + length; at++) if (bytes[at] !== 0) return false
  return true
}

function sameTraceId(bytes: Buffer, a: number, b: number): boolean {
  for (let i = 0; i < TRACE_ID_BYTES; i++) if (bytes[a + i] !== bytes[b + i]) return false
  return true
}

function earliestStart(body: Buffer, spans: readonly SpanLayout[]): bigint {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  let high = 0xffffffff
  let low = 0xffffffff
  for (const span of spans) {
    const at = span.startUnixNano
    const spanHigh = at < 0 ? 0 : view.getUint32(at + 4, true)
    if (spanHigh > high) continue
    const spanLow = at < 0 ? 0 : view.getUint32(at, true)
    if (spanHigh === high && spanLow >= low) continue
    high = spanHigh
    low = spanLow
  }
  return (BigInt(high) << 32n) | BigInt(low)
}
