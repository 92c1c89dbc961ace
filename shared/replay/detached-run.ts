import { spanColumns } from '../archive/archived-span.ts'
import type { DictionaryColumn } from '../archive/decode-column.ts'
import { ColumnNotLoaded, columnKind, type RowGroup } from '../archive/row-group.ts'
import type { RowRun } from './archived-trace.ts'

/**
 * The rows of a run apart from their row group, so that they can wait for the rest of their trace without keeping all
 * the others in memory: what is loaded is copied, what a rule asks for later is read again for these rows alone.
 */
export function detachedRun({ columns, start, end }: RowRun, reopen: () => RowGroup): RowRun {
  const group = detachedGroup(columns.group, start, end, reopen)
  return { columns: spanColumns(group), start: 0, end: end - start }
}

type Copies = Map<string, unknown>

function detachedGroup(group: RowGroup, start: number, end: number, reopen: () => RowGroup): RowGroup {
  const copies: Copies = new Map()
  let bytesRead = 0

  async function load(wanted: Iterable<string>): Promise<void> {
    for (const column of wanted) {
      const whole = reopen()
      await whole.load([column])
      bytesRead += whole.bytesRead()
      copyColumn(whole, column, start, end, copies)
      whole.release()
    }
  }

  function copyOf<Copy>(column: string): Copy {
    const copy = copies.get(column)
    if (copy === undefined) throw new ColumnNotLoaded(column, () => load([column]))
    return copy as Copy
  }

  for (const column of group.loaded()) copyColumn(group, column, start, end, copies)
  return {
    rows: end - start,
    load,
    loaded: () => copies.keys(),
    release: () => copies.clear(),
    bytesRead: () => bytesRead,
    dictionary: copyOf,
    numbers: copyOf,
    longs: copyOf,
    int64s: copyOf,
    booleans: copyOf,
    bytes: copyOf,
  }
}

function copyColumn(group: RowGroup, column: string, start: number, end: number, copies: Copies): void {
  const kind = columnKind(column)
  if (kind === 'bytes') copies.set(column, copyBytes(group, column, start, end))
  else if (kind === 'int64s' || kind === 'booleans') copies.set(column, group[kind](column).slice(start, end))
  else copies.set(column, copyDictionary(group[kind](column) as DictionaryColumn<unknown>, start, end))
}

function copyBytes(group: RowGroup, column: string, start: number, end: number) {
  const values: (Buffer | undefined)[] = []
  for (let row = start; row < end; row++) {
    const bytes = group.bytes(column).at(row)
    values.push(bytes === undefined ? undefined : Buffer.from(bytes))
  }
  return {
    at: (row: number) => values[row],
    seek(row: number, cursor: { bytes: Buffer; pos: number }) {
      const bytes = values[row]
      if (bytes !== undefined) cursor.bytes = bytes
      cursor.pos = bytes === undefined ? -1 : 0
      return bytes !== undefined
    },
    release() {},
  }
}

/** Few entries are shared with the row group; many, as ids are, would keep too much of it. */
const MAX_SHARED_ENTRIES = 256

function copyDictionary<Value>(column: DictionaryColumn<Value>, start: number, end: number): DictionaryColumn<Value> {
  const codes = column.codes.slice(start, end)
  if (column.entries.length <= MAX_SHARED_ENTRIES) return { codes, entries: column.entries }
  const places = new Map([[-1, -1]])
  const entries: Value[] = []
  for (const code of codes) {
    if (!places.has(code)) places.set(code, entries.push(copyValue(column.entries[code] as Value)) - 1)
  }
  return { codes: codes.map((code) => places.get(code) as number), entries }
}

function copyValue<Value>(value: Value): Value {
  return Buffer.isBuffer(value) ? (Buffer.from(value) as Value) : value
}
