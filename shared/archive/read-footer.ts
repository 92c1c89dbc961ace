import { parquetMetadata } from 'hyparquet'
import { placeOfChunk, readChecksums } from './chunk-checksums.ts'
import { ArchiveObjectError } from './errors.ts'
import { type CataloguePlace, readCataloguePlace } from './object-catalogue.ts'
import { type ObjectSummary, readSummary } from './object-summary.ts'

/** Where the bytes of an object come from. */
export interface ByteSource {
  readonly byteLength: number
  /** Exactly the bytes from `start` to `end` (exclusive). */
  read(start: number, end: number): Promise<Buffer>
}

/** The layout of an object. */
export interface ObjectFooter {
  readonly summary: ObjectSummary
  readonly rowGroups: readonly RowGroupLayout[]
  /** Undefined in an object of an earlier version. */
  readonly catalogue: CataloguePlace | undefined
}

export interface RowGroupLayout {
  readonly rows: number
  readonly chunks: ReadonlyMap<string, ColumnChunk>
}

/** The bytes of one column in one row group. */
interface ColumnChunk {
  readonly start: number
  readonly end: number
  /** Undefined in an object of an earlier version. */
  readonly crc32: number | undefined
}

const MAGIC = 0x31524150
const TAIL_BYTES = 8
/** Enough for the footer of most objects. */
const FIRST_READ_BYTES = 64 * 1024
/** What a footer may take; a length beyond is damage, not data. */
const MAX_FOOTER_BYTES = 64 * 1024 * 1024

/** Reads what an object says of itself, usually in one read; throws ArchiveObjectError where BeTrace did not write it. */
export async function readFooter(source: ByteSource): Promise<ObjectFooter> {
  const { byteLength } = source
  if (byteLength < 3 * TAIL_BYTES) throw new ArchiveObjectError('corrupt', `it has only ${byteLength} bytes`)
  let tail = await source.read(Math.max(0, byteLength - FIRST_READ_BYTES), byteLength)
  if (tail.readUInt32LE(tail.length - 4) !== MAGIC) {
    throw new ArchiveObjectError('corrupt', 'it does not end as Parquet does: it is cut off or no Parquet file')
  }
  const footerBytes = tail.readUInt32LE(tail.length - TAIL_BYTES) + TAIL_BYTES
  if (footerBytes > Math.min(byteLength, MAX_FOOTER_BYTES)) {
    throw new ArchiveObjectError('corrupt', `its footer cannot have ${footerBytes} bytes`)
  }
  if (footerBytes > tail.length) tail = await source.read(byteLength - footerBytes, byteLength)
  return parseFooter(tail.subarray(tail.length - footerBytes), byteLength)
}

function parseFooter(footer: Buffer, byteLength: number): ObjectFooter {
  const copy = new ArrayBuffer(footer.length)
  new Uint8Array(copy).set(footer)
  const metadata = understand(() => parquetMetadata(copy))
  const summary = understand(() => readSummary(metadata.key_value_metadata))
  const checksums = readChecksums(metadata.key_value_metadata, metadata.row_groups)
  let next = 0
  const rowGroups = metadata.row_groups.map(({ num_rows, columns }): RowGroupLayout => {
    const chunks = new Map<string, ColumnChunk>()
    for (const column of columns) {
      const crc32 = checksums?.[next++]
      const place = placeOfChunk(column)
      const name = column.meta_data?.path_in_schema.join('.')
      if (place === undefined || name === undefined) continue
      if (!(place.start >= 4 && place.end >= place.start && place.end <= byteLength)) {
        throw new ArchiveObjectError('corrupt', `its column ${name} lies outside of it`)
      }
      chunks.set(name, { ...place, crc32 })
    }
    return { rows: Number(num_rows), chunks }
  })
  const rows = rowGroups.reduce((sum, group) => sum + group.rows, 0)
  if (rows !== summary.spans) {
    throw new ArchiveObjectError('corrupt', `it says it has ${rows} rows and ${summary.spans} spans`)
  }
  const catalogue = understand(() => readCataloguePlace(metadata.key_value_metadata, byteLength))
  return { summary, rowGroups, catalogue }
}

/** Turns whatever a parser throws at damaged bytes into our error. */
export function understand<Result>(parse: () => Result): Result {
  try {
    return parse()
  } catch (error) {
    if (error instanceof ArchiveObjectError) throw error
    throw new ArchiveObjectError('corrupt', `it cannot be read: ${(error as Error).message}`, error)
  }
}
