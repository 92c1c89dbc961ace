import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { KeyValue } from 'hyparquet'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { catalogueText, readCatalogueText } from '../catalogue/catalogue-text.ts'
import { ArchiveObjectError } from './errors.ts'

/*
 * An object holds the catalogue of its spans between its columns and its footer, which says where. So it is written,
 * merged, rewritten and deleted with the spans, and readers of Parquet pass it over.
 */

/** Where an object holds its catalogue. */
export interface CataloguePlace {
  readonly start: number
  readonly end: number
  readonly crc32: number
}

const KEY = 'betrace.catalogue'
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }
/** Above what the limits of a catalogue allow, with its counts. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024

interface Appendable {
  readonly offset: number
  appendBytes(bytes: Uint8Array): void
}

/** Appends the catalogue; returns the Parquet key-value metadata that says where it is. */
export function writeCatalogue(writer: Appendable, catalogue: Catalogue): KeyValue {
  const bytes = zstdCompressSync(catalogueText(catalogue), ZSTD)
  const start = writer.offset
  writer.appendBytes(bytes)
  const place: CataloguePlace = { start, end: start + bytes.length, crc32: crc32(bytes) }
  return { key: KEY, value: JSON.stringify(place) }
}

/** Undefined where the footer names none. */
export function readCataloguePlace(
  metadata: readonly KeyValue[] | undefined,
  byteLength: number,
): CataloguePlace | undefined {
  const value = metadata?.find(({ key }) => key === KEY)?.value
  if (value === undefined) return undefined
  const place = JSON.parse(value) as CataloguePlace
  const { start, end } = place
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 4 && end >= start && end <= byteLength) {
    return place
  }
  throw new ArchiveObjectError('corrupt', 'its catalogue lies outside of it')
}

/** The catalogue in these bytes of an object; throws ArchiveObjectError where they are damaged. */
export function catalogueIn(bytes: Uint8Array, place: CataloguePlace): Catalogue {
  if (crc32(bytes) !== place.crc32) {
    throw new ArchiveObjectError('corrupt', 'its catalogue does not agree with its checksum')
  }
  try {
    return readCatalogueText(zstdDecompressSync(bytes, { maxOutputLength: MAX_TEXT_BYTES }).toString())
  } catch (error) {
    throw new ArchiveObjectError('corrupt', `its catalogue cannot be read: ${(error as Error).message}`, error)
  }
}
