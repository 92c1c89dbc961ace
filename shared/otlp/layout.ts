import { RESOURCE_SPANS, SCOPE_SPANS, SPAN, TRACES_DATA } from './fields.ts'
import { RESOURCE_SHAPE, SCOPE_SHAPE, SPAN_SHAPE, skim, skimField } from './skim.ts'
import { BYTES, type Cursor, FIXED64, readEnd, readTag, skipValue } from './wire.ts'

/** Stretches of a body as start, end, start, end …; neighbours are joined. */
export type Ranges = number[]

/** One ResourceSpans: `rest` is every field but its ScopeSpans (the resource, schema_url, unknown fields). */
export interface ResourceLayout {
  readonly rest: Ranges
}

/** One ScopeSpans: `rest` is every field but its spans. */
export interface ScopeLayout {
  readonly resource: ResourceLayout
  readonly rest: Ranges
}

/** Where the parts of one span lie in the body; offsets are -1 where the field is absent, the last field wins. */
export interface SpanLayout {
  readonly scope: ScopeLayout
  /** The whole field: tag, length, content. */
  readonly start: number
  readonly end: number
  readonly traceId: number
  readonly traceIdLength: number
  readonly spanId: number
  readonly spanIdLength: number
  readonly parentSpanIdLength: number
  readonly startUnixNano: number
}

/** Called with the cursor at a span's content, which ends at `end`; must leave it there. `start` is where the field starts. */
export type VisitSpan = (cursor: Cursor, end: number, scope: ScopeLayout, start: number) => void

/**
 * Visits every span of a TracesData in wire order; resources and scopes are skimmed, spans left to the visitor. A
 * layout is whole only when the walk is over: fields may follow the spans. Returns whether a field at the top or beside
 * the scopes was skipped because OTLP has none of its number. Throws InputError where the bytes are malformed.
 */
export function walkSpans(bytes: Buffer, visit: VisitSpan): boolean {
  const cursor: Cursor = { bytes, pos: 0 }
  let unknownFields = false
  while (cursor.pos < bytes.length) {
    const tag = readTag(cursor, bytes.length)
    if (tag === RESOURCE_SPANS_TAG) {
      if (walkResource(cursor, readEnd(cursor, bytes.length), visit)) unknownFields = true
    } else {
      unknownFields = true
      skipValue(cursor, bytes.length, tag)
    }
  }
  return unknownFields
}

const bytesTag = (field: number) => (field << 3) | BYTES
const RESOURCE_SPANS_TAG = bytesTag(TRACES_DATA.resourceSpans)
const RESOURCE_TAG = bytesTag(RESOURCE_SPANS.resource)
const SCOPE_SPANS_TAG = bytesTag(RESOURCE_SPANS.scopeSpans)
const RESOURCE_SCHEMA_URL_TAG = bytesTag(RESOURCE_SPANS.schemaUrl)
const SCOPE_TAG = bytesTag(SCOPE_SPANS.scope)
const SPANS_TAG = bytesTag(SCOPE_SPANS.spans)
const TRACE_ID_TAG = bytesTag(SPAN.traceId)
const SPAN_ID_TAG = bytesTag(SPAN.spanId)
const PARENT_SPAN_ID_TAG = bytesTag(SPAN.parentSpanId)
const START_TAG = (SPAN.startTimeUnixNano << 3) | FIXED64

/** Returns whether an unknown field was seen. */
function walkResource(cursor: Cursor, end: number, visit: VisitSpan): boolean {
  const resource: ResourceLayout = { rest: [] }
  let unknown = false
  while (cursor.pos < end) {
    const start = cursor.pos
    const tag = readTag(cursor, end)
    if (tag === SCOPE_SPANS_TAG) {
      walkScope(cursor, readEnd(cursor, end), resource, visit)
      continue
    }
    if (tag === RESOURCE_TAG) skim(cursor, readEnd(cursor, end), RESOURCE_SHAPE, 0)
    else {
      unknown ||= tag !== RESOURCE_SCHEMA_URL_TAG
      skipValue(cursor, end, tag)
    }
    addRange(resource.rest, start, cursor.pos)
  }
  return unknown
}

function walkScope(cursor: Cursor, end: number, resource: ResourceLayout, visit: VisitSpan): void {
  const scope: ScopeLayout = { resource, rest: [] }
  while (cursor.pos < end) {
    const start = cursor.pos
    const tag = readTag(cursor, end)
    if (tag === SPANS_TAG) {
      visit(cursor, readEnd(cursor, end), scope, start)
      continue
    }
    if (tag === SCOPE_TAG) skim(cursor, readEnd(cursor, end), SCOPE_SHAPE, 0)
    else skipValue(cursor, end, tag)
    addRange(scope.rest, start, cursor.pos)
  }
}

/** Finds the parts of one span that the splitter needs and skims the rest. */
export function layOutSpan(cursor: Cursor, end: number, scope: ScopeLayout, start: number): SpanLayout {
  let traceId = -1
  let traceIdLength = 0
  let spanId = -1
  let spanIdLength = 0
  let parentSpanIdLength = 0
  let startUnixNano = -1
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    switch (tag) {
      case TRACE_ID_TAG: {
        const idEnd = readEnd(cursor, end)
        traceId = cursor.pos
        traceIdLength = idEnd - traceId
        cursor.pos = idEnd
        break
      }
      case SPAN_ID_TAG: {
        const idEnd = readEnd(cursor, end)
        spanId = cursor.pos
        spanIdLength = idEnd - spanId
        cursor.pos = idEnd
        break
      }
      case PARENT_SPAN_ID_TAG: {
        const idEnd = readEnd(cursor, end)
        parentSpanIdLength = idEnd - cursor.pos
        cursor.pos = idEnd
        break
      }
      case START_TAG:
        startUnixNano = cursor.pos
        skipValue(cursor, end, tag)
        break
      default:
        skimField(cursor, end, tag, SPAN_SHAPE, 0)
    }
  }
  return { scope, start, end, traceId, traceIdLength, spanId, spanIdLength, parentSpanIdLength, startUnixNano }
}

function addRange(ranges: Ranges, start: number, end: number): void {
  if (ranges.length > 0 && ranges[ranges.length - 1] === start) ranges[ranges.length - 1] = end
  else ranges.push(start, end)
}
