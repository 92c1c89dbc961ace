import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { DynamoLocal } from './dynamo-local.ts'
import type { DeployedFunction } from './functions.ts'

/*
 * What Lambda's event source mappings do, no more than this stack asks for: read, filter, batch, invoke, and deliver again
 * what was reported as failed. Lambda's own ones are proven only by a deployed stack.
 */

/** Delivers until it is stopped. */
export interface Pump {
  /** True where nothing was delivered lately and nothing waits. */
  idle(): boolean
  stop(): Promise<void>
}

interface StreamRecord {
  readonly eventName: string
  readonly dynamodb: { readonly SequenceNumber: string }
  readonly userIdentity?: object
}

const POLL_MS = 50
const SERVICE = { type: 'Service', principalId: 'dynamodb.amazonaws.com' }

/** Hands the records of a table's stream that pass the filter to a function, in order. */
export function pumpStream(dynamo: DynamoLocal, StreamArn: string, pattern: Pattern, consumer: DeployedFunction): Pump {
  const call = (action: string, input: object) => dynamo.call('DynamoDBStreams_20120810', action, input)
  const iterators = new Map<string, string | undefined>()
  const last = new Map<string, string>()
  const newIterator = async (ShardId: string) => {
    const SequenceNumber = last.get(ShardId)
    const from =
      SequenceNumber === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber }
    return (await call('GetShardIterator', { StreamArn, ShardId, ...from })).ShardIterator
  }
  return repeatedly(async () => {
    const { StreamDescription } = await call('DescribeStream', { StreamArn })
    let delivered = false
    for (const { ShardId } of StreamDescription.Shards) {
      if (!iterators.has(ShardId)) iterators.set(ShardId, await newIterator(ShardId))
      const ShardIterator = iterators.get(ShardId)
      if (ShardIterator === undefined) continue
      // With several streams DynamoDB Local takes an iterator of one that was idle for one that is too old.
      iterators.delete(ShardId)
      const { Records, NextShardIterator } = await call('GetRecords', { ShardIterator })
      iterators.set(ShardId, NextShardIterator)
      const records = Records as StreamRecord[]
      const newest = records.at(-1)?.dynamodb.SequenceNumber
      if (newest !== undefined) last.set(ShardId, newest)
      const passing = records.map(asLambdaHasIt).filter((record) => passes(record, pattern))
      if (passing.length > 0) await deliverInOrder(consumer, passing)
      delivered ||= passing.length > 0
    }
    return delivered
  })
}

/** DynamoDB Local does not say who removed an item; these tests remove items only in place of expiry. */
function asLambdaHasIt(record: StreamRecord): StreamRecord {
  const source = { ...record, eventSource: 'aws:dynamodb' }
  return record.eventName === 'REMOVE' ? { ...source, userIdentity: SERVICE } : source
}

/** Delivers again from the first record that was reported as failed, as Lambda does for streams. */
async function deliverInOrder(consumer: DeployedFunction, records: readonly StreamRecord[]): Promise<void> {
  let left = records
  while (left.length > 0) {
    const response = await consumer.invoke({ Records: left }).catch(() => undefined)
    const failed = new Set(response?.batchItemFailures.map((failure: Failure) => failure.itemIdentifier))
    const first = left.findIndex(({ dynamodb }) => failed.has(dynamodb.SequenceNumber))
    left = response === undefined ? left : first < 0 ? [] : left.slice(first)
    if (left.length > 0) await sleep(POLL_MS)
  }
}

interface Failure {
  readonly itemIdentifier: string
}

/** Hands a queue's messages to a function and deletes those that it does not report as failed. */
export function pumpQueue(sqs: SQSClient, QueueUrl: string, waiting: () => number, consumer: DeployedFunction): Pump {
  const receive = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
  })
  const pump = repeatedly(async () => {
    const { Messages = [] } = await sqs.send(receive)
    if (Messages.length === 0) return false
    const response = await consumer.invoke({ Records: Messages.map(asRecord) }).catch(() => undefined)
    const failed = new Set(response?.batchItemFailures.map((failure: Failure) => failure.itemIdentifier))
    const done = Messages.filter(({ MessageId }) => response !== undefined && !failed.has(MessageId))
    for (const { ReceiptHandle } of done) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    return true
  })
  return { ...pump, idle: () => pump.idle() && waiting() === 0 }
}

function asRecord({ MessageId, Body, Attributes }: Message): object {
  return { messageId: MessageId, body: Body, attributes: Attributes, eventSource: 'aws:sqs' }
}

/** Runs one round after the other; after a round in which nothing was delivered it waits a little. */
function repeatedly(round: () => Promise<boolean>): Pump {
  let stopped = false
  let quietRounds = 0
  const running = (async () => {
    while (!stopped) {
      const delivered = await round().catch(() => false)
      quietRounds = delivered ? 0 : quietRounds + 1
      if (!delivered) await sleep(POLL_MS)
    }
  })()
  return {
    idle: () => quietRounds > 5,
    stop: async () => {
      stopped = true
      await running
    },
  }
}

/** An event filter: at each key a list of what may be there, or a pattern of what is below. */
export type Pattern = { readonly [key: string]: Pattern | readonly (string | { readonly prefix: string })[] }

/** True if every key of the pattern is met by the record, as far as this stack's filters go. */
function passes(record: unknown, pattern: Pattern): boolean {
  return Object.entries(pattern).every(([key, expected]) => {
    const value = (record as Readonly<Record<string, unknown>> | undefined)?.[key]
    if (!Array.isArray(expected)) return passes(value, expected as Pattern)
    return expected.some((one) =>
      typeof one === 'string' ? value === one : typeof value === 'string' && value.startsWith(one.prefix),
    )
  })
}
