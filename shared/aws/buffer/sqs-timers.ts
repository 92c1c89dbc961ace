import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { inParallel } from '../../concurrency/in-parallel.ts'
import type { Clock, Timers } from '../../pipeline/ports.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'
import { cutBySize } from '../cut.ts'
import { type Backoff, untilTaken } from '../until-taken.ts'
import { type QueuedTimer, timerMessage } from './timer-message.ts'

/** Where timers go, and where those go that failed too often. */
export interface TimerQueues {
  readonly client: SQSClient
  readonly timersUrl: string
  readonly deadLettersUrl: string
  readonly backoff: Backoff
}

/** Limits of SQS: a longer delay is done in hops, a batch is as large as one message may be. */
const MAX_DELAY_SECONDS = 900
const BATCH_ENTRIES = 10
const BATCH_BYTES = 1000 * 1024
/** What an entry takes besides its text. */
const ENTRY_BYTES = 100
const WIDTH = 4
/** A reason is for people; a message attribute has no room for more. */
const REASON_CHARACTERS = 1_000

/** Timers as delayed messages of a queue; one that arrives before it is due is armed again by whoever gets it. */
export class SqsTimers implements Timers {
  private readonly queues: TimerQueues
  private readonly clock: Clock

  constructor(queues: TimerQueues, clock: Clock) {
    this.queues = queues
    this.clock = clock
  }

  async arm(timers: readonly QueuedTimer[]): Promise<void> {
    const texts = timers.map((timer) => ({ text: timerMessage(timer), delay: this.delaySeconds(timer.dueAtMs) }))
    const batches = cutBySize(texts, ({ text }) => Buffer.byteLength(text) + ENTRY_BYTES, BATCH_ENTRIES, BATCH_BYTES)
    const left = await inParallel(batches, WIDTH, (batch) =>
      untilTaken(batch, (rest) => this.send(rest), this.queues.backoff),
    )
    if (left.flat().length > 0) throw new StorageError('unavailable', 'the queue does not take all timers now')
  }

  private delaySeconds(dueAtMs: number): number {
    const seconds = Math.ceil((dueAtMs - this.clock()) / 1000)
    return Math.min(Math.max(seconds, 0), MAX_DELAY_SECONDS)
  }

  private async send(timers: readonly DelayedText[]): Promise<readonly DelayedText[]> {
    const { client, timersUrl } = this.queues
    const Entries = timers.map(({ text, delay }, i) => ({ Id: String(i), MessageBody: text, DelaySeconds: delay }))
    const output = await asked('arm timers', client.send(new SendMessageBatchCommand({ QueueUrl: timersUrl, Entries })))
    const failed = output.Failed ?? []
    const faulty = failed.find(({ SenderFault }) => SenderFault === true)
    if (faulty !== undefined) throw new StorageError('denied', `the queue refuses a timer: ${faulty.Code}`)
    return failed.map(({ Id }) => timers[Number(Id)]).filter((timer) => timer !== undefined)
  }

  async bury(timer: QueuedTimer, reason: string): Promise<void> {
    const { client, deadLettersUrl } = this.queues
    const send = new SendMessageCommand({
      QueueUrl: deadLettersUrl,
      MessageBody: timerMessage(timer),
      MessageAttributes: {
        reason: { DataType: 'String', StringValue: reason.slice(0, REASON_CHARACTERS) || 'unknown' },
      },
    })
    await asked('bury a timer', client.send(send))
  }
}

interface DelayedText {
  readonly text: string
  readonly delay: number
}
