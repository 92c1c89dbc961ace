import { type ResourceLayout, walkSpans } from '../otlp/layout.ts'
import { asBuffer } from '../otlp/wire.ts'
import { resourceAttributes } from './attributes.ts'
import { distinctSpans } from './identity.ts'
import { readSpan, type StoredSpan } from './read-span.ts'
import type { AttributeSource, Span, Trace } from './span.ts'

/** How much of one trace is judged; what is beyond is left out and the trace marked truncated. */
export interface AssembleLimits {
  readonly maxTraceSpans: number
  readonly maxTraceBytes: number
}

export const ASSEMBLE_LIMITS: AssembleLimits = { maxTraceSpans: 100_000, maxTraceBytes: 64 * 1024 * 1024 }

/**
 * Puts the stored chunks (TracesData, inflated) of one trace together: duplicates removed, spans by start, then span
 * id, whatever the order, split or repetition of the chunks. Attributes are left on the wire until they are asked for.
 */
export function assembleTrace(
  traceId: string,
  chunks: readonly Uint8Array[],
  limits: AssembleLimits = ASSEMBLE_LIMITS,
): Trace {
  const { stored, truncated } = storedSpans(chunks, limits)
  const spans = stored.map(({ span }) => span)
  return { traceId, spans, complete: !truncated && isComplete(spans), truncated }
}

/** The spans of such a trace and where each lies in its chunk. */
export function storedSpans(
  chunks: readonly Uint8Array[],
  limits: AssembleLimits = ASSEMBLE_LIMITS,
): { readonly stored: readonly StoredSpan[]; readonly truncated: boolean } {
  const readable = withinBytes(chunks, limits.maxTraceBytes)
  const found: Found = { stored: [], truncated: readable.length < chunks.length }
  for (const chunk of readable) readChunk(asBuffer(chunk), found, limits.maxTraceSpans)
  cut(found, limits.maxTraceSpans)
  return found
}

interface Found {
  stored: StoredSpan[]
  truncated: boolean
}

function readChunk(bytes: Buffer, found: Found, maxSpans: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let layout: ResourceLayout | undefined
  let resource: AttributeSource | undefined
  walkSpans(bytes, (cursor, end, scope) => {
    if (resource === undefined || scope.resource !== layout) {
      layout = scope.resource
      resource = resourceAttributes(bytes, layout)
    }
    const start = cursor.pos
    found.stored.push({ span: readSpan(cursor, end, view, resource), bytes, start, end, scope })
    if (found.stored.length > 2 * maxSpans) cut(found, maxSpans)
  })
}

/**
 * Leaves the first spans in order. Also done on the way: a span that is not among the first of some is not among the
 * first of all, so memory is bounded and the order of arrival still shows nowhere.
 */
function cut(found: Found, maxSpans: number): void {
  found.stored = distinctSpans(found.stored)
  if (found.stored.length <= maxSpans) return
  found.stored.length = maxSpans
  found.truncated = true
}

/** The chunks that fit; which ones depends on what they hold, not on the order they came in. */
function withinBytes(chunks: readonly Uint8Array[], maxBytes: number): readonly Uint8Array[] {
  let total = 0
  for (const chunk of chunks) total += chunk.length
  if (total <= maxBytes) return chunks
  let left = maxBytes
  const fitting: Uint8Array[] = []
  for (const chunk of [...chunks].sort(Buffer.compare)) {
    if (chunk.length > left) continue
    left -= chunk.length
    fitting.push(chunk)
  }
  return fitting
}

/** A root is there and every parent that is named. */
export function isComplete(spans: readonly Span[]): boolean {
  const ids = new Set<string>()
  for (const span of spans) ids.add(span.spanId)
  let hasRoot = false
  for (const { parentSpanId } of spans) {
    if (parentSpanId === '') hasRoot = true
    else if (!ids.has(parentSpanId)) return false
  }
  return hasRoot
}
