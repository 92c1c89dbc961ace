import { backoffMs } from '../../shared/concurrency/backoff.ts'
import type { DeliveryFailure } from '../../shared/incidents/delivery-failure.ts'
import type { Clock, Log } from '../../shared/pipeline/ports.ts'
import type { PublishedEvent } from '../../shared/pipeline/signal.ts'
import { visible } from '../../shared/text/visible.ts'
import type { Database, Row } from '../sqlite/database.ts'

/** Requests to one receiver at a time. */
const CONCURRENT = 4

export interface EventQueueDeps {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  /** At least 0, less than 1. */
  readonly random: () => number
}

/** What became of deliveries since the start of the process. */
export interface DeliveryCounts {
  delivered: number
  retried: number
  failed: number
}

/** Where a queue sends its events, and how often it tries. */
export interface EventSink {
  /** For logs and metrics. */
  readonly name: string
  /** Its events in the database. */
  readonly key: string
  readonly retryDelayMs: number
  readonly maxRetryDelayMs: number
  readonly maxAttempts: number
  /** Sends an event, as JSON; undefined where it was taken. */
  post(eventId: string, body: string): Promise<DeliveryFailure | undefined>
}

/**
 * Sends events to one place. They wait in the database, so that none is lost by a restart; what fails is tried again,
 * later each time; what can only fail is set aside.
 */
export class EventQueue {
  readonly counts: DeliveryCounts = { delivered: 0, retried: 0, failed: 0 }
  private readonly sink: EventSink
  private readonly deps: EventQueueDeps
  private running: Promise<void> = Promise.resolve()
  private stopped = false
  /** Delivered, though the database could not take that in yet: not to be sent again for it. */
  private readonly delivered = new Set<number>()

  constructor(sink: EventSink, deps: EventQueueDeps) {
    this.sink = sink
    this.deps = deps
  }

  get name(): string {
    return this.sink.name
  }

  /** Puts events into the queue, as part of the write under way. */
  enqueue(events: readonly PublishedEvent[]): void {
    const sql = `INSERT OR IGNORE INTO deliveries
      (webhook, event_id, queued_ms, due_ms, attempts, failed, event) VALUES (?, ?, ?, ?, 0, 0, ?)`
    const nowMs = this.deps.clock()
    for (const event of events) {
      this.deps.database.run(sql, this.sink.key, event.id, nowMs, nowMs, JSON.stringify(event))
    }
  }

  /** Tries again what was set aside. */
  async redrive(): Promise<number> {
    const sql = 'UPDATE deliveries SET failed = 0, attempts = 0, due_ms = ? WHERE webhook = ? AND failed = 1'
    return this.deps.database.write(() => this.deps.database.run(sql, this.deps.clock(), this.sink.key))
  }

  /** Sends everything that is due by the clock. Never rejects. */
  runDue(): Promise<void> {
    this.running = this.running.then(() => this.run())
    return this.running
  }

  /** Starts no more requests; resolves when those under way have ended. */
  stop(): Promise<void> {
    this.stopped = true
    return this.running
  }

  backlog(): { readonly waiting: number; readonly setAside: number } {
    const sql = 'SELECT failed, count(*) AS count FROM deliveries WHERE webhook = ? GROUP BY failed'
    const counts = new Map(this.deps.database.all(sql, this.sink.key).map((row) => [row.failed, Number(row.count)]))
    return { waiting: counts.get(0) ?? 0, setAside: counts.get(1) ?? 0 }
  }

  /** Why the newest of the events that are set aside was; undefined where none is. */
  lastRefusal(): string | undefined {
    const sql = 'SELECT failure FROM deliveries WHERE webhook = ? AND failed = 1 ORDER BY due_ms DESC LIMIT 1'
    const row = this.deps.database.get(sql, this.sink.key)
    return row === undefined ? undefined : String(row.failure)
  }

  private async run(): Promise<void> {
    const due = `SELECT id, attempts, event_id, event FROM deliveries
      WHERE webhook = ? AND failed = 0 AND due_ms <= ? ORDER BY due_ms, id LIMIT 64`
    try {
      while (!this.stopped) {
        const rows = [...this.deps.database.all(due, this.sink.key, this.deps.clock())].reverse()
        if (rows.length === 0) return
        const work = async () => {
          for (let row = rows.pop(); row !== undefined && !this.stopped; row = rows.pop()) await this.deliver(row)
        }
        await Promise.all(Array.from({ length: CONCURRENT }, work))
      }
    } catch (error) {
      this.deps.log('error', 'webhook deliveries could not be read or written; trying again', {
        webhook: this.name,
        reason: String(error),
      })
    }
  }

  private async deliver(row: Row): Promise<void> {
    const id = Number(row.id)
    const failure = this.delivered.has(id)
      ? undefined
      : await this.sink.post(String(row.event_id), visible(String(row.event)))
    if (failure === undefined) {
      if (!this.delivered.has(id)) this.counts.delivered += 1
      this.delivered.add(id)
      await this.deps.database.write(() => this.deps.database.run('DELETE FROM deliveries WHERE id = ?', id))
      this.delivered.delete(id)
      return
    }
    const attempts = Number(row.attempts) + 1
    const failed = !failure.retriable || attempts >= this.sink.maxAttempts
    this.counts[failed ? 'failed' : 'retried'] += 1
    const { retryDelayMs, maxRetryDelayMs } = this.sink
    const delayMs = backoffMs(attempts, {
      firstMs: retryDelayMs,
      mostMs: maxRetryDelayMs,
      random: this.deps.random(),
      askedMs: failure.retryAfterMs,
    })
    const sql = 'UPDATE deliveries SET attempts = ?, due_ms = ?, failure = ?, failed = ? WHERE id = ?'
    const dueMs = this.deps.clock() + delayMs
    await this.deps.database.write(() =>
      this.deps.database.run(sql, attempts, dueMs, failure.reason, failed ? 1 : 0, id),
    )
    const message = failed ? 'webhook delivery failed; set aside until the next start' : 'webhook delivery failed'
    this.deps.log(failed ? 'error' : 'warn', message, { webhook: this.name, attempts, reason: failure.reason })
  }
}
