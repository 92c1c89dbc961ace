import { RESOURCE_SPANS, TRACES_DATA } from './fields.ts'
import type { Ranges, ScopeLayout } from './layout.ts'
import { BYTES } from './wire.ts'

/** The accepted spans of a body, a column a property: a batch has hundreds, and an object each is felt. */
export interface SpanTable {
  readonly scope: ScopeLayout[]
  /** Where the whole field lies, with tag and length. */
  readonly start: number[]
  readonly end: number[]
  /** The span before it of the same trace, -1 for the first. */
  readonly previous: number[]
}

const RESOURCE_SPANS_TAG = (TRACES_DATA.resourceSpans << 3) | BYTES
const SCOPE_SPANS_TAG = (RESOURCE_SPANS.scopeSpans << 3) | BYTES
/** A one-byte tag and a length of up to 32 bits. */
const MAX_HEADER_BYTES = 6
/** Below this a loop copies faster than a call into native code. */
const LOOP_COPY_BYTES = 48

/** An upper bound of the bytes that `frameTrace` writes for the trace whose last span is `last`. */
export function framedSizeAtMost(spans: SpanTable, last: number): number {
  let size = 0
  let after: ScopeLayout | undefined
  for (let i = last; i >= 0; i = spans.previous[i] as number) {
    const scope = spans.scope[i] as ScopeLayout
    size += (spans.end[i] as number) - (spans.start[i] as number)
    if (scope === after) continue
    size += MAX_HEADER_BYTES + totalLength(scope.rest)
    if (scope.resource !== after?.resource) size += MAX_HEADER_BYTES + totalLength(scope.resource.rest)
    after = scope
  }
  return size
}

/**
 * Writes the trace whose last span is `last` as one TracesData that ends at `end` of `out`, and returns where it
 * starts. Written from its end to its start, so that every length is known when it is due.
 */
export function frameTrace(body: Uint8Array, spans: SpanTable, last: number, out: Uint8Array, end: number): number {
  let pos = end
  let scopeEnd = end
  let resourceEnd = end
  let i = last
  while (i >= 0) {
    const scope = spans.scope[i] as ScopeLayout
    const runEnd = spans.end[i] as number
    let runStart = spans.start[i] as number
    i = spans.previous[i] as number
    while (i >= 0 && spans.end[i] === runStart && spans.scope[i] === scope) {
      runStart = spans.start[i] as number
      i = spans.previous[i] as number
    }
    pos = copyBackwards(body, runStart, runEnd, out, pos)
    const before = i >= 0 ? spans.scope[i] : undefined
    if (before === scope) continue
    pos = writeHeader(out, copyRanges(body, scope.rest, out, pos), SCOPE_SPANS_TAG, scopeEnd)
    if (before?.resource !== scope.resource) {
      pos = writeHeader(out, copyRanges(body, scope.resource.rest, out, pos), RESOURCE_SPANS_TAG, resourceEnd)
      resourceEnd = pos
    }
    scopeEnd = pos
  }
  return pos
}

function copyRanges(body: Uint8Array, ranges: Ranges, out: Uint8Array, end: number): number {
  let pos = end
  for (let i = ranges.length - 2; i >= 0; i -= 2) {
    pos = copyBackwards(body, ranges[i] as number, ranges[i + 1] as number, out, pos)
  }
  return pos
}

function copyBackwards(body: Uint8Array, start: number, end: number, out: Uint8Array, outEnd: number): number {
  const length = end - start
  const pos = outEnd - length
  if (length > LOOP_COPY_BYTES) out.set(body.subarray(start, end), pos)
  else for (let i = 0; i < length; i++) out[pos + i] = body[start + i] as number
  return pos
}

/** Writes tag and length before `pos`, for content that ends at `contentEnd`. */
function writeHeader(out: Uint8Array, pos: number, tag: number, contentEnd: number): number {
  let length = contentEnd - pos
  let size = 1
  for (let rest = length; rest >= 0x80; rest >>>= 7) size++
  let at = pos - size
  const start = at - 1
  out[start] = tag
  for (; length >= 0x80; length >>>= 7) out[at++] = (length & 0x7f) | 0x80
  out[at] = length
  return start
}

function totalLength(ranges: Ranges): number {
  let length = 0
  for (let i = 0; i < ranges.length; i += 2) length += (ranges[i + 1] as number) - (ranges[i] as number)
  return length
}
