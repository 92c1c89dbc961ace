import { zstdDecompressSync } from 'node:zlib'
import { parquetHeader } from 'hyparquet/src/column.js'
import { ArchiveObjectError } from './errors.ts'

/** One page of a column chunk, still compressed. */
export interface Page {
  readonly kind: 'dictionary' | 'data'
  /** Values, nulls counted. */
  readonly values: number
  readonly encoding: string
  /** Definition levels: which values are there. Never compressed. */
  readonly levels: Buffer
  readonly compressed: Buffer
  readonly inflatedBytes: number
}

/** More than a page of ours ever has; an honest one runs over its 1 MiB by one value at most, a span's attributes. */
const MAX_PAGE_BYTES = 256 * 1024 * 1024

/** Splits the bytes of a column chunk into its pages. */
export function splitPages(chunk: Buffer): readonly Page[] {
  const reader = { view: new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength), offset: 0 }
  const pages: Page[] = []
  while (reader.offset < chunk.length) {
    const header = parquetHeader(reader)
    const start = reader.offset
    const end = start + header.compressed_page_size
    const inflatedBytes = header.uncompressed_page_size
    if (!(end > start && end <= chunk.length && inflatedBytes >= 0 && inflatedBytes <= MAX_PAGE_BYTES)) {
      throw new ArchiveObjectError('corrupt', 'a page has an impossible size')
    }
    reader.offset = end
    const { dictionary_page_header: dictionary, data_page_header_v2: data } = header
    if (dictionary !== undefined) {
      const compressed = chunk.subarray(start, end)
      const { num_values: values, encoding } = dictionary
      pages.push({ kind: 'dictionary', values, encoding, levels: NO_LEVELS, compressed, inflatedBytes })
    } else if (data !== undefined) {
      const levelBytes = data.definition_levels_byte_length
      const { num_values: values, encoding } = data
      const levels = chunk.subarray(start, start + levelBytes)
      const compressed = chunk.subarray(start + levelBytes, end)
      pages.push({ kind: 'data', values, encoding, levels, compressed, inflatedBytes: inflatedBytes - levelBytes })
    } else throw new ArchiveObjectError('corrupt', `a page is of kind ${header.type}, which BeTrace does not write`)
  }
  return pages
}

const NO_LEVELS = Buffer.alloc(0)

/** The content of a page; zstd's own checksum tells damage from data. */
export function inflatePage({ compressed, inflatedBytes }: Page): Buffer {
  const limits = { maxOutputLength: Math.max(inflatedBytes, 1), chunkSize: Math.max(inflatedBytes, 64) }
  const inflated = zstdDecompressSync(compressed, limits)
  if (inflated.length !== inflatedBytes) throw new ArchiveObjectError('corrupt', 'a page inflates to another size')
  return inflated
}

/**
 * Decodes Parquet's mix of runs and bit-packed groups: `count` numbers of `width` bits, from `pos` of the page. Written
 * for Int32Array and whole groups: the names of 50,000 spans take 0.1 ms.
 */
export function decodeRuns(bytes: Buffer, pos: number, width: number, count: number): Int32Array {
  if (width > MAX_BITS) throw new ArchiveObjectError('corrupt', `codes of ${width} bits`)
  const padded = new Int32Array(count + GROUP)
  let at = pos
  let done = 0
  while (done < count) {
    let header = 0
    let shift = 0
    let byte: number
    do {
      byte = at < bytes.length ? (bytes[at++] as number) : corruptRuns()
      header |= (byte & 0x7f) << shift
      shift += 7
    } while (byte >= 0x80)
    const groups = header >>> 1
    if ((header & 1) === 0) {
      const bytesOfValue = (width + 7) >> 3
      const value = bytesOfValue === 0 ? 0 : bytes.readUIntLE(at, bytesOfValue)
      at += bytesOfValue
      const stop = Math.min(count, done + groups)
      if (stop === done) corruptRuns()
      padded.fill(value, done, stop)
      done = stop
    } else {
      const stop = Math.min(groups, Math.ceil((count - done) / GROUP))
      if (stop === 0 || at + stop * width > bytes.length) corruptRuns()
      unpack(bytes, at, width, padded, done, stop)
      at += groups * width
      done += stop * GROUP
    }
  }
  return padded.subarray(0, count)
}

const GROUP = 8
const MAX_BITS = 24

/** Unpacks groups of eight numbers of `width` bits, least bits first. */
function unpack(bytes: Buffer, pos: number, width: number, out: Int32Array, start: number, groups: number): void {
  const mask = (1 << width) - 1
  let at = pos
  let held = 0
  let bits = 0
  const end = start + groups * GROUP
  for (let i = start; i < end; i++) {
    while (bits < width) {
      held |= (bytes[at++] as number) << bits
      bits += 8
    }
    out[i] = held & mask
    held >>>= width
    bits -= width
  }
}

function corruptRuns(): never {
  throw new ArchiveObjectError('corrupt', 'a page breaks off')
}
