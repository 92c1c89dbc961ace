import { RESOURCE_SPANS, TRACES_DATA } from './fields.ts'
import type { Ranges, SpanLayout } from './layout.ts'
import { BYTES } from './wire.ts'

const RESOURCE_SPANS_TAG = (TRACES_DATA.resourceSpans << 3) | BYTES
const SCOPE_SPANS_TAG = (RESOURCE_SPANS.scopeSpans << 3) | BYTES
/** A one-byte tag and a length of up to 32 bits. */
const MAX_HEADER_BYTES = 6
/** Below this a loop copies faster than a call into native code. */
const LOOP_COPY_BYTES = 48

/** An upper bound of the bytes that `frameTrace` writes for these spans. */
export function framedSizeAtMost(spans: readonly SpanLayout[]): number {
  let size = 0
  let before: SpanLayout | undefined
  for (const span of spans) {
    size += span.end - span.start
    if (span.scope !== before?.scope) size += MAX_HEADER_BYTES + totalLength(span.scope.rest)
    if (span.scope.resource !== before?.scope.resource) size += MAX_HEADER_BYTES + totalLength(span.scope.resource.rest)
    before = span
  }
  return size
}

/**
 * Writes the spans as one TracesData that ends at `end` of `out`, and returns where it starts. Written from its end
 * to its start, so that every length is known when it is due.
 */
export function frameTrace(body: Buffer, spans: readonly SpanLayout[], out: Buffer, end: number): number {
  let pos = end
  let scopeEnd = end
  let resourceEnd = end
  for (let i = spans.length - 1; i >= 0; i--) {
    const last = spans[i] as SpanLayout
    let start = last.start
    while (i > 0 && continues(spans[i - 1] as SpanLayout, last, start)) start = (spans[--i] as SpanLayout).start
    pos = copyBackwards(body, start, last.end, out, pos)
    const before = i > 0 ? (spans[i - 1] as SpanLayout).scope : undefined
    if (before === last.scope) continue
    pos = writeHeader(out, copyRanges(body, last.scope.rest, out, pos), SCOPE_SPANS_TAG, scopeEnd)
    scopeEnd = pos
    if (before?.resource === last.scope.resource) continue
    pos = writeHeader(out, copyRanges(body, last.scope.resource.rest, out, pos), RESOURCE_SPANS_TAG, resourceEnd)
    scopeEnd = pos
    resourceEnd = pos
  }
  return pos
}

/** Spans that lie side by side are copied at once. */
function continues(before: SpanLayout, span: SpanLayout, start: number): boolean {
  return before.scope === span.scope && before.end === start
}

function copyRanges(body: Buffer, ranges: Ranges, out: Buffer, end: number): number {
  let pos = end
  for (let i = ranges.length - 2; i >= 0; i -= 2) {
    pos = copyBackwards(body, ranges[i] as number, ranges[i + 1] as number, out, pos)
  }
  return pos
}

function copyBackwards(body: Buffer, start: number, end: number, out: Buffer, outEnd: number): number {
  const length = end - start
  const pos = outEnd - length
  if (length > LOOP_COPY_BYTES) out.set(body.subarray(start, end), pos)
  else for (let i = 0; i < length; i++) out[pos + i] = body[start + i] as number
  return pos
}

/** Writes tag and length before `pos`, for content that ends at `contentEnd`. */
function writeHeader(out: Buffer, pos: number, tag: number, contentEnd: number): number {
  let length = contentEnd - pos
  let size = 1
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  let at = pos - size
  const start = at - 1
  out[start] = tag
  for (; length >= 0x80; length = Math.floor(length / 0x80)) out[at++] = (length & 0x7f) | 0x80
  out[at] = length
  return start
}

function totalLength(ranges: Ranges): number {
  let length = 0
  for (let i = 0; i < ranges.length; i += 2) length += (ranges[i + 1] as number) - (ranges[i] as number)
  return length
}
