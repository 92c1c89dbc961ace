import type { StormEntry, StormLedger, StormSample, StormWindow } from '../shared/pipeline/ports.ts'
import type { Database } from './database.ts'

const MAX_SAMPLES = 5

/** Counts of signals per rule and window, in SQLite; a signal is counted once. */
export class SqliteStorms implements StormLedger {
  private readonly database: Database

  constructor(database: Database) {
    this.database = database
  }

  admit({ rule, windowStartMs, limit, sample }: StormEntry): Promise<StormWindow> {
    return this.database.writeRepeatable(() => {
      const insert = 'INSERT OR IGNORE INTO storm_signals (rule, window_start_ms, event_id) VALUES (?, ?, ?)'
      const isNew = this.database.run(insert, rule, windowStartMs, sample.id) === 1
      const window = this.window(rule, windowStartMs)
      if (!isNew || window.count <= limit || window.samples.length >= MAX_SAMPLES) return window
      const samples = [...window.samples, sample]
      const keep = `INSERT INTO storms (rule, window_start_ms, armed, sent, samples) VALUES (?, ?, 0, 0, ?)
        ON CONFLICT DO UPDATE SET samples = excluded.samples`
      this.database.run(keep, rule, windowStartMs, JSON.stringify(samples))
      return { ...window, samples }
    })
  }

  async mark(rule: string, windowStartMs: number, step: 'armed' | 'sent'): Promise<void> {
    const sql = `UPDATE storms SET ${step} = 1 WHERE rule = ? AND window_start_ms = ?`
    await this.database.writeRepeatable(() => this.database.run(sql, rule, windowStartMs))
  }

  async read(rule: string, windowStartMs: number): Promise<StormWindow | undefined> {
    const window = this.window(rule, windowStartMs)
    return window.count === 0 ? undefined : window
  }

  private window(rule: string, windowStartMs: number): StormWindow {
    const counted = 'SELECT count(*) AS count FROM storm_signals WHERE rule = ? AND window_start_ms = ?'
    const kept = 'SELECT armed, sent, samples FROM storms WHERE rule = ? AND window_start_ms = ?'
    const row = this.database.get(kept, rule, windowStartMs)
    return {
      count: Number(this.database.get(counted, rule, windowStartMs)?.count),
      armed: row?.armed === 1,
      sent: row?.sent === 1,
      samples: row === undefined ? [] : (JSON.parse(String(row.samples)) as readonly StormSample[]),
    }
  }
}
