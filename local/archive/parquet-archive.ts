import { randomUUID } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Archive, ArchivedTrace, Clock, Log } from '../../shared/pipeline/ports.ts'
import type { AssembleLimits } from '../../shared/trace/assemble.ts'
import { ArchiveThread } from './archive-thread.ts'
import { fileError } from './file-error.ts'
import { Journal } from './journal.ts'

export interface ParquetArchiveOptions {
  /** The data folder: objects go to `archive/` below it, what is not yet in objects to `archive-journal/`. */
  readonly dataFolder: string
  readonly limits: AssembleLimits
  readonly clock: Clock
  readonly log: Log
  /** A journal is turned into objects when it is this old or has this many bytes. */
  readonly maxAgeMs?: number
  readonly maxBytes?: number
}

const MAX_AGE_MS = 10_000
const MAX_BYTES = 16 * 1024 * 1024

export function archiveFolder(dataFolder: string): string {
  return join(dataFolder, 'archive')
}

/** Where traces are kept until they lie in objects. */
export function journalFolder(dataFolder: string): string {
  return join(dataFolder, 'archive-journal')
}

/**
 * Keeps traces as Parquet files in a folder. A trace is acknowledged when it is in the journal; a thread turns journals
 * into objects by size and age, those that a process left behind among them.
 */
export class ParquetArchive implements Archive {
  private readonly options: ParquetArchiveOptions
  private readonly journals: string
  private readonly thread: ArchiveThread
  private current: { readonly journal: Promise<Journal>; readonly sinceMs: number } | undefined
  /** Journals are turned into objects one after the other. */
  private turning: Promise<void> = Promise.resolve()

  private constructor(options: ParquetArchiveOptions, journals: string) {
    this.options = options
    this.journals = journals
    this.thread = new ArchiveThread({ folder: archiveFolder(options.dataFolder), limits: options.limits })
  }

  /** Opens the archive of a data folder and takes up the journals left in it. */
  static async open(options: ParquetArchiveOptions): Promise<ParquetArchive> {
    const journals = journalFolder(options.dataFolder)
    await mkdir(journals, { recursive: true })
    const archive = new ParquetArchive(options, journals)
    for (const name of (await readdir(journals)).sort()) archive.turn(join(journals, name))
    return archive
  }

  async write({ trace, chunks, filing, revision, reason }: ArchivedTrace): Promise<void> {
    const { traceId, complete, truncated } = trace
    const bytes = chunks.map((chunk) => chunk.bytes)
    const current = this.openJournal()
    try {
      const journal = await current.journal
      await journal.append({ traceId, complete, truncated, filing, revision, reason, chunks: bytes })
      if (journal.sizeBytes >= (this.options.maxBytes ?? MAX_BYTES)) this.rotate(current)
    } catch (error) {
      this.rotate(current)
      throw fileError(error)
    }
  }

  /** Turns the journal into objects if it is old enough; to be called now and then. */
  async runDue(): Promise<void> {
    const { current, options } = this
    if (current === undefined || options.clock() - current.sinceMs < (options.maxAgeMs ?? MAX_AGE_MS)) return
    this.rotate(current)
    await this.turning
  }

  /** Turns everything that was acknowledged into objects, now. */
  async flush(): Promise<void> {
    if (this.current !== undefined) this.rotate(this.current)
    await this.turning
  }

  async close(): Promise<void> {
    await this.flush()
    await this.thread.close()
  }

  private openJournal() {
    const path = join(this.journals, `${this.options.clock()}-${randomUUID()}.journal`)
    this.current ??= { journal: Journal.create(path), sinceMs: this.options.clock() }
    return this.current
  }

  private rotate(current: NonNullable<typeof this.current>): void {
    if (this.current !== current) return
    this.current = undefined
    this.turning = this.turning.then(async () => {
      const journal = await current.journal.catch(() => undefined)
      if (journal === undefined) return
      await journal.close()
      await this.turnNow(journal.path)
    })
  }

  private turn(path: string): void {
    this.turning = this.turning.then(() => this.turnNow(path))
  }

  /** A journal that cannot be turned into objects stays, to be tried again at the next start. */
  private async turnNow(path: string): Promise<void> {
    const reply = await this.thread.archive(path)
    if ('failed' in reply) {
      this.options.log('error', 'a journal could not be archived; it is kept', { path, reason: reply.failed })
    } else if (reply.done.cutOff) {
      this.options.log('warn', 'the end of a journal was cut off by a crash, before it was acknowledged', { path })
    }
  }
}
