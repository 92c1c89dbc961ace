import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { type Promised, readPromiseMark } from '../sqlite/promise-mark.ts'
import { readWal, type Wal } from './wal.ts'

/** What the files of a database say of what was promised, without SQLite joining them. */
export interface LogAndFile {
  readonly wal: Wal | undefined
  /** What the mark beside the database says. */
  readonly marked: Promised | undefined
  /** What the database file says, the log left aside. */
  readonly inFile: Promised | undefined
  /**
   * `old-log`: the file has promises that the log ends before, so the log is a copy of an earlier time, or lost its end
   * after it was copied into the file. `old-file`: the log goes on from promises that the file lacks, so the file is a
   * copy of an earlier time. SQLite would mix pages of different times.
   */
  readonly mismatch: 'old-log' | 'old-file' | undefined
}

/** Reads the files of a database that nobody has open. */
export function readLogAndFile(databasePath: string): LogAndFile {
  const marked = readPromiseMark(databasePath)
  const inFile = promisedInFile(databasePath)
  const isBehind = marked !== undefined && marked.writes > (inFile?.writes ?? 0)
  const wal = readWal(databasePath, isBehind ? marked.writes : undefined)
  return { wal, marked, inFile, mismatch: mismatchOf(wal, inFile) }
}

/** A log begins where the file ended when it was last copied whole into it, and holds every promise since. */
function mismatchOf(wal: Wal | undefined, inFile: Promised | undefined): LogAndFile['mismatch'] {
  if (wal?.promises === undefined || inFile === undefined) return undefined
  const { first, last } = wal.promises
  if (last.writes < inFile.writes) return 'old-log'
  return first.writes > inFile.writes + 1 ? 'old-file' : undefined
}

/** What counts promises in a database. */
export const PROMISED = 'SELECT * FROM promises WHERE id = 1'

/** Its row as what was promised; formats before 6 count no chunks and spans. */
export function promisedOf(row: Readonly<Record<string, unknown>> | undefined): Promised | undefined {
  if (row === undefined) return undefined
  const { kept, chunks = 0, spans = 0 } = row
  return { writes: Number(kept), chunks: Number(chunks), spans: Number(spans) }
}

/** Undefined where the file is damaged, no database, or of a format that counts none. */
function promisedInFile(databasePath: string): Promised | undefined {
  const url = pathToFileURL(databasePath)
  // So that SQLite leaves the log alone.
  url.searchParams.set('immutable', '1')
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(url, { readOnly: true })
    return promisedOf(database.prepare(PROMISED).get())
  } catch {
    return undefined
  } finally {
    database?.close()
  }
}
