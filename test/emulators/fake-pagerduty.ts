import * as v from 'valibot'
import { FakeVendor, jsonAnswer, jsonIn, type VendorAnswer, type VendorRequest } from './fake-vendor.ts'

/*
 * A fake of the Events API v2 of PagerDuty, built from its documents and its schema of OpenAPI. It is stricter than these:
 * it refuses names that they do not have.
 */

const MAX_BYTES = 512_000
/** Of an integration key in a minute. */
const MAX_CALLS = 120

const text = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most))
const web = (scheme: RegExp) => v.pipe(text(2_048), v.regex(scheme))
const key = v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{32}$/, 'is not 32 characters'))

const payload = v.strictObject({
  summary: text(1_024),
  source: text(1_024),
  severity: v.picklist(['critical', 'error', 'warning', 'info']),
  timestamp: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  component: v.optional(text(1_024)),
  group: v.optional(text(1_024)),
  class: v.optional(text(1_024)),
  custom_details: v.optional(v.record(v.string(), v.unknown())),
})

const event = v.variant('event_action', [
  v.strictObject({
    routing_key: key,
    event_action: v.literal('trigger'),
    dedup_key: v.optional(text(255)),
    payload,
    images: v.optional(
      v.array(v.strictObject({ src: web(/^https:/), href: v.optional(web(/^https?:/)), alt: v.optional(v.string()) })),
    ),
    links: v.optional(v.array(v.strictObject({ href: web(/^https?:/), text: text(1_024) }))),
    client: v.optional(text(1_024)),
    client_url: v.optional(web(/^https?:/)),
  }),
  v.strictObject({
    routing_key: key,
    event_action: v.picklist(['acknowledge', 'resolve']),
    dedup_key: text(255),
  }),
])

export interface FakeAlert {
  readonly routingKey: string
  readonly dedupKey: string
  readonly severity: string
  readonly summaries: readonly string[]
  readonly status: 'triggered' | 'acknowledged' | 'resolved'
}

export class FakePagerDuty extends FakeVendor {
  /** Every alert that there was, each of which paged somebody, oldest first. */
  readonly alerts: FakeAlert[] = []
  /** Ends of alerts that were not open: accepted, and without effect. */
  dropped = 0
  private readonly clock: () => number
  private readonly calls = new Map<string, readonly number[]>()

  /** `clock` drives the limit of calls in a minute; without one there is no limit. */
  constructor(clock?: () => number) {
    super((request) => this.answer(request))
    this.clock = clock ?? (() => Number.NaN)
  }

  openAlerts(): readonly FakeAlert[] {
    return this.alerts.filter(({ status }) => status !== 'resolved')
  }

  private answer({ method, path, headers, body }: VendorRequest): VendorAnswer {
    if (method !== 'POST' || path !== '/v2/enqueue') return jsonAnswer(404, { message: 'Not Found' })
    if (Buffer.byteLength(body) > MAX_BYTES) return jsonAnswer(413, { message: 'Payload Too Large' })
    if (!/^application\/json\b/.test(headers['content-type'] ?? '')) return invalid(['content type is not JSON'])
    if (!body.isWellFormed()) return invalid(['body is not UTF-8'])
    const read = v.safeParse(event, jsonIn(body))
    if (!read.success) {
      return invalid(read.issues.map((issue) => `${v.getDotPath(issue) ?? 'event'} ${issue.message}`))
    }
    return this.isThrottled(read.output.routing_key) ? { status: 429, body: '' } : this.take(read.output)
  }

  private isThrottled(routingKey: string): boolean {
    const nowMs = this.clock()
    const recent = (this.calls.get(routingKey) ?? []).filter((atMs) => nowMs - atMs < 60_000)
    this.calls.set(routingKey, [...recent, nowMs])
    return recent.length >= MAX_CALLS
  }

  private take(given: v.InferOutput<typeof event>): VendorAnswer {
    const dedupKey = given.dedup_key ?? `generated-${this.alerts.length}`
    const isSame = (alert: FakeAlert) =>
      alert.status !== 'resolved' && alert.dedupKey === dedupKey && alert.routingKey === given.routing_key
    const at = this.alerts.findIndex(isSame)
    const open = this.alerts[at]
    if (given.event_action === 'trigger') {
      const { summary, severity } = given.payload
      if (open === undefined) {
        const alert = {
          routingKey: given.routing_key,
          dedupKey,
          severity,
          summaries: [summary],
          status: 'triggered',
        } as const
        this.alerts.push(alert)
      } else this.alerts[at] = { ...open, summaries: [...open.summaries, summary] }
    } else if (open === undefined) this.dropped++
    else this.alerts[at] = { ...open, status: given.event_action === 'resolve' ? 'resolved' : 'acknowledged' }
    return jsonAnswer(202, { status: 'success', message: 'Event processed', dedup_key: dedupKey })
  }
}

function invalid(errors: readonly string[]): VendorAnswer {
  return jsonAnswer(400, { status: 'invalid event', message: 'Event object is invalid', errors })
}
