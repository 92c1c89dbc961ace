import { COLUMNS } from './columns.ts'
import type { DictionaryColumn } from './decode-column.ts'
import { kindNumber, statusNumber } from './enum-names.ts'
import { type Meanings, meanings } from './meanings.ts'
import { type ByteSource, type ObjectFooter, understand } from './read-footer.ts'
import { openRowGroup, type RowGroup } from './row-group.ts'
import type { SpanRow } from './span-row.ts'
import type { ArchiveReason, TraceRecord } from './trace-record.ts'

/** Reads an object back, record by record in the order written, a row group in memory at a time. */
export async function* readRecords(
  source: ByteSource,
  { rowGroups }: Pick<ObjectFooter, 'rowGroups'>,
  isWanted: (traceId: Buffer) => boolean = () => true,
): AsyncGenerator<TraceRecord> {
  for (const layout of rowGroups) {
    const group = openRowGroup(source, layout)
    await group.load(COLUMNS.map(({ name }) => name))
    yield* understand(() => recordsOf(group, isWanted))
    group.release()
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

function recordsOf(group: RowGroup, isWanted: (traceId: Buffer) => boolean): readonly TraceRecord[] {
  const texts = textColumns(group)
  const starts = recordStarts(group)
  const traceIds = group.dictionary('trace_id')
  const records: TraceRecord[] = []
  starts.forEach((start, i) => {
    if (isWanted(entryAt(traceIds, start) as Buffer)) {
      records.push(readRecord(group, texts, start, starts[i + 1] ?? group.rows))
    }
  })
  return records
}

type Texts = (column: string, row: number) => string | null

/** The texts of dictionary columns; each entry becomes a string once. */
function textColumns(group: RowGroup): Texts {
  const columns = new Map<string, Meanings<string | null>>()
  return (column, row) => {
    let texts = columns.get(column)
    if (texts === undefined) {
      texts = meanings(group, column, (entry) => entry?.toString() ?? null)
      columns.set(column, texts)
    }
    return texts.of(row)
  }
}

function readRecord(group: RowGroup, texts: Texts, start: number, end: number): TraceRecord {
  const spans: SpanRow[] = []
  for (let row = start; row < end; row++) spans.push(readRow(group, texts, row))
  return {
    traceId: Buffer.from(entryAt(group.dictionary('trace_id'), start) as Buffer),
    filing: {
      atMs: Number((entryAt(group.longs('trace_start'), start) as bigint) / 1000n),
      by: texts('filed_by', start) as 'start' | 'arrival',
    },
    revision: entryAt(group.numbers('revision'), start) as number,
    reason: texts('reason', start) as ArchiveReason,
    complete: group.booleans('complete')[start] === 1,
    truncated: group.booleans('truncated')[start] === 1,
    spans,
  }
}

function readRow(group: RowGroup, texts: Texts, row: number): SpanRow {
  return {
    spanId: bytesAt(group, 'span_id', row) as Buffer,
    parentSpanId: bytesAt(group, 'parent_span_id', row),
    traceState: texts('trace_state', row),
    flags: countAt(group, 'flags', row),
    name: texts('name', row) as string,
    kind: kindNumber(texts('kind', row) as string),
    statusCode: statusNumber(texts('status_code', row) as string),
    statusMessage: texts('status_message', row),
    startUnixNano: nanosAt(group, 'start_time', 'start_nanos', row),
    endUnixNano: nanosAt(group, 'end_time', 'end_nanos', row),
    attributes: jsonAt(group, 'attributes', row) as string,
    droppedAttributesCount: countAt(group, 'dropped_attributes_count', row),
    events: jsonAt(group, 'events', row),
    droppedEventsCount: countAt(group, 'dropped_events_count', row),
    links: jsonAt(group, 'links', row),
    droppedLinksCount: countAt(group, 'dropped_links_count', row),
    resource: texts('resource', row),
    serviceName: texts('service_name', row),
    scope: texts('scope', row),
    otlp: bytesAt(group, 'otlp', row),
  }
}

/** The exact time a row has in a column of microseconds and one of the rest. */
export function nanosAt(group: RowGroup, micros: string, rest: string, row: number): bigint {
  return (group.int64s(micros)[row] as bigint) * 1000n + BigInt(entryAt(group.numbers(rest), row) as number)
}

function entryAt<Value>({ codes, entries }: DictionaryColumn<Value>, row: number): Value | undefined {
  return entries[codes[row] as number]
}

/** A copy: a record is kept longer than its row group. */
function bytesAt(group: RowGroup, column: string, row: number): Buffer | null {
  const bytes = group.bytes(column).at(row)
  return bytes === undefined ? null : Buffer.from(bytes)
}

function jsonAt(group: RowGroup, column: string, row: number): string | null {
  return group.bytes(column).at(row)?.toString() ?? null
}

function countAt(group: RowGroup, column: string, row: number): number {
  return Number(entryAt(group.longs(column), row))
}
