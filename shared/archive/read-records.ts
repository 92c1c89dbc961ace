import { COLUMNS } from './columns.ts'
import type { DictionaryColumn } from './decode-column.ts'
import { kindNumber, statusNumber } from './enum-names.ts'
import { type ByteSource, type ObjectFooter, understand } from './read-footer.ts'
import { openRowGroup, type RowGroup } from './row-group.ts'
import type { SpanRow } from './span-row.ts'
import type { ArchiveReason, TraceRecord } from './trace-record.ts'

/** Reads an object back whole, record by record in the order written, a row group in memory at a time. */
export async function* readRecords(source: ByteSource, { rowGroups }: ObjectFooter): AsyncGenerator<TraceRecord> {
  for (const layout of rowGroups) {
    const group = openRowGroup(source, layout)
    await group.load(COLUMNS.map(({ name }) => name))
    yield* understand(() => recordsOf(group))
  }
}

/** Where each record of a row group starts: a record's rows lie together. */
export function recordStarts(group: RowGroup): readonly number[] {
  const traces = group.dictionary('trace_id').codes
  const revisions = group.numbers('revision').codes
  const reasons = group.dictionary('reason').codes
  const starts: number[] = []
  for (let row = 0; row < group.rows; row++) {
    const continues =
      row > 0 &&
      traces[row] === traces[row - 1] &&
      revisions[row] === revisions[row - 1] &&
      reasons[row] === reasons[row - 1]
    if (!continues) starts.push(row)
  }
  return starts
}

function recordsOf(group: RowGroup): readonly TraceRecord[] {
  const starts = recordStarts(group)
  return starts.map((start, i) => readRecord(group, start, starts[i + 1] ?? group.rows))
}

function readRecord(group: RowGroup, start: number, end: number): TraceRecord {
  const spans: SpanRow[] = []
  for (let row = start; row < end; row++) spans.push(readRow(group, row))
  return {
    traceId: entryAt(group.dictionary('trace_id'), start) as Buffer,
    filing: {
      atMs: Number((entryAt(group.longs('trace_start'), start) as bigint) / 1000n),
      by: textAt(group, 'filed_by', start) as 'start' | 'arrival',
    },
    revision: entryAt(group.numbers('revision'), start) as number,
    reason: textAt(group, 'reason', start) as ArchiveReason,
    complete: group.booleans('complete')[start] === 1,
    truncated: group.booleans('truncated')[start] === 1,
    spans,
  }
}

function readRow(group: RowGroup, row: number): SpanRow {
  return {
    spanId: group.bytes('span_id').at(row) as Buffer,
    parentSpanId: group.bytes('parent_span_id').at(row) ?? null,
    traceState: textAt(group, 'trace_state', row),
    flags: countAt(group, 'flags', row),
    name: textAt(group, 'name', row) as string,
    kind: kindNumber(textAt(group, 'kind', row) as string),
    statusCode: statusNumber(textAt(group, 'status_code', row) as string),
    statusMessage: textAt(group, 'status_message', row),
    startUnixNano: nanosAt(group, 'start_time', 'start_nanos', row),
    endUnixNano: nanosAt(group, 'end_time', 'end_nanos', row),
    attributes: jsonAt(group, 'attributes', row) as string,
    droppedAttributesCount: countAt(group, 'dropped_attributes_count', row),
    events: jsonAt(group, 'events', row),
    droppedEventsCount: countAt(group, 'dropped_events_count', row),
    links: jsonAt(group, 'links', row),
    droppedLinksCount: countAt(group, 'dropped_links_count', row),
    resource: textAt(group, 'resource', row),
    serviceName: textAt(group, 'service_name', row),
    scope: textAt(group, 'scope', row),
    otlp: group.bytes('otlp').at(row) ?? null,
  }
}

/** The exact time a row has in a column of microseconds and one of the rest. */
export function nanosAt(group: RowGroup, micros: string, rest: string, row: number): bigint {
  return (group.int64s(micros)[row] as bigint) * 1000n + BigInt(entryAt(group.numbers(rest), row) as number)
}

function entryAt<Value>({ codes, entries }: DictionaryColumn<Value>, row: number): Value | undefined {
  return entries[codes[row] as number]
}

function textAt(group: RowGroup, column: string, row: number): string | null {
  return entryAt(group.dictionary(column), row)?.toString() ?? null
}

function jsonAt(group: RowGroup, column: string, row: number): string | null {
  return group.bytes(column).at(row)?.toString() ?? null
}

function countAt(group: RowGroup, column: string, row: number): number {
  return Number(entryAt(group.longs(column), row))
}
