import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { inParallel } from '../../concurrency/in-parallel.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'
import { cutBySize } from '../cut.ts'
import { type Backoff, untilTaken } from '../until-taken.ts'

/** A queue that texts are sent to. */
export interface MessageQueue {
  readonly client: SQSClient
  readonly url: string
  readonly backoff: Backoff
}

/** A text that is to come at a time, milliseconds since 1970. */
export interface DelayedText {
  readonly text: string
  readonly dueAtMs: number
}

/** Limits of SQS: a longer delay is done in hops, a batch is as large as one message may be. */
const MAX_DELAY_SECONDS = 900
const BATCH_ENTRIES = 10
const BATCH_BYTES = 1000 * 1024
/** What an entry takes besides its text. */
const ENTRY_BYTES = 100
const WIDTH = 4

interface Entry {
  readonly text: string
  readonly delaySeconds: number
}

/** Sends texts that come when they are due, or after 15 minutes: then whoever gets them sends them again. */
export async function sendDelayed(queue: MessageQueue, texts: readonly DelayedText[], nowMs: number): Promise<void> {
  const entries = texts.map(({ text, dueAtMs }) => ({ text, delaySeconds: delaySeconds(dueAtMs, nowMs) }))
  const batches = cutBySize(entries, ({ text }) => Buffer.byteLength(text) + ENTRY_BYTES, BATCH_ENTRIES, BATCH_BYTES)
  const left = await inParallel(batches, WIDTH, (batch) =>
    untilTaken(batch, (rest) => sendOnce(queue, rest), queue.backoff),
  )
  if (left.flat().length > 0) throw new StorageError('unavailable', 'the queue does not take all messages now')
}

function delaySeconds(dueAtMs: number, nowMs: number): number {
  return Math.min(Math.max(Math.ceil((dueAtMs - nowMs) / 1000), 0), MAX_DELAY_SECONDS)
}

async function sendOnce({ client, url }: MessageQueue, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const Entries = entries.map((entry, i) => ({
    Id: String(i),
    MessageBody: entry.text,
    DelaySeconds: entry.delaySeconds,
  }))
  const output = await asked('send messages', client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })))
  const failed = output.Failed ?? []
  const faulty = failed.find(({ SenderFault }) => SenderFault === true)
  if (faulty !== undefined) throw new StorageError('denied', `the queue refuses a message: ${faulty.Code}`)
  return failed.map(({ Id }) => entries[Number(Id)]).filter((entry) => entry !== undefined)
}
