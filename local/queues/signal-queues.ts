import type { DeliveryFailure } from '../../shared/incidents/delivery-failure.ts'
import type { NotifyConfig, NotifyConfigSource } from '../../shared/incidents/notify/config.ts'
import type { Answer, Receiver, Send } from '../../shared/incidents/receivers/receiver.ts'
import type { SignalEvent } from '../../shared/pipeline/signal.ts'
import { EventQueue, type EventQueueDeps } from './event-queue.ts'

const RETRIES = { retryDelayMs: 1_000, maxRetryDelayMs: 300_000, maxAttempts: 20 }

/** Every queue of signals: those of webhooks, and those of receivers in notify.yaml that want each signal. */
export class SignalQueues {
  private readonly webhooks: readonly EventQueue[]
  private readonly source: NotifyConfigSource
  private readonly send: Send
  private readonly deps: EventQueueDeps
  private known: NotifyConfig | undefined
  private receivers = new Map<string, EventQueue>()

  constructor(webhooks: readonly EventQueue[], source: NotifyConfigSource, send: Send, deps: EventQueueDeps) {
    this.webhooks = webhooks
    this.source = source
    this.send = send
    this.deps = deps
  }

  /** Those of webhooks, which get every event. */
  get ofWebhooks(): readonly EventQueue[] {
    return this.webhooks
  }

  /** Those of receivers, which get signals alone. */
  get ofReceivers(): readonly EventQueue[] {
    const config = this.source.current()
    if (config !== this.known) this.follow(config)
    return [...this.receivers.values()]
  }

  get all(): readonly EventQueue[] {
    return [...this.webhooks, ...this.ofReceivers]
  }

  private follow(config: NotifyConfig): void {
    this.known = config
    const wanting = [...config.receivers.values()].filter(({ tellSignal }) => tellSignal !== undefined)
    const queueOf = ({ name }: Receiver) =>
      this.receivers.get(name) ??
      new EventQueue({ name, key: `receiver ${name}`, ...RETRIES, post: (_, body) => this.post(name, body) }, this.deps)
    this.receivers = new Map(wanting.map((receiver) => [receiver.name, queueOf(receiver)]))
  }

  private async post(name: string, body: string): Promise<DeliveryFailure | undefined> {
    const receiver = this.source.current().receivers.get(name)
    const answer = await receiver?.tellSignal?.(JSON.parse(body) as SignalEvent, this.send)
    if (answer === undefined) return { reason: 'the receiver is gone from notify.yaml', retriable: false }
    return answer.outcome === 'taken' ? undefined : failureOf(answer)
  }
}

function failureOf(answer: Exclude<Answer, { readonly outcome: 'taken' }>): DeliveryFailure {
  if (answer.outcome === 'refused') return { reason: answer.reason, retriable: false }
  const { reason, retryAfterMs } = answer
  return { reason, retriable: true, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}
