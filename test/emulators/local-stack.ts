import { gunzipSync } from 'node:zlib'
import { DeleteItemCommand, PutItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import type { APIGatewayProxyResult, Context } from 'aws-lambda'
import { vi } from 'vitest'
import type { ObjectStore } from '../../shared/archive/object-store.ts'
import type { TraceRecord } from '../../shared/archive/trace-record.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import type { Item } from '../../shared/aws/buffer/buffer-items.ts'
import { ENVIRONMENT } from '../../shared/aws/deployment.ts'
import type { DynamoTable } from '../../shared/aws/dynamo-requests.ts'
import { seedPacks } from '../../shared/aws/rules/rule-seeding.ts'
import type { SignalEvent } from '../../shared/pipeline/signal.ts'
import { recordsOf } from '../archive/archived-records.ts'
import { IMPATIENT } from './dynamo-table.ts'
import { createBufferTable, type Faux, startDynalite, startFaux } from './emulators.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { createIncidentTable } from './incident-table.ts'
import { keyText, streamRecord } from './stream-records.ts'

export type Handler<Result> = (event: object, context: Context) => Promise<Result>
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}
interface Functions {
  readonly ingest: Handler<APIGatewayProxyResult>
  readonly timer: Handler<BatchResponse>
  readonly evaluator: Handler<BatchResponse>
}

/** How event sources deliver: as things happened, each twice at the same time, or the newest first. */
export type Delivery = 'once' | 'twice at once' | 'newest first'

/** The functions of a stack, as they are in lambdas/, over emulators; the test replaces event sources and time. */
export interface LocalStack {
  readonly functions: Functions
  readonly faults: FaultProxy
  /** One OTLP request through the gateway. */
  send(body: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<APIGatewayProxyResult>
  /** Lets event sources deliver, again and again, and time pass, until nothing is left to do. */
  settle(delivery?: Delivery): Promise<void>
  /** A trace's chunks expire, and the table's stream reports it. */
  expire(traceId: string): Promise<void>
  /** The stored chunks of a trace become garbage. */
  damage(traceId: string): Promise<void>
  /** Every message that the topic delivered. */
  published(): readonly SignalEvent[]
  /** The archive's bucket, past the faults. */
  readonly archive: ObjectStore
  readonly s3: S3Client
  /** The emulator of SQS, SNS and S3, past the faults. */
  readonly faux: Faux
  /** Traces of the archive, a record for each time one was written. */
  archived(): Promise<readonly TraceRecord[]>
  /** Signals of the archive. */
  archivedSignals(): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Messages in a queue, whether or not they could be received now. */
  queued(queue: 'timers' | 'deliveries' | 'dead'): readonly string[]
  /** What the incidents' table holds. */
  readonly incidents: DynamoTable
  /** What the table holds of a trace. */
  items(traceId: string): Promise<readonly Item[]>
  stop(): Promise<void>
}

export interface LocalStackOptions {
  readonly rules: string
  readonly judging?: Readonly<Record<string, number>>
  /** Environment variables on top of those that a stack and this test need. */
  readonly environment?: Readonly<Record<string, string>>
}

/** When time stands still at first. */
export const START_MS = Date.UTC(2026, 0, 31, 12)
/** What a function knows of its invocation. */
export const CONTEXT = {
  awsRequestId: 'request',
  functionName: 'function',
  getRemainingTimeInMillis: () => 60_000,
} as Context
/** More rounds than any test needs; a loop would otherwise hang the run. */
const MAX_ROUNDS = 500

/** Starts the emulators, puts rules in force and loads the functions. Time stands still but for `settle` and `expire`. */
export async function startLocalStack({
  rules,
  judging = {},
  environment = {},
}: LocalStackOptions): Promise<LocalStack> {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
  const dynalite = await startDynalite()
  const faux = await startFaux()
  const faults = startFaultProxy()
  await createBufferTable(dynalite.client, 'buffer')
  await createIncidentTable(dynalite.client, 'incidents')
  const { server } = faux
  for (const bucket of ['rules', 'archive']) server.createBucket(bucket)
  for (const queue of ['inbox', 'dead']) server.createQueue(queue)
  for (const queue of ['timers', 'deliveries']) server.createQueue(queue, { attributes: { VisibilityTimeout: '360' } })
  const topics = {
    signals: server.createTopic('signals').topicArn,
    incidents: server.createTopic('incidents').topicArn,
  }
  server.subscribe({ topic: 'signals', queue: 'inbox' })
  await seedPacks({ client: faux.s3, name: 'rules' }, [{ file: 'packs/test.rules', text: rules }])
  const [dynamo, others] = [await faults.address(dynalite.endpoint), await faults.address(faux.endpoint)]
  setEnvironment(dynamo, others, topics, judging)
  Object.assign(process.env, environment)
  const functions = await loadFunctions()
  const streamed = new Set<string>()
  const archive = s3ObjectStore({ client: faux.s3, name: 'archive' })
  const objects = new Map<string, readonly TraceRecord[]>()
  const signals = new Map<string, string>()
  let written = false
  const items = async (traceId: string) => {
    const query = { KeyConditionExpression: 'trace = :trace', ExpressionAttributeValues: { ':trace': { S: traceId } } }
    return (await dynalite.client.send(new QueryCommand({ TableName: 'buffer', ...query }))).Items ?? []
  }

  /** Chunks inserted since the last time, until the timer function has taken them. */
  async function deliverInserts(delivery: Delivery): Promise<boolean> {
    if (!written) return false
    const { Items = [] } = await dynalite.client.send(new ScanCommand({ TableName: 'buffer' }))
    const inserted = Items.filter((item) => isChunk(item) && !streamed.has(keyText(item)))
    written = inserted.length > 0
    if (!written) return false
    const Records = ordered(delivery, inserted).map((item) => streamRecord('INSERT', item))
    const failed = await failuresOf(() => functions.timer({ Records }, CONTEXT), inserted.map(keyText))
    for (const item of inserted) if (!failed.has(keyText(item))) streamed.add(keyText(item))
    return true
  }

  const QueueUrl = `${faux.endpoint}/000000000000/timers`
  async function deliverTimers(delivery: Delivery): Promise<boolean> {
    const times = delivery === 'twice at once' ? 2 : 1
    const receive = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    })
    const { Messages = [] } = await faux.sqs.send(receive)
    if (Messages.length === 0) return false
    const event = { Records: ordered(delivery, Messages).map(queueRecord) }
    const deliveries = Array.from({ length: times }, () => functions.evaluator(event, CONTEXT))
    const failed = await failuresOf(async () => (await Promise.all(deliveries))[0] as BatchResponse, Messages.map(idOf))
    for (const message of Messages) {
      if (failed.has(idOf(message))) continue
      await faux.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }))
    }
    return true
  }

  /** When the next message can be received; Infinity without a message. */
  function nextDueMs(): number {
    const { delayed = [], inflight = [] } = server.inspectQueue('timers')?.messages ?? {}
    const visible = inflight.map(({ visibilityDeadline }) => visibilityDeadline)
    return Math.min(...delayed.map(({ delayUntil = 0 }) => delayUntil), ...visible)
  }

  async function settle(delivery: Delivery = 'once'): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const inserted = await deliverInserts(delivery)
      const timed = await deliverTimers(delivery)
      if (inserted || timed) continue
      const dueMs = nextDueMs()
      if (dueMs === Infinity) return
      vi.setSystemTime(dueMs)
    }
    throw new Error(`still not settled after ${MAX_ROUNDS} rounds`)
  }

  async function expire(traceId: string): Promise<void> {
    const expired = (await items(traceId)).filter(isChunk)
    for (const { trace, item } of expired) {
      const Key = { trace: { S: trace?.S ?? '' }, item: { S: item?.S ?? '' } }
      await dynalite.client.send(new DeleteItemCommand({ TableName: 'buffer', Key }))
    }
    const Records = expired.map((item) => streamRecord('REMOVE', item))
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const failed = await failuresOf(() => functions.evaluator({ Records }, CONTEXT), expired.map(keyText))
      if (failed.size === 0) return
      vi.setSystemTime(Date.now() + 30_000)
    }
    throw new Error(`not rescued after ${MAX_ROUNDS} rounds`)
  }

  return {
    functions,
    faults,
    incidents: { client: dynalite.client, name: 'incidents', backoff: IMPATIENT },
    archive,
    s3: faux.s3,
    faux,
    settle,
    expire,
    items,
    async send(body, headers = { 'content-type': 'application/x-protobuf' }) {
      written = true
      const event = { httpMethod: 'POST', headers, body: Buffer.from(body).toString('base64'), isBase64Encoded: true }
      return functions.ingest(event, CONTEXT)
    },
    async damage(traceId) {
      for (const item of (await items(traceId)).filter(isChunk)) {
        const Item = { ...item, p: { B: Buffer.from('garbage') } }
        await dynalite.client.send(new PutItemCommand({ TableName: 'buffer', Item }))
      }
    },
    published: () =>
      (server.inspectQueue('inbox')?.messages.ready ?? []).map(({ body }) => JSON.parse(JSON.parse(body).Message)),
    async archived() {
      const records = (await archive.list('spans/')).map(async (object) => {
        const known = objects.get(object.key)
        if (known !== undefined) return known
        const read = await recordsOf(archive, object)
        objects.set(object.key, read)
        return read
      })
      return (await Promise.all(records)).flat()
    },
    async archivedSignals() {
      const texts = (await archive.list('signals/')).map(async (object) => {
        const known = signals.get(object.key)
        if (known !== undefined) return known
        const text = gunzipSync(await archive.open(object).read(0, object.byteLength)).toString()
        signals.set(object.key, text)
        return text
      })
      const lines = (await Promise.all(texts)).join('').split('\n')
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
    },
    queued(queue) {
      const { ready = [], delayed = [] } = server.inspectQueue(queue)?.messages ?? {}
      return [...ready, ...delayed].map(({ body }) => body)
    },
    async stop() {
      faults.stop()
      await Promise.all([dynalite.stop(), faux.stop()])
      vi.useRealTimers()
    },
  }
}

/** Calls a function as an event source does: if it fails as a whole, all it was given has failed. */
export async function failuresOf(
  invoke: () => Promise<BatchResponse>,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  try {
    const { batchItemFailures } = await invoke()
    return new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
  } catch {
    return new Set(ids)
  }
}

function ordered<Part>(delivery: Delivery, parts: readonly Part[]): readonly Part[] {
  return delivery === 'newest first' ? parts.toReversed() : parts
}

function isChunk({ item }: Item): boolean {
  return item?.S?.startsWith('c#') === true
}

function idOf({ MessageId = '' }: Message): string {
  return MessageId
}

function queueRecord(message: Message): object {
  const { Body: body, Attributes: attributes } = message
  return { messageId: idOf(message), body, attributes, eventSource: 'aws:sqs' }
}

async function loadFunctions(): Promise<Functions> {
  vi.resetModules()
  const ingest = await import('../../lambdas/ingest.ts')
  const timer = await import('../../lambdas/timer.ts')
  const evaluator = await import('../../lambdas/evaluator.ts')
  return { ingest: ingest.handler, timer: timer.handler, evaluator: evaluator.handler } as unknown as Functions
}

interface Topics {
  readonly signals: string
  readonly incidents: string
}

function setEnvironment(dynamo: string, others: string, topics: Topics, judging: object): void {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: others,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo,
    AWS_MAX_ATTEMPTS: '1',
    [ENVIRONMENT.functionName]: 'test',
    [ENVIRONMENT.metricNamespace]: 'test',
    [ENVIRONMENT.table]: 'buffer',
    [ENVIRONMENT.incidentTable]: 'incidents',
    [ENVIRONMENT.timersUrl]: `${others}/000000000000/timers`,
    [ENVIRONMENT.deadLettersUrl]: `${others}/000000000000/dead`,
    [ENVIRONMENT.deliveriesUrl]: `${others}/000000000000/deliveries`,
    [ENVIRONMENT.signalTopic]: topics.signals,
    [ENVIRONMENT.incidentTopic]: topics.incidents,
    [ENVIRONMENT.notifySecret]: 'values',
    [ENVIRONMENT.privateReceivers]: 'true',
    [ENVIRONMENT.rulesBucket]: 'rules',
    [ENVIRONMENT.archiveBucket]: 'archive',
    [ENVIRONMENT.judging]: JSON.stringify(judging),
    [ENVIRONMENT.corsOrigins]: '',
    [ENVIRONMENT.redactedKeys]: '["redacted.*"]',
    [ENVIRONMENT.requestLimits]: '{}',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  })
}
