import { crc32 } from 'node:zlib'
import type { KeyValue } from 'hyparquet'
import { ArchiveObjectError } from './errors.ts'
import type { NameSet } from './name-set.ts'
import type { Slice } from './slice.ts'

/** What an object's file metadata says of it, so that a plan need not read its rows. */
export interface ObjectSummary {
  readonly spans: number
  /** Traces and revisions of traces: one that is there in two revisions counts twice. */
  readonly traces: number
  /** Earliest and latest time a trace of the object is filed under, milliseconds since 1970. */
  readonly firstStartMs: number
  readonly lastStartMs: number
  /** Smallest and greatest trace id, lower-case hex. */
  readonly firstTraceId: string
  readonly lastTraceId: string
  /** It holds no trace outside of this slice; objects of slices apart share no trace. */
  readonly slice: Slice
  /** Some trace is there as anything but its whole first revision. */
  readonly revised: boolean
  /** Some trace is there by a late part, which is to be judged with the rest of it. */
  readonly late: boolean
  readonly names: NameSet
  /** Keys of the objects whose content this one took over, together with the other parts of its set. */
  readonly replaces: readonly string[]
  /** Objects that took over others together: only all parts of a set replace anything. */
  readonly set?: ObjectSet
}

interface ObjectSet {
  readonly id: string
  readonly part: number
  readonly parts: number
}

/** The version of the columns, their encodings and this summary. */
const FORMAT = 1
const FORMAT_KEY = 'betrace.format'
const SUMMARY_KEY = 'betrace.summary'
/** CRC-32 of the summary: Parquet has no checksum for metadata, and plans rely on the summary. */
const CHECKSUM_KEY = 'betrace.summary.crc32'

/** The summary as Parquet key-value metadata. */
export function writeSummary({ names, ...rest }: ObjectSummary): KeyValue[] {
  const written =
    names.kind === 'exact'
      ? [...names.names].sort()
      : { bloom: Buffer.from(names.bits).toString('base64'), hashes: names.hashes }
  const summary = JSON.stringify({ ...rest, names: written })
  return [
    { key: FORMAT_KEY, value: String(FORMAT) },
    { key: SUMMARY_KEY, value: summary },
    { key: CHECKSUM_KEY, value: String(crc32(summary)) },
  ]
}

/** Reads it back; throws ArchiveObjectError where it is missing, or has a format that this version does not know. */
export function readSummary(metadata: readonly KeyValue[] | undefined): ObjectSummary {
  const value = (key: string) => metadata?.find((entry) => entry.key === key)?.value
  const format = value(FORMAT_KEY)
  const summary = value(SUMMARY_KEY)
  if (format === undefined || summary === undefined) {
    throw new ArchiveObjectError('corrupt', 'it is a Parquet file, but none of BeTrace: its metadata has no summary')
  }
  if (format !== String(FORMAT)) {
    throw new ArchiveObjectError('unknown-format', `its format is ${format}; this version reads ${FORMAT}`)
  }
  if (value(CHECKSUM_KEY) !== String(crc32(summary))) {
    throw new ArchiveObjectError('corrupt', 'its metadata does not agree with its checksum')
  }
  const { names, ...rest } = JSON.parse(summary)
  return { ...rest, names: readNames(names) }
}

function readNames(names: readonly string[] | { readonly bloom: string; readonly hashes: number }): NameSet {
  if (!('bloom' in names)) return { kind: 'exact', names: new Set(names) }
  return { kind: 'bloom', bits: Buffer.from(names.bloom, 'base64'), hashes: names.hashes }
}
