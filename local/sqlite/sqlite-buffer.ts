import { arrivalMs, type Chunk } from '../../shared/pipeline/chunk.ts'
import { judgementIn } from '../../shared/pipeline/committed.ts'
import type {
  Clock,
  CommittedJudgement,
  Lease,
  Marker,
  PendingSignal,
  RefusedChunk,
  Timer,
  TraceBuffer,
} from '../../shared/pipeline/ports.ts'
import type { Database, Row } from './database.ts'
import { packForDisk, unpackFromDisk } from './packed-chunk.ts'
import { insertTimer, type OnWaiting } from './sqlite-timers.ts'
import { KEPT_HERE_ALONE, type Keeping, storeSignal } from './stored-signal.ts'

/** What is packed and stored at a time, about 5 ms of work; a larger chunk goes alone. */
const SLICE = { chunks: 128, bytes: 256 * 1024 }
/** The chunk itself and its timer. */
const ROWS_A_CHUNK = 2
/** The traces of a request beyond these wait apart, so that a small request of the same sender does not wait for them. */
export const LARGE_REQUEST = 256
/** Chunks that one page holds. */
const PAGE_CHUNKS = 128
/** Far above what a request may hold; a stored chunk that inflates to more is damaged. */
const MAX_CHUNK_BYTES = 256 * 1024 * 1024

/**
 * In the column `pending` of a marker: its signals are in `pending_signals`. They take kilobytes and are gone a moment
 * later; a row that shrinks leaves a page half empty for as long as it is kept.
 */
const ASIDE = '"pending_signals"'
const NOTHING_PENDING = '[]'

const NO_JUDGEMENT: Omit<CommittedJudgement, 'pending'> = { seen: [], verdicts: 0, truncated: false, signals: [] }

interface SqliteBufferOptions {
  readonly onWaiting?: OnWaiting
  /** How signals in shadow mode are kept. */
  readonly keeping?: Keeping
}

/** The trace buffer in SQLite; a chunk and the timer it arms are stored in one transaction. */
export class SqliteBuffer implements TraceBuffer {
  readonly countsShadow = true
  private readonly database: Database
  private readonly clock: Clock
  private readonly quietPeriodMs: number
  private readonly onWaiting: OnWaiting
  private readonly keeping: Keeping

  constructor(database: Database, clock: Clock, quietPeriodMs: number, options: SqliteBufferOptions = {}) {
    this.database = database
    this.clock = clock
    this.quietPeriodMs = quietPeriodMs
    this.onWaiting = options.onWaiting ?? (() => {})
    this.keeping = options.keeping ?? KEPT_HERE_ALONE
  }

  /** Stores slice by slice, so that others have the process in between; the last syncs them all to the disk. */
  async append(chunks: Iterable<Chunk>, flow = 0): Promise<readonly RefusedChunk[]> {
    let index = 0
    let [chunkCount, spanCount] = [0, 0]
    for (const { slice, isLast } of slicesOf(chunks)) {
      const rows = slice.map((chunk) => {
        const isBeyond = flow > 0 && index++ >= LARGE_REQUEST
        return { chunk, packed: packForDisk(chunk.bytes), flow: isBeyond ? flow + 1 : flow }
      })
      const [chunksBefore, spansBefore] = [chunkCount, spanCount]
      const work = () => {
        const stored = rows.filter(({ chunk, packed, flow: own }) => this.insert(chunk, packed, own))
        if (isLast) this.database.countPromised(chunksBefore + stored.length, spansBefore + spansOf(stored))
        return stored
      }
      const rowCount = ROWS_A_CHUNK * rows.length
      const stored = await (isLast
        ? this.database.write(work, rowCount)
        : this.database.writeRepeatable(work, rowCount))
      chunkCount += stored.length
      spanCount += spansOf(stored)
      for (const [own, some] of Map.groupBy(stored, (row) => row.flow)) this.onWaiting(own, some.length)
    }
    return []
  }

  async readMarker(traceId: string): Promise<Marker | undefined> {
    const row = this.database.get('SELECT * FROM markers WHERE trace_id = ?', traceId)
    if (row === undefined) return undefined
    const lease =
      row.lease_token === null ? {} : { lease: { token: String(row.lease_token), untilMs: Number(row.lease_until_ms) } }
    return {
      ...judgementIn(JSON.parse(String(row.verdict)) as Omit<CommittedJudgement, 'pending'>),
      pending: this.readPending(traceId, String(row.pending)),
      revision: Number(row.revision),
      ...lease,
    }
  }

  async newestChunkKey(traceId: string): Promise<string | undefined> {
    const row = this.database.get('SELECT max(key) AS key FROM chunks WHERE trace_id = ?', traceId)
    return typeof row?.key === 'string' ? row.key : undefined
  }

  async oldestChunkKey(traceId: string, after: string | undefined): Promise<string | undefined> {
    const sql = 'SELECT min(key) AS key FROM chunks WHERE trace_id = ? AND key > ?'
    const row = this.database.get(sql, traceId, after ?? '')
    return typeof row?.key === 'string' ? row.key : undefined
  }

  /** How many bytes the chunks of a trace have, unpacked. */
  sizeBytes(traceId: string): number {
    const sql = 'SELECT total(max(bytes, length(packed))) AS bytes FROM chunks WHERE trace_id = ?'
    return Number(this.database.get(sql, traceId)?.bytes)
  }

  async *readChunks(traceId: string): AsyncGenerator<readonly Chunk[]> {
    let after = ''
    for (;;) {
      const sql = 'SELECT * FROM chunks WHERE trace_id = ? AND key > ? ORDER BY key LIMIT ?'
      const page = this.database.all(sql, traceId, after, PAGE_CHUNKS).map(toChunk)
      const last = page.at(-1)
      if (last === undefined) return
      yield page
      if (page.length < PAGE_CHUNKS) return
      after = last.key
    }
  }

  async readChunksByKey(traceId: string, keys: readonly string[]): Promise<readonly Chunk[]> {
    const sql = 'SELECT * FROM chunks WHERE trace_id = ? AND key = ?'
    return keys.flatMap((key) => this.database.all(sql, traceId, key).map(toChunk))
  }

  takeLease(traceId: string, read: Marker | undefined, lease: Lease): Promise<boolean> {
    return this.database.writeRepeatable(() => {
      if (read === undefined) return this.createMarker(traceId, lease)
      const sql = `UPDATE markers SET lease_token = ?, lease_until_ms = ?, written_ms = ?
        WHERE trace_id = ? AND revision = ? AND lease_token IS ?`
      const { token, untilMs } = lease
      const known = read.lease?.token ?? null
      return this.database.run(sql, token, untilMs, this.clock(), traceId, read.revision, known) === 1
    })
  }

  commit(traceId: string, token: string, verdict: CommittedJudgement): Promise<boolean> {
    const { pending: all, ...rest } = verdict
    const pending = all.filter(({ shadow }) => !shadow)
    const shadows = all.filter(({ shadow }) => shadow)
    const release = pending.length === 0 ? ', lease_token = NULL, lease_until_ms = NULL' : ''
    const sql = `UPDATE markers SET revision = revision + 1, verdict = ?, pending = ?, written_ms = ?${release}
      WHERE trace_id = ? AND lease_token = ?`
    const work = () => {
      const values = [JSON.stringify(rest), pendingColumn(pending), this.clock(), traceId, token]
      if (this.database.run(sql, ...values) !== 1) return false
      this.writePending(traceId, pending)
      for (const signal of shadows) storeSignal(this.database, signal, this.keeping)
      return true
    }
    // A verdict without signals is given again where it is missing; of a signal the first word must be the last.
    return pending.length === 0 ? this.database.writeRepeatable(work) : this.database.write(work)
  }

  settle(traceId: string, token: string, pending: readonly PendingSignal[]): Promise<boolean> {
    const sql = `UPDATE markers SET revision = revision + 1, pending = ?, written_ms = ?,
      lease_token = NULL, lease_until_ms = NULL WHERE trace_id = ? AND lease_token = ?`
    return this.database.writeRepeatable(() => {
      if (this.database.run(sql, pendingColumn(pending), this.clock(), traceId, token) !== 1) return false
      this.writePending(traceId, pending)
      return true
    })
  }

  release(traceId: string, token: string): Promise<boolean> {
    const sql = 'UPDATE markers SET lease_token = NULL, lease_until_ms = NULL WHERE trace_id = ? AND lease_token = ?'
    return this.database.writeRepeatable(() => this.database.run(sql, traceId, token) === 1)
  }

  /** Ends every lease: for a start after a crash, when nobody can be at work on the file. */
  releaseAll(): Promise<number> {
    const sql = 'UPDATE markers SET lease_token = NULL, lease_until_ms = NULL WHERE lease_token IS NOT NULL'
    return this.database.write(() => this.database.run(sql))
  }

  /** Ids of at most `limit` traces with a chunk that arrived before a time. */
  expiredTraces(beforeMs: number, limit: number): readonly string[] {
    const sql = 'SELECT trace_id FROM chunks WHERE arrived_ms < ? GROUP BY trace_id LIMIT ?'
    return this.database.all(sql, beforeMs, limit).map((row) => String(row.trace_id))
  }

  /** The chunks of a trace that arrived before a time; at most as many as one page holds. */
  expiredChunks(traceId: string, beforeMs: number): readonly Chunk[] {
    const sql = 'SELECT * FROM chunks WHERE trace_id = ? AND arrived_ms < ? ORDER BY key LIMIT ?'
    return this.database.all(sql, traceId, beforeMs, PAGE_CHUNKS).map(toChunk)
  }

  async remove(chunks: readonly Chunk[]): Promise<void> {
    await this.database.writeRepeatable(() => {
      for (const { traceId, key } of chunks) {
        this.database.run('DELETE FROM chunks WHERE trace_id = ? AND key = ?', traceId, key)
      }
    })
  }

  /** False where it was there already. */
  private insert(chunk: Chunk, packed: Uint8Array, flow: number): boolean {
    const sql = `INSERT OR IGNORE INTO chunks (trace_id, key, arrived_ms, span_count, bytes, packed)
      VALUES (?, ?, ?, ?, ?, ?)`
    const { traceId, key, spanCount, bytes } = chunk
    if (this.database.run(sql, traceId, key, arrivalMs(key), spanCount, bytes.length, packed) === 0) return false
    const dueAtMs = this.clock() + this.quietPeriodMs
    const timer: Timer = { kind: 'trace', traceId, chunkKeys: [key], dueAtMs, attempt: 0, flow }
    insertTimer(this.database, timer)
    return true
  }

  private readPending(traceId: string, column: string): readonly PendingSignal[] {
    // Markers of formats before 7 hold their signals themselves.
    if (column !== ASIDE) return JSON.parse(column) as readonly PendingSignal[]
    const row = this.database.get('SELECT signals FROM pending_signals WHERE trace_id = ?', traceId)
    return row === undefined ? [] : (JSON.parse(String(row.signals)) as readonly PendingSignal[])
  }

  private writePending(traceId: string, pending: readonly PendingSignal[]): void {
    this.database.run('DELETE FROM pending_signals WHERE trace_id = ?', traceId)
    if (pending.length === 0) return
    const sql = 'INSERT INTO pending_signals (trace_id, signals) VALUES (?, ?)'
    this.database.run(sql, traceId, JSON.stringify(pending))
  }

  private createMarker(traceId: string, { token, untilMs }: Lease): boolean {
    const sql = `INSERT OR IGNORE INTO markers (trace_id, revision, lease_token, lease_until_ms, verdict, pending, written_ms)
      VALUES (?, 0, ?, ?, ?, '[]', ?)`
    return this.database.run(sql, traceId, token, untilMs, JSON.stringify(NO_JUDGEMENT), this.clock()) === 1
  }
}

function* slicesOf(chunks: Iterable<Chunk>): Generator<{ readonly slice: readonly Chunk[]; readonly isLast: boolean }> {
  let slice: Chunk[] = []
  let bytes = 0
  for (const chunk of chunks) {
    const isFull = slice.length === SLICE.chunks || bytes + chunk.bytes.length > SLICE.bytes
    if (isFull && slice.length > 0) {
      yield { slice, isLast: false }
      slice = []
      bytes = 0
    }
    slice.push(chunk)
    bytes += chunk.bytes.length
  }
  if (slice.length > 0) yield { slice, isLast: true }
}

function pendingColumn(pending: readonly PendingSignal[]): string {
  return pending.length === 0 ? NOTHING_PENDING : ASIDE
}

function spansOf(rows: readonly { readonly chunk: Chunk }[]): number {
  return rows.reduce((sum, { chunk }) => sum + chunk.spanCount, 0)
}

function toChunk(row: Row): Chunk {
  return {
    traceId: String(row.trace_id),
    key: String(row.key),
    bytes: unpackFromDisk(row.packed as Uint8Array, MAX_CHUNK_BYTES),
    spanCount: Number(row.span_count),
  }
}
