import type { FiringRule, FiringSource } from '../../shared/experiments/health.ts'
import type { PendingSignal, SignalStore } from '../../shared/pipeline/ports.ts'
import type { Database } from './database.ts'
import { KEPT_HERE_ALONE, type Keeping, signalOf, storeSignal, WITH_TEXT } from './stored-signal.ts'

/** Which signals to read; times are milliseconds since 1970, `toMs` is exclusive. */
export interface SignalQuery {
  readonly rule?: string
  readonly traceId?: string
  readonly fromMs?: number
  readonly toMs?: number
  /** 1,000 unless told. */
  readonly limit?: number
}

/** Every signal, in SQLite, suppressed ones too; of those in shadow mode samples, and how many there were. */
export class SqliteSignals implements SignalStore, FiringSource {
  private readonly database: Database
  private readonly onNew: (signals: readonly PendingSignal[]) => Promise<void>
  private readonly keeping: Keeping

  /**
   * `onNew` gets the signals that were not stored before, first: what fails there is not stored, and comes again.
   * `keeping`: what is written of a signal elsewhere later.
   */
  constructor(
    database: Database,
    onNew: (signals: readonly PendingSignal[]) => Promise<void> = async () => {},
    keeping: Keeping = KEPT_HERE_ALONE,
  ) {
    this.database = database
    this.onNew = onNew
    this.keeping = keeping
  }

  async record(signals: readonly PendingSignal[]): Promise<void> {
    const known = 'SELECT 1 FROM signals WHERE event_id = ?'
    const fresh = signals.filter(({ event }) => this.database.get(known, event.id) === undefined)
    if (fresh.length === 0) return
    await this.onNew(fresh)
    await this.database.writeRepeatable(() => {
      for (const signal of fresh) storeSignal(this.database, signal, this.keeping)
    })
  }

  /** Live rules that fired since, each with its latest trace; a signal that was retracted is left out. */
  async firingSince(sinceMs: number): Promise<readonly FiringRule[]> {
    const status = "json_extract(event, '$.status')"
    const retracted = `SELECT 1 FROM signals later WHERE later.trace_id = fired.trace_id AND later.rule = fired.rule
      AND json_extract(later.event, '$.status') = 'retracted'
      AND json_extract(later.event, '$.signalid') = json_extract(fired.event, '$.signalid')
      AND json_extract(later.event, '$.sequence') > json_extract(fired.event, '$.sequence')`
    const sql = `SELECT rule, severity, trace_id, json_extract(event, '$.data.service') AS service, max(time_ms) AS last_ms
      FROM signals fired WHERE time_ms >= ? AND shadow = 0 AND ${status} = 'firing' AND NOT EXISTS (${retracted})
      GROUP BY rule ORDER BY last_ms DESC LIMIT 1000`
    return this.database.all(sql, sinceMs).map((row) => ({
      signal: String(row.rule),
      severity: String(row.severity) as FiringRule['severity'],
      lastMs: Number(row.last_ms),
      traceId: String(row.trace_id),
      service: String(row.service ?? ''),
    }))
  }

  /** Signals by time, oldest first. */
  find(query: SignalQuery): readonly PendingSignal[] {
    const sql = `${WITH_TEXT}
      WHERE (? IS NULL OR rule = ?) AND (? IS NULL OR trace_id = ?) AND time_ms >= ? AND time_ms < ?
      ORDER BY time_ms, signals.rowid LIMIT ?`
    const { rule = null, traceId = null, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER, limit = 1_000 } = query
    return this.database.all(sql, rule, rule, traceId, traceId, fromMs, toMs, limit).map(signalOf)
  }
}
