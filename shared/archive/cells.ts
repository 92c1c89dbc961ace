import { kindName, statusName } from './enum-names.ts'
import type { SpanRow } from './span-row.ts'
import type { TraceRecord } from './trace-record.ts'

type Cell = Uint8Array | string | number | bigint | boolean | null

/** What each column holds for a span. */
const OF_SPAN: Readonly<Record<string, (row: SpanRow) => Cell>> = {
  span_id: (row) => row.spanId,
  parent_span_id: (row) => row.parentSpanId,
  name: (row) => row.name,
  service_name: (row) => row.serviceName,
  kind: (row) => kindName(row.kind),
  status_code: (row) => statusName(row.statusCode),
  status_message: (row) => row.statusMessage,
  start_time: (row) => row.startUnixNano / 1000n,
  end_time: (row) => row.endUnixNano / 1000n,
  duration_ms: (row) => Number(row.endUnixNano - row.startUnixNano) / 1e6,
  attributes: (row) => Buffer.from(row.attributes),
  events: (row) => row.events,
  links: (row) => row.links,
  resource: (row) => row.resource,
  scope: (row) => row.scope,
  trace_state: (row) => row.traceState,
  flags: (row) => BigInt(row.flags),
  dropped_attributes_count: (row) => BigInt(row.droppedAttributesCount),
  dropped_events_count: (row) => BigInt(row.droppedEventsCount),
  dropped_links_count: (row) => BigInt(row.droppedLinksCount),
  start_nanos: (row) => Number(row.startUnixNano % 1000n),
  end_nanos: (row) => Number(row.endUnixNano % 1000n),
  otlp: (row) => row.otlp,
}

/** What each column holds for every span of a trace. */
const OF_TRACE: Readonly<Record<string, (record: TraceRecord) => Cell>> = {
  trace_id: (record) => record.traceId,
  trace_start: (record) => BigInt(record.filing.atMs) * 1000n,
  filed_by: (record) => record.filing.by,
  revision: (record) => record.revision,
  reason: (record) => record.reason,
  complete: (record) => record.complete,
  truncated: (record) => record.truncated,
}

/** The values of one column, a row a span. */
export function cells(column: string, records: readonly TraceRecord[]): Cell[] {
  const ofSpan = OF_SPAN[column]
  const ofTrace = OF_TRACE[column]
  const values: Cell[] = []
  for (const record of records) {
    const shared = ofTrace?.(record) ?? null
    for (const row of record.spans) values.push(ofSpan === undefined ? shared : ofSpan(row))
  }
  return values
}
