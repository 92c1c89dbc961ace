import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs'
import * as v from 'valibot'
import { arrivalMs } from '../../pipeline/chunk.ts'
import type { Clock, TraceTimer } from '../../pipeline/ports.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'
import { CHUNK_PREFIX, expiry, type Item, TABLE_KEYS } from '../buffer/buffer-items.ts'
import { SqsTimers, type TimerQueues } from '../buffer/sqs-timers.ts'
import { type QueuedTimer, timerOf } from '../buffer/timer-message.ts'
import { FAILURE_PREFIX } from '../deployment.ts'
import { type DynamoTable, putItems } from '../dynamo-requests.ts'

/** Where a stack's failures lie, and where they go again. */
export interface RedrivePlace {
  readonly queues: TimerQueues
  readonly s3: S3Client
  readonly archiveBucket: string
  readonly table: DynamoTable
  readonly clock: Clock
}

export interface Redriven {
  /** Timers sent again, or that would be. */
  readonly timers: number
  /** Expired chunks put back into the table, or that would be. */
  readonly chunks: number
  /** Left where they are, because nothing here can make sense of them. */
  readonly left: number
}

/** Longer than it takes to go through the largest backlog that one command should. */
const INVISIBLE_SECONDS = 300
/** The longest that a chunk which was put back waits for its verdict. */
const RESTORED_DAYS = 7

/**
 * Sends the timers among the dead letters again, as if they had never failed, and removes them; one that fails again
 * meanwhile stays for the next time. A dry run looks at how many there are and receives none.
 */
export async function redriveDeadLetters(place: RedrivePlace, dryRun: boolean): Promise<Redriven> {
  if (dryRun) return { timers: await countDeadLetters(place), chunks: 0, left: 0 }
  const startedMs = place.clock()
  const left = new Set<string | undefined>()
  let timers = 0
  for (;;) {
    const messages = (await receiveDeadLetters(place)).filter(({ MessageId }) => !left.has(MessageId))
    if (messages.length === 0) return { timers, chunks: 0, left: left.size }
    const good = messages.filter((message) => sentMs(message) <= startedMs && timerOf(message.Body ?? '') !== undefined)
    for (const message of messages) if (!good.includes(message)) left.add(message.MessageId)
    await armAgain(
      place,
      good.map(({ Body = '' }) => timerOf(Body)).filter((timer) => timer !== undefined),
    )
    await deleteDeadLetters(place, good)
    timers += good.length
  }
}

async function countDeadLetters({ queues }: RedrivePlace): Promise<number> {
  const ask = new GetQueueAttributesCommand({
    QueueUrl: queues.deadLettersUrl,
    AttributeNames: ['ApproximateNumberOfMessages'],
  })
  const { Attributes } = await asked('look at the dead letters', queues.client.send(ask))
  return Number(Attributes?.ApproximateNumberOfMessages ?? 0)
}

async function receiveDeadLetters({ queues }: RedrivePlace): Promise<readonly Message[]> {
  const receive = new ReceiveMessageCommand({
    QueueUrl: queues.deadLettersUrl,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: INVISIBLE_SECONDS,
    // Long polling asks all servers of the queue; a short one may find none although there are some.
    WaitTimeSeconds: 1,
    MessageSystemAttributeNames: ['SentTimestamp'],
  })
  return (await asked('receive dead letters', queues.client.send(receive))).Messages ?? []
}

async function deleteDeadLetters({ queues }: RedrivePlace, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return
  const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }))
  const remove = new DeleteMessageBatchCommand({ QueueUrl: queues.deadLettersUrl, Entries })
  const { Failed = [] } = await asked('remove dead letters', queues.client.send(remove))
  if (Failed.length > 0)
    throw new StorageError('unavailable', 'not all dead letters that were sent again could be removed')
}

function sentMs({ Attributes }: Message): number {
  return Number(Attributes?.SentTimestamp ?? 0)
}

async function armAgain({ queues, clock }: RedrivePlace, timers: readonly QueuedTimer[]): Promise<void> {
  const nowMs = clock()
  await new SqsTimers(queues, clock).arm(timers.map((timer) => ({ ...timer, attempt: 0, dueAtMs: nowMs })))
}

const image = v.record(v.string(), v.record(v.string(), v.unknown()))
const recordSchema = v.object({
  eventName: v.string(),
  dynamodb: v.object({ Keys: image, OldImage: v.optional(image) }),
})
type StreamRecord = v.InferOutput<typeof recordSchema>
const eventSchema = v.object({ Records: v.array(recordSchema) })
/** What Lambda writes: a record about the failure, with the event in it as text. */
const failureSchema = v.object({ payload: v.union([v.string(), eventSchema]) })

/**
 * Sends stream records again that Lambda gave up on: for an insertion its timer, for an expired chunk the chunk itself,
 * back into the table, whose stream arms its timer. Each object is removed once all of it is sent.
 */
export async function redriveStreamRecords(place: RedrivePlace, dryRun: boolean): Promise<Redriven> {
  const total = { timers: 0, chunks: 0, left: 0 }
  for await (const key of failureKeys(place)) {
    const plan = planOf(await readFailure(place, key))
    total.timers += plan.timers.length
    total.chunks += plan.restored.length
    total.left += plan.left
    if (dryRun) continue
    await armAgain(place, plan.timers)
    await restore(place, plan.restored)
    if (plan.left > 0) continue
    const remove = new DeleteObjectCommand({ Bucket: place.archiveBucket, Key: key })
    await asked('remove a failed record', place.s3.send(remove))
  }
  return total
}

interface RecordPlan {
  readonly timers: readonly TraceTimer[]
  readonly restored: readonly Item[]
  readonly left: number
}

function planOf(records: readonly StreamRecord[] | undefined): RecordPlan {
  if (records === undefined) return { timers: [], restored: [], left: 1 }
  const chunks = records.filter((record) => sortKey(record).startsWith(CHUNK_PREFIX) && traceIdOf(record) !== '')
  const inserted = Map.groupBy(
    chunks.filter(({ eventName }) => eventName === 'INSERT'),
    traceIdOf,
  )
  const timers = [...inserted].map(([traceId, group]): TraceTimer => {
    const chunkKeys = group.map(sortKey)
    return { kind: 'trace', traceId, chunkKeys, dueAtMs: Math.max(...chunkKeys.map(arrivalMs)), attempt: 0 }
  })
  const removed = chunks.filter(({ eventName }) => eventName === 'REMOVE').map(({ dynamodb }) => dynamodb.OldImage)
  const restored = removed.filter((old) => old !== undefined && isWhole(old)).map((old) => itemOf(old ?? {}))
  const sent = [...inserted.values()].reduce((sum, group) => sum + group.length, 0) + restored.length
  return { timers, restored, left: records.length - sent }
}

/** A chunk in several items cannot be put back from one of them. */
function isWhole(old: Readonly<Record<string, Readonly<Record<string, unknown>>>>): boolean {
  return old.k === undefined && typeof old.p?.B === 'string'
}

function itemOf(old: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Item {
  const entries = Object.entries(old).map(([name, value]) => [
    name,
    // As events carry them, bytes are base64.
    typeof value.B === 'string' ? { B: Buffer.from(value.B, 'base64') } : value,
  ])
  return Object.fromEntries(entries) as Item
}

async function restore({ table, clock }: RedrivePlace, items: readonly Item[]): Promise<void> {
  const renewed = items.map((item) => ({ ...item, [TABLE_KEYS.expiry]: expiry(clock(), RESTORED_DAYS) }))
  const left = await putItems(table, renewed)
  if (left.length > 0) throw new StorageError('throttled', 'the table does not take all chunks now')
}

/** Undefined for an object that does not describe a failure of a stream. */
async function readFailure(place: RedrivePlace, Key: string): Promise<readonly StreamRecord[] | undefined> {
  const get = new GetObjectCommand({ Bucket: place.archiveBucket, Key })
  const output = await asked('read a failed record', place.s3.send(get))
  const text = await asked('read a failed record', output.Body?.transformToString('utf8') ?? Promise.resolve(''))
  try {
    const { payload } = v.parse(failureSchema, JSON.parse(text))
    return v.parse(eventSchema, typeof payload === 'string' ? JSON.parse(payload) : payload).Records
  } catch {
    return undefined
  }
}

async function* failureKeys({ s3, archiveBucket }: RedrivePlace): AsyncGenerator<string, void, void> {
  let token: string | undefined
  do {
    const list = new ListObjectsV2Command({ Bucket: archiveBucket, Prefix: FAILURE_PREFIX, ContinuationToken: token })
    const output = await asked('list failed records', s3.send(list))
    for (const { Key } of output.Contents ?? []) if (Key !== undefined) yield Key
    token = output.NextContinuationToken
  } while (token !== undefined)
}

function sortKey({ dynamodb }: StreamRecord): string {
  return String(dynamodb.Keys[TABLE_KEYS.sort]?.S ?? '')
}

function traceIdOf({ dynamodb }: StreamRecord): string {
  return String(dynamodb.Keys[TABLE_KEYS.partition]?.S ?? '')
}
