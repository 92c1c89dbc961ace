import { constants, zstdCompressSync } from 'node:zlib'
import type { DecodedArray } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { cells } from './cells.ts'
import { COLUMNS, type Column, parquetEncoding, parquetSchema } from './columns.ts'
import { nameSet } from './name-set.ts'
import { type ObjectSummary, writeSummary } from './object-summary.ts'
import type { TraceRecord } from './trace-record.ts'

/** An object ready to be stored, and what its metadata says. */
export interface WrittenObject {
  readonly bytes: Uint8Array
  readonly summary: ObjectSummary
}

/** A reader holds one row group at a time; a trace never lies in two. */
const ROW_GROUP_SPANS = 50_000
/** Pages are the least that is inflated: small, so that a rare span costs little, but zstd wants some text to learn. */
const PAGE_BYTES = 128 * 1024
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } }

/**
 * Writes at least one record as one Parquet object: rows by trace id, then revision, each trace's together. `replaces`
 * are the keys of the objects the records were read from.
 */
export function writeObject(records: readonly TraceRecord[], replaces: readonly string[] = []): WrittenObject {
  const sorted = [...records].sort(byTraceAndRevision)
  const writer = new ByteWriter(PAGE_BYTES)
  const parquet = new ParquetWriter({
    writer,
    schema: parquetSchema(COLUMNS),
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input, ZSTD) },
    createdBy: 'betrace',
  })
  for (const group of rowGroups(sorted)) {
    const columnData = COLUMNS.map((column) => columnSource(column, group))
    parquet.write({ columnData, rowGroupSize: Number.MAX_SAFE_INTEGER, pageSize: PAGE_BYTES })
  }
  const summary = summarise(sorted, replaces)
  parquet.kvMetadata = writeSummary(summary)
  parquet.finish()
  return { bytes: writer.getBytes(), summary }
}

function columnSource(column: Column, group: readonly TraceRecord[]) {
  const data: DecodedArray = cells(column.name, group)
  return { name: column.name, data, statistics: column.statistics, offsetIndex: false, ...parquetEncoding(column) }
}

function byTraceAndRevision(a: TraceRecord, b: TraceRecord): number {
  return Buffer.compare(a.traceId, b.traceId) || a.revision - b.revision || compareText(a.reason, b.reason)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function* rowGroups(records: readonly TraceRecord[]): Generator<readonly TraceRecord[]> {
  let group: TraceRecord[] = []
  let spans = 0
  for (const record of records) {
    group.push(record)
    spans += record.spans.length
    if (spans < ROW_GROUP_SPANS) continue
    yield group
    group = []
    spans = 0
  }
  if (group.length > 0) yield group
}

function summarise(records: readonly TraceRecord[], replaces: readonly string[]): ObjectSummary {
  const names = new Set<string>()
  let spans = 0
  let firstStartMs = Number.POSITIVE_INFINITY
  let lastStartMs = Number.NEGATIVE_INFINITY
  for (const { filing, spans: rows } of records) {
    for (const row of rows) names.add(row.name)
    spans += rows.length
    firstStartMs = Math.min(firstStartMs, filing.atMs)
    lastStartMs = Math.max(lastStartMs, filing.atMs)
  }
  return {
    spans,
    traces: records.length,
    firstStartMs,
    lastStartMs,
    firstTraceId: hexOf(records[0]),
    lastTraceId: hexOf(records.at(-1)),
    revised: records.some(({ revision, reason }) => revision !== 1 || reason === 'late'),
    late: records.some(({ reason }) => reason === 'late'),
    names: nameSet(names),
    replaces,
  }
}

function hexOf(record: TraceRecord | undefined): string {
  return record === undefined ? '' : Buffer.from(record.traceId).toString('hex')
}
