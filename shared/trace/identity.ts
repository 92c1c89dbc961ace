import type { Ranges } from '../otlp/layout.ts'
import type { StoredSpan } from './read-span.ts'
import type { Span } from './span.ts'

/**
 * One of all spans that agree in span id, kind, name and start: the one with the latest end, then the greatest bytes.
 * Ordered by start, then span id, kind, name, so that the order of arrival shows nowhere.
 */
export function distinctSpans(stored: StoredSpan[]): StoredSpan[] {
  stored.sort((a, b) => byIdentity(a.span, b.span))
  const spans: StoredSpan[] = []
  let kept: StoredSpan | undefined
  for (const candidate of stored) {
    if (kept !== undefined && byIdentity(kept.span, candidate.span) === 0) {
      if (compareVersions(candidate, kept) <= 0) continue
      spans.pop()
    }
    kept = candidate
    spans.push(candidate)
  }
  return spans
}

/** 0 for spans that are the same one; else the order they stand in. */
export function byIdentity(a: Span, b: Span): number {
  if (a.startUnixNano !== b.startUnixNano) return a.startUnixNano < b.startUnixNano ? -1 : 1
  if (a.spanId !== b.spanId) return a.spanId < b.spanId ? -1 : 1
  if (a.kind !== b.kind) return a.kind - b.kind
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return 0
}

function compareVersions(a: StoredSpan, b: StoredSpan): number {
  if (a.span.endUnixNano !== b.span.endUnixNano) return a.span.endUnixNano < b.span.endUnixNano ? -1 : 1
  return (
    a.bytes.compare(b.bytes, b.start, b.end, a.start, a.end) ||
    compareRanges(a, a.scope.resource.rest, b, b.scope.resource.rest) ||
    compareRanges(a, a.scope.rest, b, b.scope.rest)
  )
}

function compareRanges(a: StoredSpan, inA: Ranges, b: StoredSpan, inB: Ranges): number {
  return Buffer.compare(joined(a.bytes, inA), joined(b.bytes, inB))
}

function joined(bytes: Buffer, ranges: Ranges): Buffer {
  const parts: Buffer[] = []
  for (let i = 0; i < ranges.length; i += 2) parts.push(bytes.subarray(ranges[i], ranges[i + 1]))
  return Buffer.concat(parts)
}
