import type { PageFile } from './pages.ts'
import { readPageContent, type SqlValue } from './records.ts'
import { isChunkKey, type RecoveredRow, rowOf } from './tables.ts'

/** What was read of a page. */
export interface ReadPage {
  readonly page: number
  readonly rows: readonly RecoveredRow[]
  /** Chunks that an index lists, as `trace id key`: their rows may be lost. */
  readonly indexed: readonly string[]
  /** Rows that cannot be read. */
  readonly damagedRows: number
  /** Nothing on it can be read. */
  readonly isDamaged: boolean
}

/** Every page that may hold rows, each read alone: damage to one does not affect another. */
export function* readPages(file: PageFile): Generator<ReadPage> {
  const free = file.freePages()
  for (let page = 1; page <= file.pageCount; page++) {
    if (free.has(page)) continue
    const content = readPageContent(file, page)
    if (content === undefined) continue
    if (content === 'damaged') {
      yield { page, rows: [], indexed: [], damagedRows: 0, isDamaged: true }
      continue
    }
    const { kind, records, damaged } = content
    if (kind === 'index') {
      const indexed = records.flatMap(({ values }) => chunkIndexed(values))
      yield { page, rows: [], indexed, damagedRows: 0, isDamaged: damaged > 0 }
      continue
    }
    const rows = records.map(({ rowid, values }) => rowOf(rowid, values))
    yield {
      page,
      rows: rows.filter((row) => row !== undefined && row !== 'damaged'),
      indexed: [],
      damagedRows: damaged + rows.filter((row) => row === 'damaged').length,
      isDamaged: false,
    }
  }
}

function chunkIndexed(values: readonly SqlValue[]): readonly string[] {
  const [traceId, key] = values
  return values.length === 3 && typeof traceId === 'string' && isChunkKey(key) ? [`${traceId} ${key}`] : []
}
