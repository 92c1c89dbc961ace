import { setTimeout as sleep } from 'node:timers/promises'
import type { DynamoLocal } from '../dynamo-local.ts'
import { count } from './faults.ts'
import { type Source, type SourceWorld, shuffled } from './sources.ts'
import type { Waits } from './waits.ts'

/*
 * Lambda's event sources of the table's stream. Real: the stream, and that what the functions report as failed comes
 * again from the first failure on. Injected: records of different items in any order, batches delivered twice, what was
 * given up after so many attempts. Stands in: DynamoDB Local does not say that the service itself removed an item.
 * Lambda would also halve a batch whose function failed; here a batch stays whole.
 */

interface StreamRecord {
  readonly eventSource?: string
  readonly userIdentity?: object
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE'
  readonly dynamodb: {
    readonly SequenceNumber: string
    readonly Keys: { readonly trace: { readonly S: string }; readonly item: { readonly S: string } }
  }
}

/** What was written to the table and the stream has not told of yet. */
export interface Ledger {
  wrote(traceId: string, item: string): void
  removed(traceId: string, item: string): void
  told(record: StreamRecord): void
  /** How many changes the stream still has to report. */
  behind(): number
}

export function newLedger(): Ledger {
  const present = new Set<string>()
  const owed = new Map<string, number>()
  let behind = 0
  const owe = (key: string, by: 1 | -1) => {
    const before = owed.get(key) ?? 0
    if (before + by === 0) owed.delete(key)
    else owed.set(key, before + by)
    // The stream may report a write before its answer is here.
    behind += Math.max(0, before + by) - Math.max(0, before)
  }
  return {
    wrote(traceId, item) {
      const key = `${traceId}/${item}`
      // Writing it again is not an insert, and nobody listens to that.
      if (!present.has(key)) owe(`INSERT ${key}`, 1)
      present.add(key)
    },
    removed(traceId, item) {
      const key = `${traceId}/${item}`
      present.delete(key)
      owe(`REMOVE ${key}`, 1)
    },
    told({ eventName, dynamodb: { Keys } }) {
      if (eventName !== 'MODIFY') owe(`${eventName} ${Keys.trace.S}/${Keys.item.S}`, -1)
    },
    behind: () => behind,
  }
}

const SERVICE = { type: 'Service', principalId: 'dynamodb.amazonaws.com' }
const POLL_MS = 10
const RETRY_MS = 20_000

export interface StreamConsumer extends SourceWorld {
  readonly eventName: 'INSERT' | 'REMOVE'
  readonly mostRecords: number
  /** Attempts after the first before a batch is given up. */
  readonly retries: number
  readonly onGivenUp: (records: readonly object[]) => Promise<void>
  readonly waits: Waits
}

/** Reads the stream and hands records of chunks to their consumers, one after another. */
export function streamSource(
  dynamo: DynamoLocal,
  StreamArn: string,
  ledger: Ledger,
  consumers: readonly StreamConsumer[],
): Source {
  const queues = consumers.map((consumer) => ({ consumer, records: [] as StreamRecord[], busy: false, pausing: false }))
  const call = (action: string, input: object) => dynamo.call('DynamoDBStreams_20120810', action, input)
  let stopped = false
  let iterator: string | undefined
  const read = async () => {
    if (iterator === undefined) {
      const { StreamDescription } = await call('DescribeStream', { StreamArn })
      const ShardId = StreamDescription.Shards[0]?.ShardId
      iterator = (await call('GetShardIterator', { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }))
        .ShardIterator
    }
    const { Records, NextShardIterator } = await call('GetRecords', { ShardIterator: iterator })
    iterator = NextShardIterator
    for (const record of Records as StreamRecord[]) {
      if (!record.dynamodb.Keys.item.S.startsWith('c#')) continue
      ledger.told(record)
      queues.find(({ consumer }) => consumer.eventName === record.eventName)?.records.push(asLambdaHasIt(record))
    }
    return Records.length > 0
  }
  const reading = (async () => {
    while (!stopped) {
      // Asking a stream that has nothing to tell costs as much as a write.
      const told = ledger.behind() > 0 && (await read())
      if (!told) await sleep(POLL_MS)
    }
  })()
  const consuming = queues.map(async (queue) => {
    while (!stopped) {
      const { consumer, records } = queue
      const batch = records.splice(0, consumer.random.between(1, consumer.mostRecords))
      queue.busy = batch.length > 0
      const pause = async () => {
        queue.pausing = true
        await consumer.waits.until(RETRY_MS)
        queue.pausing = false
      }
      if (queue.busy) await deliver(consumer, batch, pause)
      else await sleep(POLL_MS)
    }
  })
  return {
    idle: () =>
      ledger.behind() === 0 && queues.every(({ records, busy, pausing }) => pausing || (records.length === 0 && !busy)),
    async stop() {
      stopped = true
      await Promise.all([reading, ...consuming])
    },
  }
}

function asLambdaHasIt(record: StreamRecord): StreamRecord {
  const source = { ...record, eventSource: 'aws:dynamodb' }
  return record.eventName === 'REMOVE' ? { ...source, userIdentity: SERVICE } : source
}

async function deliver(
  consumer: StreamConsumer,
  records: readonly StreamRecord[],
  pause: () => Promise<void>,
): Promise<void> {
  const { counts, random, pool, retries, onGivenUp } = consumer
  // An item's own records keep their order; here each item has one of an event.
  let left: readonly StreamRecord[] = shuffled(random, records)
  if (left.length > 1) count(counts, 'stream records shuffled')
  if (random.chance(0.2)) {
    count(counts, 'stream batch repeated')
    await pool.invoke({ Records: left }).catch(() => undefined)
  }
  for (let attempt = 0; left.length > 0; attempt++) {
    if (attempt > retries) {
      count(counts, 'stream records given up', left.length)
      return onGivenUp(left)
    }
    if (attempt > 0) {
      count(counts, 'stream batches redelivered')
      await pause()
    }
    const response = await pool.invoke({ Records: left }).catch(() => undefined)
    if (response === undefined) continue
    const failed = new Set(
      (response.batchItemFailures as readonly { itemIdentifier: string }[]).map((each) => each.itemIdentifier),
    )
    const first = left.findIndex(({ dynamodb }) => failed.has(dynamodb.SequenceNumber))
    if (first >= 0) count(counts, 'partial batch responses')
    left = first < 0 ? [] : left.slice(first)
  }
}
