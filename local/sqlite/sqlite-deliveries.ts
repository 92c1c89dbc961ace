import { type DeliveryId, type DeliveryRow, revived, type StoredDelivery } from '../../shared/incidents/delivery.ts'
import type { Database, Row } from './database.ts'

/** Values of `failing`. */
const WAITING = 1
const REFUSED = 2

/** What a receiver has not taken. */
export interface DeliveryBacklog {
  readonly receiver: string
  /** Failed, and tried again. */
  readonly waiting: number
  readonly refused: number
  /** Why one of them failed. */
  readonly failure: string
}

/** What receivers were notified of incidents, in SQLite. */
export class SqliteDeliveries {
  private readonly database: Database

  constructor(database: Database) {
    this.database = database
  }

  read({ key, episode, receiver }: DeliveryId): DeliveryRow | undefined {
    const sql = 'SELECT row FROM incident_deliveries WHERE key = ? AND episode = ? AND receiver = ?'
    const row = this.database.get(sql, key, episode, receiver)
    return row && rowOf(row)
  }

  /** Writes a row in place of the one whose version is one less; false where that is not what is there. */
  replace(id: DeliveryId, row: DeliveryRow): Promise<boolean> {
    return this.database.write(() => {
      if ((this.read(id)?.version ?? 0) !== row.version - 1) return false
      this.put(id, row)
      return true
    })
  }

  /** Writes a row, as part of the write under way. */
  put({ key, episode, receiver }: DeliveryId, row: DeliveryRow): void {
    const sql = `INSERT OR REPLACE INTO incident_deliveries (key, episode, receiver, notified, due_ms, notified_ms, failing, flooded, row)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
    const { notified, dueAtMs = null, flooded, notifiedAtMs } = row
    const notifiedAloneMs = notified === 'none' || flooded ? null : (notifiedAtMs ?? null)
    const isWaiting = row.failure !== undefined && row.dueAtMs !== undefined
    const failing = row.refused ? REFUSED : isWaiting ? WAITING : 0
    this.database.run(
      sql,
      key,
      episode,
      receiver,
      notified,
      dueAtMs,
      notifiedAloneMs,
      failing,
      flooded ? 1 : 0,
      JSON.stringify(row),
    )
  }

  /** Rows of an incident, of all its episodes. */
  of(key: string): readonly StoredDelivery[] {
    const sql = 'SELECT key, episode, receiver, row FROM incident_deliveries WHERE key = ?'
    return this.database.all(sql, key).map(storedDelivery)
  }

  /** Those that are due, the most overdue first. */
  due(nowMs: number, limit: number): readonly StoredDelivery[] {
    const sql = `SELECT key, episode, receiver, row FROM incident_deliveries WHERE due_ms <= ? ORDER BY due_ms LIMIT ?`
    return this.database.all(sql, nowMs, limit).map(storedDelivery)
  }

  /** Openings that a receiver was notified of one by one since a time. */
  notifiedSince(receiver: string, sinceMs: number): number {
    const sql = 'SELECT count(*) AS count FROM incident_deliveries WHERE receiver = ? AND notified_ms >= ?'
    return Number(this.database.get(sql, receiver, sinceMs)?.count)
  }

  /** Receivers with open incidents that are part of a flood. */
  flooded(): readonly string[] {
    const sql = "SELECT DISTINCT receiver FROM incident_deliveries WHERE flooded = 1 AND notified = 'open'"
    return this.database.all(sql).map(({ receiver }) => String(receiver))
  }

  /** Incidents in the flood of a receiver since a time; `isOpen` says whether any is still open. */
  flood(receiver: string, fromMs: number): { readonly keys: readonly string[]; readonly isOpen: boolean } {
    const sql = `SELECT key, notified FROM incident_deliveries
      WHERE flooded = 1 AND receiver = ? AND json_extract(row, '$.notifiedAtMs') >= ? ORDER BY key`
    const rows = this.database.all(sql, receiver, fromMs)
    return { keys: rows.map(({ key }) => String(key)), isOpen: rows.some(({ notified }) => notified === 'open') }
  }

  /** Looks at once again at all that was left: for a start, or for receivers that changed. As part of the write under way. */
  reviveAll(nowMs: number): void {
    const sql =
      "SELECT key, episode, receiver, row FROM incident_deliveries WHERE notified <> 'resolved' OR due_ms IS NOT NULL"
    for (const { id, row } of this.database.all(sql).map(storedDelivery)) {
      this.put(id, revived(row, nowMs))
    }
  }

  /** Looks at once again at what a mute holds back, as part of the write under way. */
  wakeHeldBy(mute: string, nowMs: number): void {
    const sql = `SELECT key, episode, receiver, row FROM incident_deliveries
      WHERE due_ms IS NOT NULL AND json_extract(row, '$.heldBy') = ?`
    for (const { id, row } of this.database.all(sql, mute).map(storedDelivery)) {
      this.put(id, { ...row, version: row.version + 1, dueAtMs: nowMs })
    }
  }

  /** Deliveries that wait, and those that were refused, by receiver. */
  backlog(): readonly DeliveryBacklog[] {
    const sql = `SELECT receiver, sum(failing = ${WAITING}) AS waiting, sum(failing = ${REFUSED}) AS refused,
      max(json_extract(row, '$.failure')) AS failure FROM incident_deliveries WHERE failing > 0 GROUP BY receiver`
    return this.database.all(sql).map((row) => ({
      receiver: String(row.receiver),
      waiting: Number(row.waiting),
      refused: Number(row.refused),
      failure: String(row.failure ?? ''),
    }))
  }
}

function rowOf({ row }: Row): DeliveryRow {
  return JSON.parse(String(row)) as DeliveryRow
}

function storedDelivery(row: Row): StoredDelivery {
  const id = { key: String(row.key), episode: Number(row.episode), receiver: String(row.receiver) }
  return { id, row: rowOf(row) }
}
