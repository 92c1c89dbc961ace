import { encodeSpan } from './encode-span.ts'
import type { SpanRow } from './span-row.ts'
import type { TraceRecord } from './trace-record.ts'

/** The order of records in an object. */
export function byTrace(a: TraceRecord, b: TraceRecord): number {
  return Buffer.compare(a.traceId, b.traceId) || a.revision - b.revision || compare(a.reason, b.reason)
}

/**
 * Of records in order, those that agree in trace, revision and reason as one: a trace archived twice, or late parts that
 * came one after the other.
 */
export function* mergeRepeated(records: Iterable<TraceRecord>): Generator<TraceRecord> {
  let group: TraceRecord[] = []
  for (const record of records) {
    const [first] = group
    if (first !== undefined && byTrace(first, record) !== 0) {
      yield merged(group)
      group = []
    }
    group.push(record)
  }
  if (group.length > 0) yield merged(group)
}

function merged(group: readonly TraceRecord[]): TraceRecord {
  const [first, ...rest] = group as [TraceRecord, ...TraceRecord[]]
  if (rest.length === 0) return first
  return {
    ...first,
    complete: group.some(({ complete }) => complete),
    truncated: group.some(({ truncated }) => truncated),
    spans: distinct(
      group.flatMap(({ spans }) => spans),
      first.traceId,
    ),
  }
}

/** One of all spans that agree in start, span id, kind and name: the one with the latest end, then the greatest bytes. */
function distinct(spans: readonly SpanRow[], traceId: Uint8Array): readonly SpanRow[] {
  const kept: SpanRow[] = []
  for (const span of [...spans].sort(byIdentity)) {
    const last = kept.at(-1)
    if (last === undefined || byIdentity(last, span) !== 0) kept.push(span)
    else if (compareVersions(span, last, traceId) > 0) kept[kept.length - 1] = span
  }
  return kept
}

function byIdentity(a: SpanRow, b: SpanRow): number {
  return (
    compare(a.startUnixNano, b.startUnixNano) ||
    Buffer.compare(a.spanId, b.spanId) ||
    a.kind - b.kind ||
    compare(a.name, b.name)
  )
}

function compareVersions(a: SpanRow, b: SpanRow, traceId: Uint8Array): number {
  return compare(a.endUnixNano, b.endUnixNano) || Buffer.compare(encodeSpan(traceId, a), encodeSpan(traceId, b))
}

function compare<Ordered extends bigint | string>(a: Ordered, b: Ordered): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
