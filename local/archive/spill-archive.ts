import { type TraceToArchive, traceToArchive } from '../../shared/archive/trace-record.ts'
import type { Archive, ArchiveEntry, Log } from '../../shared/pipeline/ports.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import type { Database } from '../sqlite/database.ts'
import { packForDisk, unpackFromDisk } from '../sqlite/packed-chunk.ts'
import type { ParquetArchive } from './parquet-archive.ts'

/** Traces handed over at a time. */
const BATCH = 64
/** Far above what a trace may hold. */
const MAX_TRACE_BYTES = 1024 ** 3

/**
 * Keeps in the database what the archive cannot take (its disk is full, or may not be written), so that traces are
 * judged meanwhile, and hands it over once the archive takes it. Where the database cannot take it either, it fails.
 */
export class SpillArchive implements Archive {
  private readonly database: Database
  private readonly archive: ParquetArchive
  private readonly log: Log
  private reason: string | undefined

  constructor(database: Database, archive: ParquetArchive, log: Log) {
    this.database = database
    this.archive = archive
    this.log = log
  }

  async write(entry: ArchiveEntry): Promise<void> {
    try {
      await this.archive.write(entry)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.reason = error.message
      this.log('warn', 'the archive takes no traces; they are kept in the database until it does', {
        reason: error.message,
      })
      await this.keep(traceToArchive(entry))
    }
  }

  /** How many traces wait for the archive, and why. */
  state(): { readonly waiting: number; readonly reason: string | undefined } {
    const waiting = Number(this.database.get('SELECT count(*) AS waiting FROM unarchived')?.waiting)
    return { waiting, reason: waiting > 0 ? this.reason : undefined }
  }

  /** Hands over what waits, oldest first, as far as the archive takes it. A crash in between may hand one over twice. */
  async runDue(): Promise<void> {
    for (;;) {
      const rows = this.database.all('SELECT * FROM unarchived ORDER BY id LIMIT ?', BATCH)
      if (rows.length === 0) return
      const taken: number[] = []
      try {
        for (const { id, trace_id: traceId, header, packed } of rows) {
          const chunks = [unpackFromDisk(packed as Uint8Array, MAX_TRACE_BYTES)]
          await this.archive.append({ ...JSON.parse(String(header)), traceId, chunks } as TraceToArchive)
          taken.push(Number(id))
        }
      } catch (error) {
        this.reason = (error as Error).message
      }
      await this.database.write(() => {
        for (const id of taken) this.database.run('DELETE FROM unarchived WHERE id = ?', id)
      })
      if (taken.length < rows.length) return
    }
  }

  /** Serialized messages one after the other are one message: the chunks become one. */
  private async keep({ traceId, chunks, ...header }: TraceToArchive): Promise<void> {
    const packed = packForDisk(Buffer.concat(chunks))
    const sql = 'INSERT INTO unarchived (trace_id, header, packed) VALUES (?, ?, ?)'
    await this.database.write(() => this.database.run(sql, traceId, JSON.stringify(header), packed))
  }
}
