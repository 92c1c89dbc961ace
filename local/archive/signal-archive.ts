import type { ObjectStore } from '../../shared/archive/object-store.ts'
import { signalLine, signalObjects } from '../../shared/archive/signal-objects.ts'
import type { Clock } from '../../shared/pipeline/ports.ts'
import type { Database } from '../sqlite/database.ts'
import { dropWrittenTexts, signalOf, WITH_TEXT } from '../sqlite/stored-signal.ts'

const MAX_AGE_MS = 60_000
/** Signals that are copied at a time; this many do not wait for their age. */
const MAX_SIGNALS = 1_000

/**
 * Copies signals from the database to files beside the archived traces, by number or age, once each; a crash in between
 * may copy some twice, under their one id.
 */
export class SignalArchive {
  private readonly database: Database
  private readonly store: Pick<ObjectStore, 'put'>
  private readonly clock: Clock

  constructor(database: Database, store: Pick<ObjectStore, 'put'>, clock: Clock) {
    this.database = database
    this.store = store
    this.clock = clock
  }

  /** Copies what has waited long enough, or fills a file. */
  async runDue(): Promise<void> {
    const sql = 'SELECT count(*) AS waiting, min(time_ms) AS oldest_ms FROM signals WHERE archived = 0'
    const { waiting = 0, oldest_ms: oldestMs } = this.database.get(sql) ?? {}
    // A signal of the future was given before the clock was put back.
    const isOld = oldestMs !== null && Math.abs(this.clock() - Number(oldestMs)) >= MAX_AGE_MS
    const due = Number(waiting) >= MAX_SIGNALS || isOld
    if (due) await this.flush()
  }

  /** Copies everything that was not copied yet. */
  async flush(): Promise<void> {
    while ((await this.copySome()) === MAX_SIGNALS);
  }

  private async copySome(): Promise<number> {
    const sql = `${WITH_TEXT} WHERE archived = 0 ORDER BY time_ms, signals.event_id LIMIT ?`
    const rows = this.database.all(sql, MAX_SIGNALS)
    const lines = rows.map(signalOf).map(({ event, shadow }) => signalLine(event, shadow))
    for (const { key, bytes } of signalObjects(lines)) await this.store.put(key, bytes)
    const ids = rows.map(({ event_id: eventId }) => String(eventId))
    await this.database.writeRepeatable(() => {
      for (const id of ids) this.database.run('UPDATE signals SET archived = 1 WHERE event_id = ?', id)
      dropWrittenTexts(this.database, ids)
    })
    return rows.length
  }
}
