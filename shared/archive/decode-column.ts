import { ArchiveObjectError } from './errors.ts'
import { understand } from './read-footer.ts'
import { decodeRuns, inflatePage, type Page, splitPages } from './read-pages.ts'

/** A column with few different values: a code for each row, and the value of each code. */
export interface DictionaryColumn<Value> {
  /** -1 where the row has no value. */
  readonly codes: Int32Array
  readonly entries: readonly Value[]
}

/** A column of texts or bytes, inflated page by page, when a row of the page is asked for. */
export interface BytesColumn {
  /** Undefined where the row has no value. The bytes are not to be kept: they hold their page in memory. */
  at(row: number): Buffer | undefined
  /** Puts the cursor at the value of the row; false where it has none. Cheaper than `at`, which makes a Buffer. */
  seek(row: number, cursor: { bytes: Buffer; pos: number }): boolean
  /** Gives the memory of inflated pages back at once, a gigabyte before the collector would. Nothing is to be read after. */
  release(): void
}

/** Decodes a dictionary-encoded chunk of `rows` rows. */
export function decodeDictionary<Value>(
  chunk: Buffer,
  rows: number,
  optional: boolean,
  decodeEntries: (bytes: Buffer, count: number) => readonly Value[],
): DictionaryColumn<Value> {
  let entries: readonly Value[] = []
  const codes = new Int32Array(rows)
  let row = 0
  for (const page of splitPages(chunk)) {
    if (page.kind === 'dictionary') {
      entries = decodeEntries(inflatePage(page), page.values)
      continue
    }
    if (page.encoding !== 'RLE_DICTIONARY') throw unknownEncoding(page)
    if (row + page.values > rows) throw wrongRows(row + page.values, rows)
    const present = optional ? decodeRuns(page.levels, 0, 1, page.values) : undefined
    const inflated = inflatePage(page)
    const width = inflated.length > 0 ? inflated.readUInt8(0) : 0
    const decoded = decodeRuns(inflated, 1, width, present === undefined ? page.values : countOnes(present))
    checkCodes(decoded, entries.length)
    codes.set(present === undefined ? decoded : spread(decoded, present), row)
    row += page.values
  }
  if (row !== rows) throw wrongRows(row, rows)
  return { codes, entries }
}

function checkCodes(codes: Int32Array, entries: number): void {
  for (let i = 0; i < codes.length; i++) {
    if ((codes[i] as number) >= entries) throw new ArchiveObjectError('corrupt', 'a code is not in its dictionary')
  }
}

function countOnes(levels: Int32Array): number {
  let ones = 0
  for (let i = 0; i < levels.length; i++) ones += levels[i] as number
  return ones
}

function spread(values: Int32Array, present: Int32Array): Int32Array {
  let next = 0
  return present.map((level) => (level === 1 ? (values[next++] as number) : -1))
}

/** Splits length-prefixed byte strings. */
export function decodeByteStrings(bytes: Buffer, count: number): readonly Buffer[] {
  const strings: Buffer[] = new Array(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    const length = bytes.readUInt32LE(at)
    at += 4 + length
    if (at > bytes.length) throw new ArchiveObjectError('corrupt', 'a text runs past its page')
    strings[i] = bytes.subarray(at - length, at)
  }
  return strings
}

export function decodeInt32s(bytes: Buffer, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => bytes.readInt32LE(i * 4))
}

export function decodeInt64s(bytes: Buffer, count: number): readonly bigint[] {
  return Array.from({ length: count }, (_, i) => bytes.readBigInt64LE(i * 8))
}

/** Decodes a plain chunk of 8-byte integers without nulls. */
export function decodePlainInt64(chunk: Buffer, rows: number): BigInt64Array {
  const values = new BigInt64Array(rows)
  const target = Buffer.from(values.buffer)
  let at = 0
  for (const page of splitPages(chunk)) {
    if (page.encoding !== 'PLAIN') throw unknownEncoding(page)
    at += inflatePage(page).copy(target, at)
  }
  if (at !== rows * 8) throw wrongRows(at / 8, rows)
  return values
}

/** Decodes a chunk of booleans without nulls: 0 or 1 a row. */
export function decodeBooleans(chunk: Buffer, rows: number): Uint8Array {
  const values = new Uint8Array(rows)
  let row = 0
  for (const page of splitPages(chunk)) {
    if (row + page.values > rows) throw wrongRows(row + page.values, rows)
    const inflated = inflatePage(page)
    if (page.encoding === 'RLE') values.set(decodeRuns(inflated, 4, 1, page.values), row)
    else if (page.encoding === 'PLAIN') {
      for (let i = 0; i < page.values; i++) values[row + i] = (inflated.readUInt8(i >> 3) >> (i & 7)) & 1
    } else throw unknownEncoding(page)
    row += page.values
  }
  if (row !== rows) throw wrongRows(row, rows)
  return values
}

interface LazyPage {
  readonly page: Page
  readonly firstRow: number
  content: PageContent | undefined
}

interface PageContent {
  readonly bytes: Buffer
  /** Where the value of each row starts; it ends four bytes (a length) before the next. Equal to the next: none. */
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** Prepares a plain chunk of byte strings; nothing is inflated yet. */
export function lazyByteStrings(chunk: Buffer, rows: number, optional: boolean): BytesColumn {
  const pages: LazyPage[] = []
  let row = 0
  for (const page of splitPages(chunk)) {
    if (page.encoding !== 'PLAIN') throw unknownEncoding(page)
    pages.push({ page, firstRow: row, content: undefined })
    row += page.values
  }
  if (row !== rows) throw wrongRows(row, rows)
  let current = 0
  function pageOf(wanted: number): LazyPage & { readonly content: PageContent } {
    while ((pages[current] as LazyPage).firstRow > wanted) current--
    while (current + 1 < pages.length && (pages[current + 1] as LazyPage).firstRow <= wanted) current++
    const lazy = pages[current] as LazyPage
    lazy.content ??= understand(() => readContent(lazy.page, optional))
    return lazy as LazyPage & { readonly content: PageContent }
  }
  return {
    at(wanted) {
      const { content, firstRow } = pageOf(wanted)
      const start = content.starts[wanted - firstRow] as number
      return start < 0 ? undefined : content.bytes.subarray(start, content.ends[wanted - firstRow])
    },
    seek(wanted, cursor) {
      const { content, firstRow } = pageOf(wanted)
      cursor.bytes = content.bytes
      cursor.pos = content.starts[wanted - firstRow] as number
      return cursor.pos >= 0
    },
    release() {
      for (const { content } of pages) if (content !== undefined) free(content.bytes)
    },
  }
}

/** Only what nobody else can have a part of: small buffers share their memory. */
function free({ buffer, byteOffset, byteLength }: Buffer): void {
  const isOwn = byteOffset === 0 && buffer.byteLength === byteLength && byteLength > Buffer.poolSize
  if (isOwn && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

function readContent(page: Page, optional: boolean): PageContent {
  const bytes = inflatePage(page)
  const present = optional ? decodeRuns(page.levels, 0, 1, page.values) : undefined
  const starts = new Int32Array(page.values).fill(-1)
  const ends = new Int32Array(page.values)
  let at = 0
  for (let i = 0; i < page.values; i++) {
    if (present !== undefined && present[i] === 0) continue
    const length = bytes.readUInt32LE(at)
    starts[i] = at + 4
    at += 4 + length
    ends[i] = at
  }
  if (at !== bytes.length) throw new ArchiveObjectError('corrupt', 'a text runs past its page')
  return { bytes, starts, ends }
}

function unknownEncoding({ encoding }: Page): ArchiveObjectError {
  return new ArchiveObjectError('corrupt', `a page is encoded as ${encoding}, which BeTrace does not write there`)
}

function wrongRows(found: number, expected: number): ArchiveObjectError {
  return new ArchiveObjectError('corrupt', `a column has ${found} rows where its row group has ${expected}`)
}
