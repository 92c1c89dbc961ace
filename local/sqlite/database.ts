import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { PROMISED, promisedOf } from '../recovery/log-and-file.ts'
import { RUNBOOK } from '../server/runbook.ts'
import { checkDatabaseFile, checkTables } from './check-database-file.ts'
import { KeptPromises } from './kept-promises.ts'
import type { Promised } from './promise-mark.ts'
import { SCHEMA, SCHEMA_VERSION } from './schema.ts'
import { storageError } from './sqlite-error.ts'

export type Row = Readonly<Record<string, string | number | bigint | Uint8Array | null>>

interface QueuedWrite {
  readonly work: () => unknown
  readonly durable: boolean
  readonly rows: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Writes that share a transaction, at most: one sync to the disk serves them all, and none waits long for it. */
const MAX_GROUP = 256
/** Rows of them, about: a transaction takes some 50 ms, and nobody else has the process meanwhile. */
const MAX_ROWS = 1_024

/** Memory for pages, in KiB: traces have random ids, so every write touches other pages. */
const CACHE_KIB = 64 * 1024
/** Pages in the log before it is copied into the file: pages written meanwhile are copied once, not once each time. */
const CHECKPOINT_PAGES = 4_000
const IN_MEMORY = ':memory:'
/** What cannot grow past this share of its bound is held by that, if the disk has some room left. */
const BOUND = 0.75
const SOME_BYTES = 1024 * 1024
/** Health checks write, too. */
const IDLE_COMMITS = 8
const NOTHING = { chunks: 0, spans: 0 }
/** The version from which on a mark beside the file says what was promised. */
const MARKED = 6

/**
 * One SQLite file. A write is acknowledged when its transaction is on the disk; writes asked for at the same time share
 * a transaction. Every failure is a StorageError.
 */
export class Database {
  readonly path: string
  private readonly maxBytes: number
  private readonly connection: DatabaseSync
  private readonly statements = new Map<string, StatementSync>()
  private queue: QueuedWrite[] = []
  private scheduled = false
  private syncing = false
  /** Writes that failed since the start, though nothing was wrong with them: the disk is full, read-only, damaged … */
  failures = 0
  /** Whether the last write failed so. */
  failing = false
  lastFailure: { readonly error: StorageError; readonly atMs: number } | undefined
  private commits = 0
  private commitsBefore = 0
  /** What the writes of the group under way promise. */
  private counted = NOTHING
  /** What was promised, and what is missing of it; undefined for a database in memory. */
  readonly promises: KeptPromises | undefined

  /** Opens or creates the file, which may grow to `maxBytes`; throws a StorageError that says what to do. */
  constructor(path: string, maxBytes: number) {
    this.path = path
    this.maxBytes = maxBytes
    const marked = checkDatabaseFile(path)
    try {
      this.connection = new DatabaseSync(path, { timeout: 5_000 })
    } catch (error) {
      throw storageError(error, path)
    }
    try {
      this.connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB};
        PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
      const wasMarked = this.migrate() >= MARKED
      const { page_size: pageBytes } = this.connection.prepare('PRAGMA page_size').get() as { page_size: number }
      this.connection.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / pageBytes)}`)
      const left = promisedOf(this.prepared(PROMISED).get())
      if (path !== IN_MEMORY && left !== undefined) {
        this.promises = new KeptPromises(path, { marked, left, wasMarked })
      }
    } catch (error) {
      this.connection.close()
      throw storageError(error, path)
    }
  }

  /** Every row of a query. */
  all(sql: string, ...parameters: readonly SQLInputValue[]): readonly Row[] {
    return this.guarded(() => this.prepared(sql).all(...parameters) as unknown as readonly Row[])
  }

  /** The first row of a query. */
  get(sql: string, ...parameters: readonly SQLInputValue[]): Row | undefined {
    return this.guarded(() => this.prepared(sql).get(...parameters) as Row | undefined)
  }

  /** Runs a statement inside `write`; returns how many rows it changed. */
  run(sql: string, ...parameters: readonly SQLInputValue[]): number {
    return Number(this.prepared(sql).run(...parameters).changes)
  }

  /** Does all of `work` or, if it throws, none of it; resolves when that is on the disk. `rows`: how many it writes, about. */
  write<Result>(work: () => Result, rows = 1): Promise<Result> {
    return this.queued(work, true, rows)
  }

  /**
   * The same for work that is done again where it is missing: it outlives this process at once, but not a loss of power
   * before the next `write`, which then takes along every write after it, too: the file goes back to a moment before.
   */
  writeRepeatable<Result>(work: () => Result, rows = 1): Promise<Result> {
    return this.queued(work, false, rows)
  }

  /** Writes a row and syncs it: resolves if the file can be written, rejects with what is in the way. */
  async touch(): Promise<void> {
    await this.write(() => this.run('INSERT OR REPLACE INTO touched (id, times) VALUES (1, random())'))
  }

  /** Counts what somebody is about to be promised, as part of the write under way. */
  countPromised(chunks: number, spans: number): void {
    this.counted = { chunks: this.counted.chunks + chunks, spans: this.counted.spans + spans }
  }

  /**
   * Empties a large log while next to nothing is written, so that it takes no room on the disk; to be called every few
   * seconds. Under load SQLite writes over it instead.
   */
  shrinkLog(): void {
    const isIdle = this.commits - this.commitsBefore <= IDLE_COMMITS
    this.commitsBefore = this.commits
    if (!isIdle || (statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0) < SOME_BYTES) return
    this.guarded(() => this.connection.exec('PRAGMA wal_checkpoint(TRUNCATE)'))
  }

  /** Does the writes still queued, then closes the file. */
  close(): void {
    while (this.queue.length > 0) this.flush()
    this.promises?.close()
    this.guarded(() => this.connection.close())
  }

  /** Bytes in use, free pages left out. */
  sizeBytes(): number {
    const sql = `SELECT (page_count - freelist_count) * page_size AS bytes
      FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`
    return Number(this.get(sql)?.bytes)
  }

  private queued<Result>(work: () => Result, durable: boolean, rows: number): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.queue.push({ work, durable, rows, resolve: resolve as (result: unknown) => void, reject })
      this.schedule()
    })
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.flush()
      if (this.queue.length > 0) this.schedule()
    })
  }

  private flush(): void {
    const group = this.nextGroup()
    if (group.length === 0) return
    const failuresBefore = this.failures
    this.counted = NOTHING
    const promised = group.some(({ durable }) => durable)
    try {
      this.syncAtCommit(promised)
      this.connection.exec('BEGIN IMMEDIATE')
      const settle = group.map((write) => this.apply(write))
      const kept = promised ? this.keepPromise() : undefined
      this.connection.exec('COMMIT')
      if (kept !== undefined) this.promises?.set(kept)
      this.commits++
      this.failing = this.failures > failuresBefore
      for (const acknowledge of settle) acknowledge()
    } catch (error) {
      this.rollBack()
      const failure = this.noted(error)
      for (const { reject } of group) reject(failure)
    }
  }

  private keepPromise(): Promised | undefined {
    const sql = `UPDATE promises SET kept = kept + 1, chunks = chunks + ?, spans = spans + ? WHERE id = 1
      RETURNING kept, chunks, spans`
    const { chunks, spans } = this.counted
    return promisedOf(this.prepared(sql).get(chunks, spans))
  }

  private nextGroup(): readonly QueuedWrite[] {
    let rows = 0
    let count = 0
    for (const write of this.queue) {
      rows += write.rows
      if (count === MAX_GROUP || (count > 0 && rows > MAX_ROWS)) break
      count++
    }
    const group = this.queue.slice(0, count)
    this.queue = this.queue.slice(count)
    return group
  }

  /** In a write-ahead log FULL syncs what was written so far, transactions before this one included; NORMAL does not. */
  private syncAtCommit(sync: boolean): void {
    if (this.syncing === sync) return
    this.connection.exec(`PRAGMA synchronous = ${sync ? 'FULL' : 'NORMAL'}`)
    this.syncing = sync
  }

  /** Applies one write of a group alone; the function it returns must be called once the group is committed. */
  private apply({ work, resolve, reject }: QueuedWrite): () => void {
    const { counted } = this
    this.connection.exec('SAVEPOINT one')
    try {
      const result = work()
      this.connection.exec('RELEASE one')
      return () => resolve(result)
    } catch (error) {
      this.counted = counted
      this.undoOne(error)
      const failure = this.noted(error)
      return () => reject(failure)
    }
  }

  /** A full disk ends the whole transaction: then its error, and no other, is that of every write in it. */
  private undoOne(error: unknown): void {
    try {
      this.connection.exec('ROLLBACK TO one; RELEASE one')
    } catch {
      throw error
    }
  }

  /** The error as the pipeline knows it, remembered where it is the disk's. */
  private noted(error: unknown): unknown {
    const failure = this.boundError(storageError(error, this.path))
    if (failure instanceof StorageError) {
      this.failures++
      this.failing = true
      this.lastFailure = { error: failure, atMs: performance.now() }
    }
    return failure
  }

  /** SQLite has one word for a full disk and for a database that has grown to its bound. */
  private boundError(failure: unknown): unknown {
    if (!(failure instanceof StorageError) || failure.code !== 'full' || !this.isAtBound()) return failure
    return new StorageError('full', `${this.path} has grown to ${this.maxBytes} bytes, its bound`, {
      cause: failure,
      hint: `it makes room on its own; raise --max-database if it does not (${RUNBOOK.filling})`,
    })
  }

  /** A write that needs more pages than are left fails before all are used. */
  private isAtBound(): boolean {
    if (this.path === IN_MEMORY) return true
    try {
      const { bavail, bsize } = statfsSync(dirname(this.path))
      return this.sizeBytes() > BOUND * this.maxBytes && bavail * bsize > SOME_BYTES
    } catch {
      return false
    }
  }

  private rollBack(): void {
    try {
      this.connection.exec('ROLLBACK')
    } catch {
      // SQLite has already rolled back (disk full, I/O error).
    }
  }

  /** Brings the file to the format of this release; returns the one it had. */
  private migrate(): number {
    checkTables(this.connection, this.path)
    const { user_version: version } = this.connection.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version === SCHEMA_VERSION) return version
    if (version > SCHEMA_VERSION) {
      throw new StorageError('corrupt', `${this.path} has format ${version}; this release reads ${SCHEMA_VERSION}`, {
        hint: 'upgrade betrace, or give it another data folder',
      })
    }
    const missing = SCHEMA.slice(version).join('')
    this.connection.exec(`BEGIN IMMEDIATE; ${missing} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
    // So that the file itself says its version, to whoever looks whether the log is damaged.
    this.connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return version
  }

  private prepared(sql: string): StatementSync {
    const known = this.statements.get(sql)
    if (known !== undefined) return known
    const statement = this.connection.prepare(sql)
    this.statements.set(sql, statement)
    return statement
  }

  private guarded<Result>(read: () => Result): Result {
    try {
      return read()
    } catch (error) {
      throw storageError(error, this.path)
    }
  }
}
