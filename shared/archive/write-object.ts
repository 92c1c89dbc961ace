import { constants, zstdCompressSync } from 'node:zlib'
import type { DecodedArray } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { HOUR_LIMITS } from '../catalogue/catalogue.ts'
import { newCatalogue } from '../catalogue/grow.ts'
import { noteRows } from './catalogue-of-rows.ts'
import { cells } from './cells.ts'
import { writeChecksums } from './chunk-checksums.ts'
import { COLUMNS, type Column, parquetEncoding, parquetSchema } from './columns.ts'
import { byTrace, mergeRepeated } from './merge-records.ts'
import { nameSet } from './name-set.ts'
import { writeCatalogue } from './object-catalogue.ts'
import { type ObjectSummary, writeSummary } from './object-summary.ts'
import { ALL_TRACES } from './slice.ts'
import type { SpanRow } from './span-row.ts'
import type { TraceRecord } from './trace-record.ts'

/** An object ready to be stored, and what its metadata says. */
export interface WrittenObject {
  readonly bytes: Uint8Array
  readonly summary: ObjectSummary
}

/** A reader holds one row group at a time; a trace never lies in two. */
const ROW_GROUP_SPANS = 50_000
/** Pages are the least that is inflated; in smaller ones zstd learns less: at 128 KiB objects are larger and slower to read. */
const PAGE_BYTES = 1024 * 1024
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } }

/** Writes records that no other object holds; the catalogue repeats no values of the keys in `redact`. */
export function writeObject(records: readonly TraceRecord[], redact: readonly string[] = []): WrittenObject {
  const writer = openWriter(WHOLE_OBJECT, redact)
  writer.add([...records].sort(byTrace))
  return writer.finish()
}

/** What an object says of itself that its records do not. */
export type ObjectRole = Pick<ObjectSummary, 'slice' | 'replaces' | 'set'>

/** An object of its own, of traces with any id. */
export const WHOLE_OBJECT: ObjectRole = { slice: ALL_TRACES, replaces: [] }

/** An object on its way; what is held are the compressed bytes. */
export interface ObjectWriter {
  /** Adds records by trace id, revision, reason, all there are of their traces; equal ones become one. */
  add(records: Iterable<TraceRecord>): void
  finish(): WrittenObject
}

export function openWriter(role: ObjectRole, redact: readonly string[]): ObjectWriter {
  const writer = new ByteWriter(PAGE_BYTES)
  const parquet = new ParquetWriter({
    writer,
    schema: parquetSchema(COLUMNS),
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input, ZSTD) },
    createdBy: 'betrace',
  })
  const tally = newTally()
  const catalogue = newCatalogue(HOUR_LIMITS, redact)
  return {
    add(records) {
      for (const group of rowGroups(mergeRepeated(records))) {
        count(tally, group)
        noteRows(catalogue, spansOf(group))
        const columnData = COLUMNS.map((column) => columnSource(column, group))
        parquet.write({ columnData, rowGroupSize: Number.MAX_SAFE_INTEGER, pageSize: PAGE_BYTES })
      }
    },
    finish() {
      const { names, ...rest } = tally
      const summary: ObjectSummary = { ...rest, names: nameSet(names), ...role }
      parquet.kvMetadata = [
        ...writeSummary(summary),
        writeChecksums(writer.getBytes(), parquet.row_groups),
        writeCatalogue(writer, catalogue),
      ]
      parquet.finish()
      return { bytes: writer.getBytes(), summary }
    },
  }
}

/** Makes the cells of a column when it is written: those of all columns at once would take more memory than the spans. */
function columnSource(column: Column, group: readonly TraceRecord[]) {
  const source = { name: column.name, statistics: column.statistics, offsetIndex: false, ...parquetEncoding(column) }
  return Object.defineProperty(source, 'data', {
    get: (): DecodedArray => cells(column.name, group),
  }) as typeof source & {
    readonly data: DecodedArray
  }
}

function* rowGroups(records: Iterable<TraceRecord>): Generator<readonly TraceRecord[]> {
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

function* spansOf(group: readonly TraceRecord[]): Generator<SpanRow> {
  for (const { spans } of group) yield* spans
}

function newTally() {
  return {
    spans: 0,
    traces: 0,
    firstStartMs: Number.MAX_SAFE_INTEGER,
    lastStartMs: Number.MIN_SAFE_INTEGER,
    firstTraceId: '',
    lastTraceId: '',
    revised: false,
    late: false,
    names: new Set<string>(),
  }
}

function count(tally: ReturnType<typeof newTally>, group: readonly TraceRecord[]): void {
  for (const { traceId, filing, revision, reason, spans } of group) {
    for (const { name } of spans) tally.names.add(name)
    tally.spans += spans.length
    tally.traces++
    tally.firstStartMs = Math.min(tally.firstStartMs, filing.atMs)
    tally.lastStartMs = Math.max(tally.lastStartMs, filing.atMs)
    const id = Buffer.from(traceId).toString('hex')
    if (tally.traces === 1 || id < tally.firstTraceId) tally.firstTraceId = id
    if (id > tally.lastTraceId) tally.lastTraceId = id
    tally.revised ||= revision !== 1 || reason === 'late'
    tally.late ||= reason === 'late'
  }
}
