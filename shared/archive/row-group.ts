import { checkChunk } from './chunk-checksums.ts'
import { COLUMNS, type Column } from './columns.ts'
import {
  type BytesColumn,
  type DictionaryColumn,
  decodeBooleans,
  decodeByteStrings,
  decodeDictionary,
  decodeInt32s,
  decodeInt64s,
  decodePlainInt64,
  lazyByteStrings,
} from './decode-column.ts'
import { ArchiveObjectError } from './errors.ts'
import { type ByteSource, type RowGroupLayout, understand } from './read-footer.ts'

/** A column was asked for that is not loaded; load it and ask again. */
export class ColumnNotLoaded extends Error {
  override readonly name = 'ColumnNotLoaded'
  readonly column: string
  readonly load: () => Promise<void>

  constructor(column: string, load: () => Promise<void>) {
    super(`column ${column} is not loaded`)
    this.column = column
    this.load = load
  }
}

/**
 * The rows of one row group. Columns are loaded by name, and decoded when first asked for; asking for one that is not
 * loaded throws ColumnNotLoaded, damaged ones throw ArchiveObjectError.
 */
export interface RowGroup {
  readonly rows: number
  load(columns: Iterable<string>): Promise<void>
  /** Gives memory back; nothing is to be read after. */
  release(): void
  /** Names of the columns that are loaded. */
  loaded(): Iterable<string>
  /** Compressed bytes read so far. */
  readonly bytesRead: () => number
  dictionary(column: string): DictionaryColumn<Buffer>
  numbers(column: string): DictionaryColumn<number>
  longs(column: string): DictionaryColumn<bigint>
  int64s(column: string): BigInt64Array
  booleans(column: string): Uint8Array
  bytes(column: string): BytesColumn
}

const BY_NAME: ReadonlyMap<string, Column> = new Map(COLUMNS.map((column) => [column.name, column]))

/** The method of a row group that reads the column. */
export function columnKind(name: string): 'dictionary' | 'numbers' | 'longs' | 'int64s' | 'booleans' | 'bytes' {
  const { type, encoding } = BY_NAME.get(name) as Column
  if (type === 'boolean') return 'booleans'
  if (encoding === 'plain') return type === 'text' || type === 'bytes' ? 'bytes' : 'int64s'
  if (type === 'int32') return 'numbers'
  return type === 'int64' || type === 'timestamp' ? 'longs' : 'dictionary'
}

/** Opens a row group of an object; nothing is read yet. */
export function openRowGroup(source: ByteSource, layout: RowGroupLayout): RowGroup {
  const { rows } = layout
  const loaded = new Map<string, Buffer>()
  const decoded = new Map<string, unknown>()
  let bytesRead = 0

  async function load(columns: Iterable<string>): Promise<void> {
    const wanted = [...columns].filter((name) => !loaded.has(name))
    const chunks = await Promise.all(wanted.map((name) => readChunk(source, layout, name)))
    wanted.forEach((name, i) => {
      const chunk = chunks[i] as Buffer
      bytesRead += chunk.length
      loaded.set(name, chunk)
    })
  }

  function decodedAs<Decoded>(name: string, decode: (chunk: Buffer, optional: boolean) => Decoded): Decoded {
    const known = decoded.get(name)
    if (known !== undefined) return known as Decoded
    const chunk = loaded.get(name)
    if (chunk === undefined) throw new ColumnNotLoaded(name, () => load([name]))
    const fresh = understand(() => decode(chunk, BY_NAME.get(name)?.optional === true))
    decoded.set(name, fresh)
    return fresh
  }

  return {
    rows,
    bytesRead: () => bytesRead,
    load,
    loaded: () => loaded.keys(),
    release() {
      for (const [name, column] of decoded) if (columnKind(name) === 'bytes') (column as BytesColumn).release()
      decoded.clear()
      loaded.clear()
    },
    dictionary: (name) =>
      decodedAs(name, (chunk, optional) => decodeDictionary(chunk, rows, optional, decodeByteStrings)),
    numbers: (name) => decodedAs(name, (chunk, optional) => decodeDictionary(chunk, rows, optional, decodeInt32s)),
    longs: (name) => decodedAs(name, (chunk, optional) => decodeDictionary(chunk, rows, optional, decodeInt64s)),
    int64s: (name) => decodedAs(name, (chunk) => decodePlainInt64(chunk, rows)),
    booleans: (name) => decodedAs(name, (chunk) => decodeBooleans(chunk, rows)),
    bytes: (name) => decodedAs(name, (chunk, optional) => lazyByteStrings(chunk, rows, optional)),
  }
}

async function readChunk(source: ByteSource, { chunks }: RowGroupLayout, name: string): Promise<Buffer> {
  const chunk = chunks.get(name)
  if (chunk === undefined) throw new ArchiveObjectError('corrupt', `it has no column ${name}`)
  const bytes = await source.read(chunk.start, chunk.end)
  checkChunk(bytes, name, chunk.crc32)
  return bytes
}
