import { type MessageAttributeValue, PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns'
import { inParallel } from '../../concurrency/in-parallel.ts'
import type { FailedEvent, SignalPublisher } from '../../pipeline/ports.ts'
import type { PublishedEvent } from '../../pipeline/signal.ts'
import { jsonText, visible } from '../../text/visible.ts'
import { asked } from '../aws-failure.ts'
import { cutBySize } from '../cut.ts'
import { type Backoff, untilTaken } from '../until-taken.ts'

/** The topic that signals go to. */
export interface SignalTopic {
  readonly client: SNSClient
  readonly arn: string
  readonly backoff: Backoff
}

/** Limits of SNS: a message, and a batch together, with attributes. */
const BATCH_ENTRIES = 10
const BATCH_BYTES = 256 * 1024
const WIDTH = 4
const ATTRIBUTE_CHARACTERS = 1_000
const SHORT_CHARACTERS = 1_000
const SHORT_ITEMS = 20

interface Entry {
  readonly event: PublishedEvent
  readonly text: string
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>
  readonly bytes: number
}

/** Publishes events as CloudEvents in JSON; their attributes serve filter policies. */
export class SnsSignalPublisher implements SignalPublisher {
  private readonly topic: SignalTopic

  constructor(topic: SignalTopic) {
    this.topic = topic
  }

  async publish(events: readonly PublishedEvent[]): Promise<readonly FailedEvent[]> {
    const batches = cutBySize(events.map(entryOf), ({ bytes }) => bytes, BATCH_ENTRIES, BATCH_BYTES)
    const outcomes = await inParallel(batches, WIDTH, (batch) => this.publishBatch(batch))
    const failed = outcomes.flatMap((outcome) => outcome.failed)
    const cause = outcomes.find((outcome) => outcome.cause !== undefined)?.cause
    if (cause !== undefined && failed.length === events.length) throw cause
    return failed
  }

  /** A batch that fails as a whole does not stop the others: its events are among the failed. */
  private async publishBatch(
    batch: readonly Entry[],
  ): Promise<{ readonly failed: readonly FailedEvent[]; readonly cause?: unknown }> {
    const reasons = new Map<Entry, string>()
    try {
      const left = await untilTaken(batch, (rest) => this.send(rest, reasons), this.topic.backoff)
      for (const entry of left) reasons.set(entry, reasons.get(entry) ?? 'not taken')
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      return { failed: batch.map(({ event }) => ({ event, reason })), cause }
    }
    return { failed: [...reasons].map(([{ event }, reason]) => ({ event, reason })) }
  }

  /** Returns the entries to send again; `reasons` keeps why an entry is not sent, until it is. */
  private async send(entries: readonly Entry[], reasons: Map<Entry, string>): Promise<readonly Entry[]> {
    const requests = entries.map(({ text, attributes }, i) => ({
      Id: String(i),
      Message: text,
      MessageAttributes: attributes,
    }))
    const publish = new PublishBatchCommand({ TopicArn: this.topic.arn, PublishBatchRequestEntries: requests })
    const output = await asked('publish signals', this.topic.client.send(publish))
    for (const entry of entries) reasons.delete(entry)
    const again: Entry[] = []
    for (const { Id, Code, SenderFault } of output.Failed ?? []) {
      const entry = entries[Number(Id)]
      if (entry === undefined) continue
      reasons.set(entry, Code ?? 'unknown')
      if (SenderFault !== true) again.push(entry)
    }
    return again
  }
}

function entryOf(event: PublishedEvent): Entry {
  const attributes = attributesOf(event)
  const attributeBytes = Object.entries(attributes).reduce(
    (sum, [name, { DataType = '', StringValue = '' }]) =>
      sum + name.length + DataType.length + Buffer.byteLength(StringValue),
    0,
  )
  const whole = jsonText(event)
  const fits = Buffer.byteLength(whole) + attributeBytes <= BATCH_BYTES
  const text = fits ? whole : jsonText(shortened(event))
  return { event, text, attributes, bytes: Buffer.byteLength(text) + attributeBytes }
}

function attributesOf(event: PublishedEvent): Readonly<Record<string, MessageAttributeValue>> {
  // SNS refuses an attribute without text; a filter policy on it would not be met either way.
  const named = Object.entries(textsOf(event)).filter(([, text]) => text !== '')
  const texts = Object.fromEntries(
    named.map(([name, text]) => [name, { DataType: 'String', StringValue: plain(text) }] as const),
  )
  const experiments = 'signalid' in event ? (event.data.experiments ?? []) : []
  if (experiments.length === 0) return texts
  // An array: a filter policy matches if it names any element.
  return { ...texts, experiments: { DataType: 'String.Array', StringValue: arrayOf(experiments) } }
}

function textsOf(event: PublishedEvent): Readonly<Record<string, string>> {
  if (event.type === 'dev.betrace.experiment.verdict') {
    const { outcome } = event.data
    return { experiment: event.subject, outcome, status: 'verdict', mode: event.mode }
  }
  const { signal, severity, service, complete } = event.data
  return { signal, severity, mode: event.mode, status: event.status, service, complete: String(complete) }
}

/** As many as fit; more experiments at once than that are in the message. */
function arrayOf(items: readonly string[]): string {
  let text = jsonText(items)
  for (let most = items.length - 1; text.length > ATTRIBUTE_CHARACTERS; most--) text = jsonText(items.slice(0, most))
  return text
}

/** An attribute is for filters; visible text is also text that XML 1.0, and so a queue that subscribes, can carry. */
function plain(text: string): string {
  return visible(text).slice(0, ATTRIBUTE_CHARACTERS)
}

/** Evidence is limited, but a rule's own texts may be large: the signal counts more than they do, and stays whole in the store. */
function shortened(event: PublishedEvent): PublishedEvent {
  const data = Object.entries(event.data).map(([name, value]) => [name, shortValue(value)])
  return { ...event, data: Object.fromEntries(data) } as PublishedEvent
}

function shortValue(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, SHORT_CHARACTERS)
  if (Array.isArray(value)) return value.slice(0, SHORT_ITEMS).map(shortValue)
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.entries(value).map(([name, part]) => [name, name === 'clauses' ? [] : shortValue(part)])
  return Object.fromEntries(inner)
}
