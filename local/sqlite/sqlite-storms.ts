import type { StormEntry, StormLedger, StormSample, StormWindow } from '../../shared/pipeline/ports.ts'
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
      if (this.database.run(insert, rule, windowStartMs, sample.id) === 0) return this.window(rule, windowStartMs)
      const before = this.window(rule, windowStartMs)
      const count = before.count + 1
      const isSample = count > limit && before.samples.length < MAX_SAMPLES
      const samples = isSample ? [...before.samples, sample] : before.samples
      // Counted as they come: counting them again each time would take longer the worse the storm is.
      const keep = `INSERT INTO storms (rule, window_start_ms, armed, sent, samples, count) VALUES (?, ?, 0, 0, ?, 1)
        ON CONFLICT DO UPDATE SET samples = excluded.samples, count = count + 1`
      this.database.run(keep, rule, windowStartMs, JSON.stringify(samples))
      return { ...before, count, samples }
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
    const kept = 'SELECT armed, sent, samples, count FROM storms WHERE rule = ? AND window_start_ms = ?'
    const row = this.database.get(kept, rule, windowStartMs)
    return {
      count: Number(row?.count ?? 0),
      armed: row?.armed === 1,
      sent: row?.sent === 1,
      samples: row === undefined ? [] : (JSON.parse(String(row.samples)) as readonly StormSample[]),
    }
  }
}
