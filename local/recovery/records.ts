import type { PageFile } from './pages.ts'

/** What is needed of a file to read one of its pages. */
type Pages = Pick<PageFile, 'pageCount' | 'usableBytes' | 'page'>

export type SqlValue = null | number | bigint | string | Buffer

/** What a page holds, as far as it can be read (https://www.sqlite.org/fileformat.html#b_tree_pages). */
export interface PageContent {
  readonly kind: 'table' | 'index'
  readonly records: readonly { readonly rowid: number; readonly values: readonly SqlValue[] }[]
  /** Cells that make no sense. */
  readonly damaged: number
}

const INDEX_INTERIOR = 2
const INDEX_LEAF = 10
const TABLE_LEAF = 13

/** Reads the rows on a page; undefined for one without rows (inner, overflow, free), `damaged` for one that lies about itself. */
export function readPageContent(file: Pages, number: number): PageContent | 'damaged' | undefined {
  const page = file.page(number)
  if (page === undefined) return 'damaged'
  const start = number === 1 ? 100 : 0
  const type = page.readUInt8(start)
  if (type !== TABLE_LEAF && type !== INDEX_LEAF && type !== INDEX_INTERIOR) return undefined
  const pointersAt = start + (type === INDEX_INTERIOR ? 12 : 8)
  const count = page.readUInt16BE(start + 3)
  if (pointersAt + 2 * count > file.usableBytes) return 'damaged'
  const records: { rowid: number; values: readonly SqlValue[] }[] = []
  let damaged = 0
  for (let cell = 0; cell < count; cell++) {
    const at = page.readUInt16BE(pointersAt + 2 * cell)
    try {
      if (at < pointersAt + 2 * count || at >= file.usableBytes) throw new RangeError('a cell outside of its page')
      records.push(readCell(file, page, at, type))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      damaged++
    }
  }
  return { kind: type === TABLE_LEAF ? 'table' : 'index', records, damaged }
}

function readCell(file: Pages, page: Buffer, start: number, type: number) {
  let at = type === INDEX_INTERIOR ? start + 4 : start
  const length = varint(page, at)
  at += length.bytes
  const rowid = type === TABLE_LEAF ? varint(page, at) : { value: 0, bytes: 0 }
  at += rowid.bytes
  const payload = readPayload(file, page, at, length.value, type === TABLE_LEAF)
  return { rowid: rowid.value, values: readRecord(payload) }
}

function readPayload(file: Pages, page: Buffer, at: number, length: number, isTable: boolean): Buffer {
  const usable = file.usableBytes
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23
  if (length <= most) return slice(page, at, length, usable)
  if (length > file.pageCount * usable) throw new RangeError('longer than the file')
  const least = Math.floor(((usable - 12) * 32) / 255) - 23
  const fitting = least + ((length - least) % (usable - 4))
  const local = fitting <= most ? fitting : least
  const parts = [slice(page, at, local, usable)]
  let next = slice(page, at + local, 4, usable).readUInt32BE(0)
  for (let left = length - local; left > 0; ) {
    const overflow = next > 1 && next <= file.pageCount ? file.page(next) : undefined
    if (overflow === undefined) throw new RangeError('an overflow page is missing')
    const part = overflow.subarray(4, 4 + Math.min(left, usable - 4))
    parts.push(part)
    left -= part.length
    next = overflow.readUInt32BE(0)
  }
  return Buffer.concat(parts)
}

function readRecord(payload: Buffer): readonly SqlValue[] {
  const header = varint(payload, 0)
  const types: number[] = []
  let at = header.bytes
  while (at < header.value) {
    const type = varint(payload, at)
    types.push(type.value)
    at += type.bytes
  }
  if (at !== header.value) throw new RangeError('a header of the wrong length')
  const values = types.map((type) => {
    const bytes = slice(payload, at, lengthOf(type), payload.length)
    at += bytes.length
    return valueFrom(type, bytes)
  })
  if (at !== payload.length) throw new RangeError('a record of the wrong length')
  return values
}

function lengthOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2)
  const length = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type]
  if (length === undefined) throw new RangeError('a type that SQLite does not have')
  return length
}

function valueFrom(type: number, bytes: Buffer): SqlValue {
  if (type === 0) return null
  if (type === 8 || type === 9) return type - 8
  if (type === 7) return bytes.readDoubleBE(0)
  if (type >= 12) return type % 2 === 0 ? Buffer.from(bytes) : bytes.toString('utf8')
  if (bytes.length < 8) return bytes.readIntBE(0, bytes.length)
  const value = bytes.readBigInt64BE(0)
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function slice(bytes: Buffer, at: number, length: number, end: number): Buffer {
  if (length < 0 || at + length > end) throw new RangeError('content beyond its page')
  return bytes.subarray(at, at + length)
}

/** At most 9 bytes, the high bit of each says that more follow; a number that is not safe cannot be a length. */
function varint(bytes: Buffer, at: number): { readonly value: number; readonly bytes: number } {
  let value = 0
  for (let index = 0; index < 8; index++) {
    const byte = bytes.readUInt8(at + index)
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      if (!Number.isSafeInteger(value)) throw new RangeError('a number too large')
      return { value, bytes: index + 1 }
    }
  }
  throw new RangeError('a number too large')
}
