import { crc32 } from 'node:zlib'
import type { ColumnChunk, KeyValue, RowGroup } from 'hyparquet'
import { ArchiveObjectError } from './errors.ts'

/**
 * CRC-32 of each column chunk, by row group and column. zstd's checksums cover what pages hold, but neither their headers
 * nor their definition levels, in which a flipped bit reads as other data.
 */
const KEY = 'betrace.chunks.crc32'

/** Where the bytes of a column chunk lie. */
export interface ChunkPlace {
  readonly start: number
  readonly end: number
}

/** Undefined where the footer does not say. */
export function placeOfChunk({ meta_data }: ColumnChunk): ChunkPlace | undefined {
  if (meta_data === undefined) return undefined
  const { dictionary_page_offset, data_page_offset, total_compressed_size } = meta_data
  const start = Number(dictionary_page_offset ?? data_page_offset)
  return { start, end: start + Number(total_compressed_size) }
}

/** The checksums as Parquet key-value metadata; `bytes` is the object as far as it is written. */
export function writeChecksums(bytes: Uint8Array, rowGroups: readonly RowGroup[]): KeyValue {
  const sums = rowGroups.flatMap(({ columns }) => columns.map((chunk) => checksumOf(bytes, placeOfChunk(chunk))))
  const packed = Buffer.alloc(sums.length * 4)
  sums.forEach((sum, i) => {
    packed.writeUInt32LE(sum, i * 4)
  })
  return { key: KEY, value: packed.toString('base64') }
}

function checksumOf(bytes: Uint8Array, place: ChunkPlace | undefined): number {
  return place === undefined ? 0 : crc32(bytes.subarray(place.start, place.end))
}

/** Reads them back, all chunks of the first row group first; undefined for an object that was written without. */
export function readChecksums(
  metadata: readonly KeyValue[] | undefined,
  rowGroups: readonly RowGroup[],
): readonly number[] | undefined {
  const packed = metadata?.find(({ key }) => key === KEY)?.value
  if (packed === undefined) return undefined
  const bytes = Buffer.from(packed, 'base64')
  const chunks = rowGroups.reduce((sum, { columns }) => sum + columns.length, 0)
  if (bytes.length !== chunks * 4) throw new ArchiveObjectError('corrupt', 'its checksums are not those of its columns')
  return Array.from({ length: chunks }, (_, i) => bytes.readUInt32LE(i * 4))
}

/** Throws ArchiveObjectError where the bytes of a column are not those that were written. */
export function checkChunk(bytes: Uint8Array, name: string, expected: number | undefined): void {
  if (expected === undefined || crc32(bytes) === expected) return
  throw new ArchiveObjectError('corrupt', `its column ${name} does not agree with its checksum`)
}
