import { bodyTooLarge } from './errors.ts'
import { framedSizeAtMost, frameTrace, type SpanTable } from './frame.ts'
import { readSpanHead, type SpanHead, type VisitSpan, walkSpans } from './layout.ts'
import { NO_LIMITS, overLimit, type RequestLimits } from './limits.ts'
import { asBuffer } from './wire.ts'

/** One trace's share of a request: a valid TracesData that holds its spans as they came, under their resource and scope. */
export interface TraceChunk {
  /** Lower-case hex, 32 digits. */
  readonly traceId: string
  /** Of all chunks of a request in one ArrayBuffer. */
  readonly bytes: Uint8Array
  readonly spanCount: number
}

interface TimedChunk extends TraceChunk {
  /** The earliest start among its spans; 0 where a span has none. */
  readonly startUnixNano: bigint
}

/** Why a span cannot be stored. */
export type SpanRejection = 'invalid-trace-id' | 'invalid-span-id' | 'invalid-parent-span-id'

/** A request taken apart: accepted spans by trace, in order of appearance, and how many were rejected for what. */
export interface SplitBody<Chunk extends TraceChunk = TraceChunk> {
  readonly chunks: readonly Chunk[]
  readonly spanCount: number
  readonly rejected: ReadonlyMap<SpanRejection, number>
  /** Some field was skipped because OTLP has no field of that number. */
  readonly unknownFields: boolean
}

/**
 * Splits a protobuf ExportTraceServiceRequest into one chunk per trace id. Attributes are not decoded; unknown fields
 * and schema URLs survive. A request of one trace is its own chunk, not a copy. Throws InputError
 * (`malformed-protobuf`, `nested-too-deep`, `body-too-large`, `too-many-values`, `too-many-spans`,
 * `too-many-events`, `too-many-traces`).
 */
export function splitByTrace(request: Uint8Array, limits: RequestLimits = NO_LIMITS): SplitBody<TimedChunk> {
  const body = asBuffer(request)
  const { spans, groups, rejected, unknownFields } = groupByTrace(body, limits)
  const spanCount = spans.start.length
  if (groups.length === 1 && rejected.size === 0) {
    const view = viewOf(body)
    const chunks = groups.map((group) => chunkOf(group, body, view))
    return { chunks, spanCount, rejected, unknownFields }
  }
  let size = 0
  for (const group of groups) size += framedSizeAtMost(spans, group.last)
  if (size > limits.maxSplitBytes) {
    const hint = 'send fewer traces in one request, or raise maxSplitBytes where they are received'
    throw bodyTooLarge('resources repeated for each trace take', limits.maxSplitBytes, hint)
  }
  return { chunks: frameAll(body, spans, groups, size), spanCount, rejected, unknownFields }
}

function frameAll(body: Buffer, spans: SpanTable, groups: readonly TraceGroup[], size: number): readonly TimedChunk[] {
  const source = new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
  const pooled = Buffer.allocUnsafe(size)
  const framed = new Uint8Array(pooled.buffer, pooled.byteOffset, size)
  const view = viewOf(body)
  let end = size
  return groups.map((group) => {
    const start = frameTrace(source, spans, group.last, framed, end)
    const bytes = framed.subarray(start, end)
    end = start
    return chunkOf(group, bytes, view)
  })
}

function viewOf(body: Buffer): DataView {
  return new DataView(body.buffer, body.byteOffset, body.byteLength)
}

function chunkOf({ traceId, spanCount, startAt }: TraceGroup, bytes: Uint8Array, view: DataView): TimedChunk {
  return { traceId, bytes, spanCount, startUnixNano: startAt < 0 ? 0n : view.getBigUint64(startAt, true) }
}

/** The spans of one trace, as the head of a chain through the table. */
interface TraceGroup {
  readonly traceId: string
  /** Where the id lies in the body. */
  readonly idAt: number
  last: number
  spanCount: number
  /** Where the earliest start lies in the body, -1 for a span without one. */
  startAt: number
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

function groupByTrace(body: Buffer, limits: RequestLimits) {
  const spans: SpanTable = { scope: [], start: [], end: [], previous: [] }
  const byId = new Map<string, TraceGroup>()
  const recent: (TraceGroup | undefined)[] = new Array(RECENT_TRACES).fill(undefined)
  const rejected = new Map<SpanRejection, number>()
  const head: SpanHead = { ...NO_HEAD }
  const visit: VisitSpan = (cursor, end, scope, start, tally) => {
    readSpanHead(cursor, end, head, tally)
    const rejection = rejectionOf(body, head)
    if (rejection !== undefined) {
      rejected.set(rejection, (rejected.get(rejection) ?? 0) + 1)
      return
    }
    const slot = (body[head.traceId + TRACE_ID_BYTES - 1] as number) % RECENT_TRACES
    let group = recent[slot]
    if (group === undefined || !sameTraceId(body, group.idAt, head.traceId)) {
      group = groupOf(body, head, byId, limits)
      recent[slot] = group
    }
    spans.previous.push(group.last)
    group.last = spans.start.length
    group.spanCount++
    if (isEarlier(body, head.startUnixNano, group.startAt)) group.startAt = head.startUnixNano
    spans.scope.push(scope)
    spans.start.push(start)
    spans.end.push(end)
  }
  const unknownFields = walkSpans(body, visit, limits)
  return { spans, groups: [...byId.values()], rejected, unknownFields }
}

function groupOf(body: Buffer, head: SpanHead, byId: Map<string, TraceGroup>, limits: RequestLimits): TraceGroup {
  const idAt = head.traceId
  const traceId = body.toString('hex', idAt, idAt + TRACE_ID_BYTES)
  const known = byId.get(traceId)
  if (known !== undefined) return known
  if (byId.size === limits.maxRequestTraces) throw overLimit('maxRequestTraces', limits)
  const group = { traceId, idAt, last: -1, spanCount: 0, startAt: head.startUnixNano }
  byId.set(traceId, group)
  return group
}

/** Compares two times where they lie, from their high bytes down; one that is absent is 0. */
function isEarlier(body: Buffer, a: number, b: number): boolean {
  if (a < 0 || b < 0 || a === b) return a < 0
  for (let i = 7; i >= 0; i--) {
    const difference = (body[a + i] as number) - (body[b + i] as number)
    if (difference !== 0) return difference < 0
  }
  return false
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
