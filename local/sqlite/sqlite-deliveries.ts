import { type DeliveryId, type DeliveryRow, revived, type StoredDelivery } from '../../shared/incidents/delivery.ts'
import type { Severity } from '../../shared/rules/ast.ts'
import type { Database, Row } from './database.ts'

/** Values of `failing`. */
const WAITING = 1
const REFUSED = 2

/** By an index of its own: there may be ten thousands of them. */
const FLOODED = `FROM incident_deliveries WHERE flooded = 1 AND receiver = ?
  AND json_extract(row, '$.notifiedSeverity') = ? AND json_extract(row, '$.notifiedAtMs') >= ?`

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

  /** Those that are due, the most overdue first; without those of some receivers. */
  due(nowMs: number, limit: number, except: readonly string[] = []): readonly StoredDelivery[] {
    const sql = `SELECT key, episode, receiver, row FROM incident_deliveries
      WHERE due_ms <= ? AND receiver NOT IN (SELECT value FROM json_each(?)) ORDER BY due_ms LIMIT ?`
    return this.database.all(sql, nowMs, JSON.stringify(except), limit).map(storedDelivery)
  }

  /** Openings that a receiver was notified of one by one since a time. */
  notifiedSince(receiver: string, sinceMs: number): number {
    const sql = 'SELECT count(*) AS count FROM incident_deliveries WHERE receiver = ? AND notified_ms >= ?'
    return Number(this.database.get(sql, receiver, sinceMs)?.count)
  }

  /** Whether an incident is open that is part of the flood of a receiver since a time. */
  isFloodOpen(receiver: string, fromMs = 0): boolean {
    const sql = `SELECT 1 FROM incident_deliveries
      WHERE flooded = 1 AND notified = 'open' AND receiver = ? AND json_extract(row, '$.notifiedAtMs') >= ? LIMIT 1`
    return this.database.get(sql, receiver, fromMs) !== undefined
  }

  /** How many incidents of a severity are in the flood of a receiver since a time. */
  countFlooded(receiver: string, severity: Severity, fromMs: number): number {
    const sql = `SELECT count(*) AS count ${FLOODED}`
    return Number(this.database.get(sql, receiver, severity, fromMs)?.count)
  }

  /** Some of these incidents. */
  floodedOf(receiver: string, severity: Severity, fromMs: number, limit: number): readonly string[] {
    const sql = `SELECT key ${FLOODED} LIMIT ?`
    return this.database.all(sql, receiver, severity, fromMs, limit).map(({ key }) => String(key))
  }

  /** Looks at once again at all that was left when a process ended, as part of the write under way. */
  reviveAll(nowMs: number): void {
    this.revive(nowMs, () => true)
  }

  /** The same for receivers that changed: requests under way are left alone. */
  reviveIdle(nowMs: number): void {
    this.revive(nowMs, ({ leaseUntilMs }) => leaseUntilMs <= nowMs)
  }

  private revive(nowMs: number, isMeant: (row: DeliveryRow) => boolean): void {
    const sql =
      "SELECT key, episode, receiver, row FROM incident_deliveries WHERE notified <> 'resolved' OR due_ms IS NOT NULL"
    for (const { id, row } of this.database.all(sql).map(storedDelivery)) {
      if (isMeant(row)) this.put(id, revived(row, nowMs))
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
