import type { Clock, Timer, Timers } from '../shared/pipeline/ports.ts'
import type { Database } from './database.ts'

/** A timer that was handed out: done with once it is acknowledged, else handed out again. */
export interface DueTimer {
  readonly id: number
  readonly timer: Timer
}

/** Timers in SQLite: at least once, each hidden from others while one evaluator handles it. */
export class SqliteTimers implements Timers {
  private readonly database: Database
  private readonly clock: Clock

  constructor(database: Database, clock: Clock) {
    this.database = database
    this.clock = clock
  }

  async arm(timers: readonly Timer[]): Promise<void> {
    await this.database.writeRepeatable(() => {
      for (const timer of timers) insertTimer(this.database, timer)
    })
  }

  async bury(timer: Timer, reason: string): Promise<void> {
    const sql = 'INSERT INTO buried_timers (buried_ms, reason, timer) VALUES (?, ?, ?)'
    await this.database.writeRepeatable(() => this.database.run(sql, this.clock(), reason, JSON.stringify(timer)))
  }

  /** Arms again every timer that was buried; returns how many there were. */
  async redrive(): Promise<number> {
    return this.database.write(() => {
      const rows = this.database.all('DELETE FROM buried_timers RETURNING timer')
      for (const { timer } of rows) insertTimer(this.database, { ...JSON.parse(String(timer)), attempt: 0 } as Timer)
      return rows.length
    })
  }

  /** Hands out at most `limit` timers that are due, and hides them for `visibilityMs`. */
  takeDue(limit: number, visibilityMs: number): Promise<readonly DueTimer[]> {
    const sql = `UPDATE timers SET visible_ms = ?
      WHERE id IN (SELECT id FROM timers WHERE visible_ms <= ? ORDER BY visible_ms LIMIT ?) RETURNING id, timer`
    const nowMs = this.clock()
    return this.database.writeRepeatable(() =>
      this.database.all(sql, nowMs + visibilityMs, nowMs, limit).map(({ id, timer }) => ({
        id: Number(id),
        timer: JSON.parse(String(timer)) as Timer,
      })),
    )
  }

  /** Forgets timers that were handled. */
  async acknowledge(timers: readonly DueTimer[]): Promise<void> {
    await this.database.writeRepeatable(() => {
      for (const { id } of timers) this.database.run('DELETE FROM timers WHERE id = ?', id)
    })
  }

  /** Shows at once every timer that was handed out: for a start after a crash. */
  async showAll(): Promise<void> {
    const sql = `UPDATE timers SET visible_ms = json_extract(timer, '$.dueAtMs')`
    await this.database.write(() => this.database.run(sql))
  }

  /** Shows at once, as if they had never failed, timers that failed, were buried for it, or could not be set back. */
  async wake(): Promise<number> {
    const sql = `UPDATE timers SET visible_ms = ?1, timer = json_set(timer, '$.attempt', 0, '$.dueAtMs', ?1)
      WHERE json_extract(timer, '$.attempt') > 0 OR visible_ms > json_extract(timer, '$.dueAtMs')`
    const nowMs = this.clock()
    const buried = await this.redrive()
    return buried + (await this.database.write(() => this.database.run(sql, nowMs)))
  }

  /** When the next timer can be handed out. */
  nextVisibleMs(): number | undefined {
    const row = this.database.get('SELECT min(visible_ms) AS next FROM timers')
    return typeof row?.next === 'number' ? row.next : undefined
  }

  /** How many timers wait, those of digests among them, and how many were set aside. */
  counts(): { readonly waiting: number; readonly digests: number; readonly buried: number } {
    const sql = `SELECT (SELECT count(*) FROM timers) AS waiting, (SELECT count(*) FROM buried_timers) AS buried,
      (SELECT count(*) FROM storms WHERE armed = 1 AND sent = 0) AS digests`
    const row = this.database.get(sql)
    return { waiting: Number(row?.waiting), digests: Number(row?.digests), buried: Number(row?.buried) }
  }
}

/** Stores a timer as part of the write under way. */
export function insertTimer(database: Database, timer: Timer): void {
  const sql = 'INSERT INTO timers (visible_ms, timer) VALUES (?, ?)'
  database.run(sql, timer.dueAtMs, JSON.stringify(timer))
}
