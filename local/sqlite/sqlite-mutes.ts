import { type NamedMute, readStoredMute, type StoredMute } from '../../shared/incidents/mutes/stored-mute.ts'
import type { Database, Row } from './database.ts'
import type { SqliteDeliveries } from './sqlite-deliveries.ts'

/** Mutes that were made through the API, in SQLite. */
export class SqliteMutes {
  private readonly database: Database
  private readonly deliveries: SqliteDeliveries
  /** Those that had not ended when they were last read: every look at an incident asks for them. */
  private known: readonly NamedMute[] | undefined

  private matchers: ReadonlyMap<string, NamedMute> = new Map()

  constructor(database: Database, deliveries: SqliteDeliveries) {
    this.database = database
    this.deliveries = deliveries
  }

  /** Those that hold at a time. */
  active(nowMs: number): readonly NamedMute[] {
    this.known ??= this.readActive(nowMs)
    return this.known.filter(({ untilMs }) => untilMs > nowMs)
  }

  /** All by when they were made, the newest first. */
  list(limit: number): readonly StoredMute[] {
    const sql = 'SELECT mute FROM incident_mutes ORDER BY made_ms DESC, id LIMIT ?'
    return this.database.all(sql, limit).map(storedMute)
  }

  read(id: string): StoredMute | undefined {
    const row = this.database.get('SELECT mute FROM incident_mutes WHERE id = ?', id)
    return row && storedMute(row)
  }

  /** Stores a mute; it holds when that is on the disk. */
  async add(mute: StoredMute): Promise<void> {
    const sql = 'INSERT INTO incident_mutes (id, until_ms, made_ms, mute) VALUES (?, ?, ?, ?)'
    await this.changing(() => this.database.run(sql, mute.id, mute.untilMs, mute.madeMs, JSON.stringify(mute)))
  }

  /** Ends a mute and looks at once at what it held back; undefined where it does not hold. */
  async remove(id: string, nowMs: number): Promise<StoredMute | undefined> {
    return this.changing(() => {
      const mute = this.read(id)
      if (mute === undefined || mute.untilMs <= nowMs) return undefined
      const ended = { ...mute, untilMs: nowMs, removedMs: nowMs }
      const sql = 'UPDATE incident_mutes SET until_ms = ?, mute = ? WHERE id = ?'
      this.database.run(sql, nowMs, JSON.stringify(ended), id)
      this.deliveries.wakeHeldBy(id, nowMs)
      return ended
    })
  }

  /** What was known is forgotten with the change, and again after it: in between a look may find it and then see it undone. */
  private async changing<Result>(work: () => Result): Promise<Result> {
    try {
      return await this.database.write(() => {
        this.known = undefined
        return work()
      })
    } finally {
      this.known = undefined
    }
  }

  private readActive(nowMs: number): readonly NamedMute[] {
    const rows = this.database.all('SELECT mute FROM incident_mutes WHERE until_ms > ?', nowMs)
    const active = rows.flatMap((row) => {
      const mute = storedMute(row)
      // What one holds back never changes.
      return this.matchers.get(mute.id) ?? readStoredMute(mute) ?? []
    })
    this.matchers = new Map(active.map((mute) => [mute.id, mute]))
    return active
  }
}

function storedMute({ mute }: Row): StoredMute {
  return JSON.parse(String(mute)) as StoredMute
}
