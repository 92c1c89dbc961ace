import { bodyTooLarge } from './errors.ts'
import { framedSizeAtMost, frameTrace } from './frame.ts'
import { readSpanHead, type SpanHead, type SpanLayout, walkSpans } from './layout.ts'
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
  const { groups, rejected, unknownFields } = groupByTrace(body)
  let size = 0
  for (const group of groups) size += framedSizeAtMost(group.spans)
  if (size > maxFramedBytes) {
    throw bodyTooLarge('resources repeated for each trace take', maxFramedBytes, 'send fewer traces in one request')
  }
  const framed = Buffer.allocUnsafeSlow(size)
  let end = size
  let spanCount = 0
  const chunks = groups.map(({ traceId, spans, startHigh, startLow }): TraceChunk => {
    const start = frameTrace(body, spans, framed, end)
    const bytes = framed.subarray(start, end)
    end = start
    spanCount += spans.length
    return { traceId, bytes, spanCount: spans.length, startUnixNano: (BigInt(startHigh) << 32n) | BigInt(startLow) }
  })
  return { chunks, spanCount, rejected, unknownFields }
}

/** The spans of one trace; the earliest start so far as two halves, because bigints are slow to compare. */
interface TraceGroup {
  readonly traceId: string
  /** Where the id lies in the body. */
  readonly idOffset: number
  readonly spans: SpanLayout[]
  startHigh: number
  startLow: number
}

const NO_HEAD: SpanHead = {
  traceId: -1,
  traceIdLength: 0,
  spanId: -1,
  spanIdLength: 0,
  parentSpanIdLength: 0,
  startUnixNano: -1,
}
const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8
/** Spans of a few traces take turns in a batch: their groups are found here without making a text of each id. */
const RECENT_TRACES = 64

function groupByTrace(body: Buffer) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const byId = new Map<string, TraceGroup>()
  const recent: (TraceGroup | undefined)[] = new Array(RECENT_TRACES).fill(undefined)
  const rejected = new Map<SpanRejection, number>()
  const head: SpanHead = { ...NO_HEAD }
  const unknownFields = walkSpans(body, (cursor, end, scope, start) => {
    readSpanHead(cursor, end, head)
    const rejection = rejectionOf(body, head)
    if (rejection !== undefined) {
      rejected.set(rejection, (rejected.get(rejection) ?? 0) + 1)
      return
    }
    const slot = (body[head.traceId + TRACE_ID_BYTES - 1] as number) % RECENT_TRACES
    let group = recent[slot]
    if (group === undefined || !sameTraceId(body, group.idOffset, head.traceId)) {
      group = groupOf(body, head.traceId, byId)
      recent[slot] = group
    }
    group.spans.push({ scope, start, end })
    noteStart(group, view, head.startUnixNano)
  })
  return { groups: [...byId.values()], rejected, unknownFields }
}

function groupOf(body: Buffer, idOffset: number, byId: Map<string, TraceGroup>): TraceGroup {
  const traceId = body.toString('hex', idOffset, idOffset + TRACE_ID_BYTES)
  const known = byId.get(traceId)
  if (known !== undefined) return known
  const group = { traceId, idOffset, spans: [], startHigh: 0xffffffff, startLow: 0xffffffff }
  byId.set(traceId, group)
  return group
}

function noteStart(group: TraceGroup, view: DataView, at: number): void {
  const high = at < 0 ? 0 : view.getUint32(at + 4, true)
  if (high > group.startHigh) return
  const low = at < 0 ? 0 : view.getUint32(at, true)
  if (high === group.startHigh && low >= group.startLow) return
  group.startHigh = high
  group.startLow = low
}

function rejectionOf(body: Buffer, head: SpanHead): SpanRejection | undefined {
  if (head.traceIdLength !== TRACE_ID_BYTES || allZero(body, head.traceId, TRACE_ID_BYTES)) return 'invalid-trace-id'
  if (head.spanIdLength !== SPAN_ID_BYTES || allZero(body, head.spanId, SPAN_ID_BYTES)) return 'invalid-span-id'
  const parent = head.parentSpanIdLength
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
