import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import type { Faux } from '../../emulators/emulators.ts'
import type { Random } from '../../pipeline/model/random.ts'
import { type Counts, count } from './faults.ts'
import type { Pool } from './pool.ts'

/*
 * Lambda's event source of the timers queue. Real: receiving, visibility, counts of receives and the move to the dead
 * letters are the queue's; the functions report failures themselves. Injected: messages in any order, delivered to two
 * instances at once, delivered again although they were done with.
 */

const MAX_RECEIVED = 10
const MOST_BATCHED = 60
const POLL_MS = 5

interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}

/** An event source at work. */
export interface Source {
  /** Nothing is being delivered, and nothing could be. */
  idle(): boolean
  stop(): Promise<void>
}

export interface QueueSource extends Source {
  /** Something was sent, or time passed: there may be messages. */
  poke(): void
}

export interface SourceWorld {
  readonly counts: Counts
  readonly random: Random
  readonly pool: Pool
}

/** Hands messages to the evaluator in batches, as many at once as it has instances. */
export function queueSource(
  faux: Faux,
  QueueUrl: string,
  width: number,
  { counts, random, pool }: SourceWorld,
): QueueSource {
  const delivering = new Set<Promise<void>>()
  let stopped = false

  let receiving = false
  async function receive(): Promise<readonly Message[]> {
    receiving = true
    const batch: Message[] = []
    const most = random.between(1, MOST_BATCHED)
    while (batch.length < most) {
      const { Messages = [] } = await faux.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: MAX_RECEIVED,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      )
      if (Messages.length === 0) break
      batch.push(...Messages)
    }
    receiving = false
    return batch
  }

  async function deliver(messages: readonly Message[]): Promise<void> {
    count(
      counts,
      'messages redelivered',
      messages.filter((each) => Number(each.Attributes?.ApproximateReceiveCount) > 1).length,
    )
    const Records = shuffled(random, messages).map(asRecord)
    if (Records.length > 1) count(counts, 'messages shuffled')
    const twice = random.chance(0.08)
    if (twice) count(counts, 'delivered twice at once')
    const others = twice ? pool.invoke({ Records }).catch(() => undefined) : undefined
    const response: BatchResponse | undefined = await pool.invoke({ Records }).catch(() => undefined)
    await others
    if (response === undefined) return count(counts, 'batches without an answer')
    const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
    if (failed.size > 0) count(counts, 'partial batch responses')
    const again = random.chance(0.12)
    const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId) && !(again && random.chance(0.3)))
    count(counts, 'delivered again', messages.length - failed.size - done.length)
    await remove(done)
    count(counts, 'messages done with', done.length)
  }

  async function remove(done: readonly Message[]): Promise<void> {
    for (let at = 0; at < done.length; at += MAX_RECEIVED) {
      const Entries = done
        .slice(at, at + MAX_RECEIVED)
        .map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }))
      await faux.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
    }
  }

  // Asking a queue that has nothing costs as much as a delivery.
  let poked = true
  const running = (async () => {
    while (!stopped) {
      const asks = poked && delivering.size < width
      if (asks) poked = false
      const messages = asks ? await receive() : []
      if (messages.length > 0) {
        poked = true
        const delivery = deliver(messages)
        delivering.add(delivery)
        delivery.finally(() => delivering.delete(delivery))
      } else await sleep(POLL_MS)
    }
    await Promise.all(delivering)
  })()
  return {
    poke() {
      poked = true
    },
    idle: () => delivering.size === 0 && !poked && !receiving,
    async stop() {
      stopped = true
      await running
    },
  }
}

function asRecord({ MessageId, Body, Attributes }: Message): object {
  return { messageId: MessageId, body: Body, attributes: Attributes, eventSource: 'aws:sqs' }
}

export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.between(0, i)
    ;[out[i], out[j]] = [out[j] as Item, out[i] as Item]
  }
  return out
}
