import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { FailedEvent, PendingSignal, SignalPublisher } from '../../shared/pipeline/ports.ts'
import type { PublishedEvent } from '../../shared/pipeline/signal.ts'
import { eventLine, eventText } from '../../shared/text/signal-text.ts'
import type { SignalQueues } from '../queues/signal-queues.ts'
import type { Database } from '../sqlite/database.ts'

/** Hands events to the queues of those who want them, and then to the screen; a receiver that fails holds up nobody. */
export class LocalPublisher implements SignalPublisher {
  private readonly database: Database
  private readonly queues: SignalQueues
  private readonly show: (event: PublishedEvent) => Promise<void>

  constructor(database: Database, queues: SignalQueues, show: (event: PublishedEvent) => Promise<void>) {
    this.database = database
    this.queues = queues
    this.show = show
  }

  async publish(events: readonly PublishedEvent[]): Promise<readonly FailedEvent[]> {
    if (this.queues.all.length > 0) {
      const signals = events.filter((event) => 'signalid' in event)
      await this.database.writeRepeatable(() => {
        for (const queue of this.queues.ofWebhooks) queue.enqueue(events)
        for (const queue of this.queues.ofReceivers) queue.enqueue(signals)
      })
    }
    for (const event of events) await this.show(event)
    return []
  }
}

/** Shows events on a screen or in a file, in colour where `colour` says so. */
export function showOn(stream: Writable, colour: boolean): (event: PublishedEvent) => Promise<void> {
  return (event) => writeTo(stream, eventText(event, colour))
}

/** Writes every signal that is not in shadow mode as a line of JSON, those past the rate of their rule too. */
export function linesTo(stream: Writable): (signals: readonly PendingSignal[]) => Promise<void> {
  return async (signals) => {
    const lines = signals.filter(({ shadow }) => !shadow).map(eventLine)
    if (lines.length > 0) await writeTo(stream, lines.join(''))
  }
}

/** Waits where the stream is full; a reader that has gone away must not stop judging. */
export async function writeTo(stream: Writable, text: string): Promise<void> {
  if (stream.destroyed || stream.writableEnded || stream.write(text)) return
  const gone = new AbortController()
  const { signal } = gone
  const ended = ['drain', 'close', 'error'].map((name) => once(stream, name, { signal }).catch(() => {}))
  await Promise.race(ended)
  gone.abort()
}
