import { type DeliveryFailure, deliveryFailureOf } from '../../shared/incidents/delivery-failure.ts'
import { fetchFailureOf } from '../../shared/incidents/http-send.ts'
import { signatureHeaders } from '../../shared/incidents/webhook-signature.ts'
import { EventQueue, type EventQueueDeps } from '../queues/event-queue.ts'
import type { WebhookSettings } from '../settings.ts'

interface WebhookDeps extends EventQueueDeps {
  readonly fetch: typeof fetch
}

/** The queue of events of one webhook; `index` is its place among the webhooks. */
export function webhookQueue(index: number, settings: WebhookSettings, deps: WebhookDeps): EventQueue {
  const { url, retryDelayMs, maxRetryDelayMs, maxAttempts } = settings
  const post = (eventId: string, body: string) => postEvent(settings, deps, eventId, body)
  const sink = { name: webhookName(index, url), key: url, retryDelayMs, maxRetryDelayMs, maxAttempts, post }
  return new EventQueue(sink, deps)
}

/** For logs and metrics: the place among the webhooks and the host, since the rest of a URL may be secret. */
export function webhookName(index: number, url: string): string {
  return `${index + 1} ${new URL(url).host}`
}

async function postEvent(
  { url, headers, secrets, timeoutMs }: WebhookSettings,
  { fetch, clock }: WebhookDeps,
  eventId: string,
  body: string,
): Promise<DeliveryFailure | undefined> {
  const signature = signatureHeaders(secrets, eventId, body, clock())
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, ...signature, 'content-type': 'application/cloudevents+json; charset=utf-8' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.body?.cancel()
    return response.ok ? undefined : deliveryFailureOf(response.status, response.headers.get('retry-after'))
  } catch (error) {
    return { reason: fetchFailureOf(error, timeoutMs).failure, retriable: true }
  }
}
