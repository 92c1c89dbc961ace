import { judgementIn } from '../../shared/pipeline/committed.ts'
import type { CommittedJudgement } from '../../shared/pipeline/ports.ts'
import type { Database, Row } from '../sqlite/database.ts'

/** Chunks looked at in one transaction: no more than needed are removed. */
const PAGE = 64
const START: ChunkPlace = { arrivedMs: -1, id: 0 }

export interface RemovalOptions {
  /** Only of traces whose newest chunk arrived before, in milliseconds since 1970. */
  readonly beforeMs: number
  /** Where the removal before this one ended. */
  readonly after?: ChunkPlace | undefined
  /** Asked after each transaction: whether that is enough. */
  readonly isEnough: () => boolean
}

/** A place among the chunks by arrival. */
interface ChunkPlace {
  readonly arrivedMs: number
  readonly id: number
}

export interface Removal {
  /** Chunks that were removed. */
  readonly removed: number
  /** Where to go on; undefined at the end of the chunks. */
  readonly next: ChunkPlace | undefined
}

/**
 * Removes the chunks of traces that were judged on all of them and have nothing left to wait for or send, those that
 * arrived first first. A late span of such a trace is archived and counted as not judged.
 */
export async function removeJudgedChunks(database: Database, options: RemovalOptions): Promise<Removal> {
  const sql = `SELECT rowid AS id, trace_id, arrived_ms FROM chunks
    WHERE (arrived_ms, rowid) > (?, ?) AND arrived_ms < ? ORDER BY arrived_ms, rowid LIMIT ${PAGE}`
  let removed = 0
  let next = options.after ?? START
  while (!options.isEnough()) {
    const page = database.all(sql, next.arrivedMs, next.id, options.beforeMs)
    const traceIds = new Set(page.map(({ trace_id: traceId }) => String(traceId)))
    removed += await database.writeRepeatable(() => removeOf(database, traceIds, options.beforeMs))
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return { removed, next: undefined }
    next = { arrivedMs: Number(last.arrived_ms), id: Number(last.id) }
  }
  return { removed, next }
}

function removeOf(database: Database, traceIds: ReadonlySet<string>, beforeMs: number): number {
  let removed = 0
  for (const traceId of traceIds) {
    const marker = database.get('SELECT * FROM markers WHERE trace_id = ?', traceId)
    if (marker === undefined || !isDoneWith(database, traceId, marker, beforeMs)) continue
    removed += database.run('DELETE FROM chunks WHERE trace_id = ?', traceId)
    closeMarker(database, marker)
  }
  return removed
}

/**
 * Without its chunks a trace is not judged again: what is left to know is that it was, and where it is filed. The row is
 * written again, since one that shrinks leaves its page half empty.
 */
function closeMarker(database: Database, marker: Row): void {
  const verdict = JSON.parse(String(marker.verdict)) as CommittedJudgement
  const closed = judgementIn({ ...verdict, seen: [], truncated: true, signals: [] })
  database.run('DELETE FROM markers WHERE trace_id = ?', String(marker.trace_id))
  const sql = `INSERT INTO markers (trace_id, revision, verdict, pending, written_ms) VALUES (?, ?, ?, '[]', ?)`
  const { trace_id: traceId, revision, written_ms: writtenMs } = marker
  database.run(sql, String(traceId), Number(revision), JSON.stringify(closed), Number(writtenMs))
}

function isDoneWith(database: Database, traceId: string, marker: Row, beforeMs: number): boolean {
  if (marker.lease_token !== null || marker.pending !== '[]') return false
  const chunks = database.all('SELECT key, arrived_ms FROM chunks WHERE trace_id = ?', traceId)
  if (chunks.some(({ arrived_ms: arrivedMs }) => Number(arrivedMs) >= beforeMs)) return false
  const { seen, truncated, verdicts, waiting } = verdictOf(String(marker.verdict))
  if (verdicts === 0 || waiting !== undefined) return false
  if (chunks.every(({ key }) => seen.has(String(key)))) return true
  // Chunks beyond the limits of a trace are not part of a verdict: their own timer archives them.
  return truncated && !hasTimer(database, traceId)
}

/** Whether a marker is what is left of a trace whose judged chunks were removed. */
export function isClosed({ seen, verdicts }: Pick<CommittedJudgement, 'seen' | 'verdicts'>): boolean {
  return verdicts > 0 && seen.length === 0
}

/** A damaged one is met, and reported, where the trace is judged. */
function verdictOf(text: string) {
  try {
    const { seen, truncated, verdicts, waiting } = JSON.parse(text) as CommittedJudgement
    return { seen: new Set(seen), truncated, verdicts, waiting }
  } catch {
    return { seen: new Set<string>(), truncated: false, verdicts: 0, waiting: undefined }
  }
}

/** Looks through all timers: only traces beyond the size limits are asked about. */
function hasTimer(database: Database, traceId: string): boolean {
  const sql = `SELECT 1 FROM (SELECT timer FROM timers UNION ALL SELECT timer FROM buried_timers)
    WHERE instr(timer, ?) > 0 LIMIT 1`
  return database.get(sql, traceId) !== undefined
}
