import { randomUUID } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type TraceToArchive, traceToArchive } from '../../shared/archive/trace-record.ts'
import type { Archive, ArchiveEntry, Clock, Log } from '../../shared/pipeline/ports.ts'
import { RUNBOOK } from '../server/runbook.ts'
import { JOURNAL } from './archive-journal.ts'
import { ArchiveThread } from './archive-thread.ts'
import { fileError } from './file-error.ts'
import { removeUnfinished } from './folder-store.ts'
import { Journal } from './journal.ts'

export interface ParquetArchiveOptions {
  /** The data folder: objects go to `archive/` below it, what is not yet in objects to `archive-journal/`. */
  readonly dataFolder: string
  readonly clock: Clock
  readonly log: Log
  /** A journal is turned into objects when it is this old or has this many bytes. */
  readonly maxAgeMs?: number
  readonly maxBytes?: number
  /** While more journals wait for their turn, traces wait too: else a disk would fill with what judging is ahead by. */
  readonly maxQueued?: number
}

export interface JournalState {
  /** Journals that wait for their turn. */
  readonly queued: number
  /** How often it failed. */
  readonly failures: number
  /** Journals that wait to be tried again, and why the last of them failed. */
  readonly waiting: number
  readonly failure: string | undefined
  /** Journals that were put aside. */
  readonly damaged: number
}

const MAX_AGE_MS = 10_000
/** How long after a failure a journal is tried again. */
const RETRY_MS = 10_000
/** A file that is still incomplete after this time was abandoned. */
const ABANDONED_MS = 3_600_000
const MAX_BYTES = 16 * 1024 * 1024
const MAX_QUEUED = 16

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
  /** Journals are turned into objects one after the other; resolves after the last of them. */
  private turning: Promise<void> = Promise.resolve()
  /** The same for each that waits, oldest first. */
  private readonly queue: Promise<void>[] = []
  /** Those that could not be, and why the last of them could not. */
  private readonly kept = new Set<string>()
  private triedMs = 0
  private failure: string | undefined
  private failures = 0
  private damaged = 0

  private constructor(options: ParquetArchiveOptions, journals: string) {
    this.options = options
    this.journals = journals
    this.thread = new ArchiveThread({ folder: archiveFolder(options.dataFolder) })
  }

  /** Opens the archive of a data folder and takes up the journals left in it. */
  static async open(options: ParquetArchiveOptions): Promise<ParquetArchive> {
    const journals = journalFolder(options.dataFolder)
    await mkdir(journals, { recursive: true })
    const archive = new ParquetArchive(options, journals)
    await removeUnfinished(archiveFolder(options.dataFolder), Date.now() - ABANDONED_MS)
    const names = (await readdir(journals)).filter((name) => name.endsWith(JOURNAL))
    for (const name of names.sort()) archive.turn(join(journals, name))
    return archive
  }

  /** How turning journals into objects stands since the start. */
  get state(): JournalState {
    const { failures, damaged, kept, queue } = this
    return {
      queued: queue.length,
      failures,
      damaged,
      waiting: kept.size,
      failure: kept.size > 0 ? this.failure : undefined,
    }
  }

  write(entry: ArchiveEntry): Promise<void> {
    return this.append(traceToArchive(entry))
  }

  /** The same for a trace without its decoded spans. */
  async append(entry: TraceToArchive): Promise<void> {
    while (this.queue.length > (this.options.maxQueued ?? MAX_QUEUED)) await this.queue[0]
    const current = this.openJournal()
    try {
      const journal = await current.journal
      await journal.append(entry)
      if (journal.sizeBytes >= (this.options.maxBytes ?? MAX_BYTES)) this.rotate(current)
    } catch (error) {
      this.rotate(current)
      throw fileError(error)
    }
  }

  /** Turns the journal into objects if it is old enough; to be called now and then. */
  async runDue(): Promise<void> {
    const { current, options } = this
    const nowMs = options.clock()
    // A time in the future is that of a clock that was put back since.
    const isOld = (sinceMs: number, ageMs: number) => nowMs - sinceMs >= ageMs || nowMs < sinceMs
    if (this.kept.size > 0 && isOld(this.triedMs, RETRY_MS)) this.retry()
    if (current !== undefined && isOld(current.sinceMs, options.maxAgeMs ?? MAX_AGE_MS)) this.rotate(current)
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
    const path = join(this.journals, `${this.options.clock()}-${randomUUID()}${JOURNAL}`)
    this.current ??= { journal: Journal.create(path), sinceMs: this.options.clock() }
    return this.current
  }

  private rotate(current: NonNullable<typeof this.current>): void {
    if (this.current !== current) return
    this.current = undefined
    this.inTurn(async () => {
      const journal = await current.journal.catch(() => undefined)
      if (journal === undefined) return
      await journal.close()
      await this.turnNow(journal.path)
    })
  }

  /** Until one fails again: a disk without room for one has no room for the others. */
  private retry(): void {
    this.inTurn(async () => {
      for (const path of [...this.kept].sort()) {
        await this.turnNow(path)
        if (this.kept.has(path)) return
      }
    })
  }

  private turn(path: string): void {
    this.inTurn(() => this.turnNow(path))
  }

  private inTurn(work: () => Promise<void>): void {
    this.turning = this.turning.then(work)
    this.queue.push(this.turning)
    this.turning.finally(() => this.queue.shift()).catch(() => {})
  }

  /** A journal that cannot be turned into objects stays, to be tried again. */
  private async turnNow(path: string): Promise<void> {
    const reply = await this.thread.archive(path)
    this.triedMs = this.options.clock()
    if ('failed' in reply) {
      this.kept.add(path)
      this.failures++
      this.failure = reply.failed
      this.options.log('error', 'a journal could not be archived; it is kept and tried again', {
        path,
        reason: reply.failed,
      })
      return
    }
    this.kept.delete(path)
    const { cutOff, setAside, traces } = reply.done
    if (setAside !== undefined) {
      this.damaged++
      this.options.log('error', `a journal is damaged; what can be read of it is archived, the rest is put aside`, {
        path: setAside,
        traces,
        runbook: RUNBOOK.archive,
      })
    }
    if (cutOff) {
      this.options.log('warn', 'the end of a journal was cut off by a crash, before it was acknowledged', { path })
    }
  }
}
