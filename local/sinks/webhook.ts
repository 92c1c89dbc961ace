import { backoffMs } from '../../shared/concurrency/backoff.ts'
import { type DeliveryFailure, deliveryFailureOf } from '../../shared/incidents/delivery-failure.ts'
import { signatureHeaders } from '../../shared/incidents/webhook-signature.ts'
import type { Clock, Log } from '../../shared/pipeline/ports.ts'
import type { PublishedEvent } from '../../shared/pipeline/signal.ts'
import { visible } from '../../shared/text/visible.ts'
import type { WebhookSettings } from '../settings.ts'
import type { Database, Row } from '../sqlite/database.ts'

/** Requests to one receiver at a time. */
const CONCURRENT = 4

export interface WebhookDeps {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly fetch: typeof fetch
  /** At least 0, less than 1. */
  readonly random: () => number
}

/** What became of deliveries since the start of the process. */
export interface DeliveryCounts {
  delivered: number
  retried: number
  failed: number
}

/** For logs and metrics: the place among the webhooks and the host, since the rest of a URL may be secret. */
export function webhookName(index: number, url: string): string {
  return `${index + 1} ${new URL(url).host}`
}

/**
 * Sends events to one URL. They wait in the database, so that none is lost by a restart; what fails is tried again,
 * later each time; what can only fail is set aside.
 */
export class Webhook {
  /** For logs and metrics: the place among the webhooks and the host, since the rest of a URL may be secret. */
  readonly name: string
  readonly counts: DeliveryCounts = { delivered: 0, retried: 0, failed: 0 }
  private readonly settings: WebhookSettings
  private readonly deps: WebhookDeps
  private running: Promise<void> = Promise.resolve()
  private stopped = false
  /** Delivered, though the database could not take that in yet: not to be sent again for it. */
  private readonly delivered = new Set<number>()

  constructor(position: number, settings: WebhookSettings, deps: WebhookDeps) {
    this.settings = settings
    this.deps = deps
    this.name = webhookName(position - 1, settings.url)
  }

  /** Puts events into the queue, as part of the write under way. */
  enqueue(events: readonly PublishedEvent[]): void {
    const sql = `INSERT OR IGNORE INTO deliveries
      (webhook, event_id, queued_ms, due_ms, attempts, failed, event) VALUES (?, ?, ?, ?, 0, 0, ?)`
    const nowMs = this.deps.clock()
    for (const event of events) {
      this.deps.database.run(sql, this.settings.url, event.id, nowMs, nowMs, JSON.stringify(event))
    }
  }

  /** Tries again what was set aside. */
  async redrive(): Promise<number> {
    const sql = 'UPDATE deliveries SET failed = 0, attempts = 0, due_ms = ? WHERE webhook = ? AND failed = 1'
    return this.deps.database.write(() => this.deps.database.run(sql, this.deps.clock(), this.settings.url))
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
    const counts = new Map(this.deps.database.all(sql, this.settings.url).map((row) => [row.failed, Number(row.count)]))
    return { waiting: counts.get(0) ?? 0, setAside: counts.get(1) ?? 0 }
  }

  /** Why the newest of the events that are set aside was; undefined where none is. */
  lastRefusal(): string | undefined {
    const sql = 'SELECT failure FROM deliveries WHERE webhook = ? AND failed = 1 ORDER BY due_ms DESC LIMIT 1'
    const row = this.deps.database.get(sql, this.settings.url)
    return row === undefined ? undefined : String(row.failure)
  }

  private async run(): Promise<void> {
    const due = `SELECT id, attempts, event_id, event FROM deliveries
      WHERE webhook = ? AND failed = 0 AND due_ms <= ? ORDER BY due_ms, id LIMIT 64`
    try {
      while (!this.stopped) {
        const rows = [...this.deps.database.all(due, this.settings.url, this.deps.clock())].reverse()
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
      : await this.post(String(row.event_id), visible(String(row.event)))
    if (failure === undefined) {
      if (!this.delivered.has(id)) this.counts.delivered += 1
      this.delivered.add(id)
      await this.deps.database.write(() => this.deps.database.run('DELETE FROM deliveries WHERE id = ?', id))
      this.delivered.delete(id)
      return
    }
    const attempts = Number(row.attempts) + 1
    const failed = !failure.retriable || attempts >= this.settings.maxAttempts
    this.counts[failed ? 'failed' : 'retried'] += 1
    const { retryDelayMs, maxRetryDelayMs } = this.settings
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

  private async post(eventId: string, body: string): Promise<DeliveryFailure | undefined> {
    const { url, headers, secrets, timeoutMs } = this.settings
    const signature = signatureHeaders(secrets, eventId, body, this.deps.clock())
    try {
      const response = await this.deps.fetch(url, {
        method: 'POST',
        headers: { ...headers, ...signature, 'content-type': 'application/cloudevents+json; charset=utf-8' },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      })
      await response.body?.cancel()
      return response.ok ? undefined : deliveryFailureOf(response.status, response.headers.get('retry-after'))
    } catch (error) {
      const { name, cause } = error as Error
      const reason = name === 'TimeoutError' ? `no answer within ${timeoutMs} ms` : causeOf(cause)
      return { reason, retriable: true }
    }
  }
}

/** What happened (ECONNREFUSED …) is in the cause; what else `fetch` throws may show the request, which holds secrets. */
function causeOf(cause: unknown): string {
  const { code, message } = (cause ?? {}) as { readonly code?: string; readonly message?: string }
  return code ?? message ?? 'the request cannot be sent'
}
