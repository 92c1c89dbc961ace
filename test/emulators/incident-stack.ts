import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { vi } from 'vitest'
import {
  type BatchResponse,
  CONTEXT,
  failuresOf,
  type Handler,
  type LocalStack,
  type LocalStackOptions,
  startLocalStack,
} from './local-stack.ts'
import { headRecord, keyText, streamRecord } from './stream-records.ts'

/** How event sources deliver: each thing once, or twice at the same time. */
type Copies = 1 | 2

/** A local stack whose incidents are dispatched, looked at and told to receivers while time passes. */
export interface IncidentStack extends LocalStack {
  /** Puts a file of receivers in force. */
  notify(text: string): Promise<void>
  /** Lets event sources deliver while time passes; the sweep runs every minute. */
  pass(ms: number, copies?: Copies): Promise<void>
  /** What the topic of incidents delivered to queues. */
  incidentEvents(): readonly { readonly type: string; readonly data: { readonly count: number } }[]
  readonly dispatcher: Handler<BatchResponse>
  readonly notifier: Handler<BatchResponse>
  /** Runs every minute. */
  readonly minute: Handler<void>
}

/** More rounds than any test needs; a loop would otherwise hang the run. */
const MAX_ROUNDS = 5_000
const MINUTE_MS = 60_000

export async function startIncidentStack(options: LocalStackOptions): Promise<IncidentStack> {
  const stack = await startLocalStack(options)
  const { faux, incidents, functions } = stack
  faux.server.createQueue('incident-inbox')
  faux.server.subscribe({ topic: 'incidents', queue: 'incident-inbox' })
  const dispatcher = (await import('../../lambdas/dispatcher.ts')).handler as unknown as Handler<BatchResponse>
  const notifier = (await import('../../lambdas/notifier.ts')).handler as unknown as Handler<BatchResponse>
  const minute = (await import('../../lambdas/verdicts.ts')).handler as unknown as Handler<void>
  const dispatched = new Map<string, string>()
  const armed = new Set<string>()
  let sweptMs = Date.now()

  async function twice(copies: Copies, invoke: () => Promise<BatchResponse>): Promise<BatchResponse> {
    const [first] = await Promise.all(Array.from({ length: copies }, invoke))
    return first as BatchResponse
  }

  async function deliverChunks(copies: Copies): Promise<boolean> {
    const { Items = [] } = await incidents.client.send(new ScanCommand({ TableName: 'buffer' }))
    const chunks = Items.filter((item) => item.item?.S?.startsWith('c#') === true && !armed.has(keyText(item)))
    if (chunks.length === 0) return false
    const Records = chunks.map((item) => streamRecord('INSERT', item))
    await twice(copies, () => functions.timer({ Records }, CONTEXT))
    for (const item of chunks) armed.add(keyText(item))
    return true
  }

  async function deliverChanges(copies: Copies): Promise<boolean> {
    const { Items = [] } = await incidents.client.send(new ScanCommand({ TableName: incidents.name }))
    const heads = Items.filter(
      ({ pk, u, v }) => pk?.S?.startsWith('h#') === true && dispatched.get(pk.S) !== stateOf(u, v),
    )
    if (heads.length === 0) return false
    const Records = heads.map(({ pk, u, v }) => headRecord(pk?.S ?? '', stateOf(u, v)))
    const failed = await failuresOf(
      () => twice(copies, () => dispatcher({ Records }, CONTEXT)),
      Records.map(sequenceOf),
    )
    heads.forEach(({ pk, u, v }, at) => {
      if (!failed.has(sequenceOf(Records[at]))) dispatched.set(pk?.S ?? '', stateOf(u, v))
    })
    return failed.size < heads.length
  }

  async function deliverQueue(queue: string, handler: Handler<BatchResponse>, copies: Copies): Promise<boolean> {
    const QueueUrl = `${faux.endpoint}/000000000000/${queue}`
    const receive = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    })
    const { Messages = [] } = await faux.sqs.send(receive)
    if (Messages.length === 0) return false
    const Records = Messages.map(({ MessageId, Body, Attributes }) => {
      return { messageId: MessageId, body: Body, attributes: Attributes, eventSource: 'aws:sqs' }
    })
    const failed = await failuresOf(() => twice(copies, () => handler({ Records }, CONTEXT)), Messages.map(messageId))
    for (const message of Messages) {
      if (failed.has(messageId(message))) continue
      await faux.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }))
    }
    return true
  }

  /** When the next message can be received, or the sweep runs. */
  function nextDueMs(): number {
    const messages = ['timers', 'deliveries'].map((queue) => faux.server.inspectQueue(queue)?.messages)
    const delayed = messages.flatMap((each) => each?.delayed ?? []).map(({ delayUntil = 0 }) => delayUntil)
    const inflight = messages.flatMap((each) => each?.inflight ?? []).map((each) => each.visibilityDeadline)
    return Math.min(...delayed, ...inflight, sweptMs + MINUTE_MS)
  }

  async function deliverAll(copies: Copies): Promise<boolean> {
    const delivered = [
      await deliverChunks(copies),
      await deliverQueue('timers', functions.evaluator, copies),
      await deliverChanges(copies),
      await deliverQueue('deliveries', notifier, copies),
    ]
    return delivered.includes(true)
  }

  return {
    ...stack,
    dispatcher,
    notifier,
    minute,
    async notify(text) {
      await stack.s3.send(new PutObjectCommand({ Bucket: 'rules', Key: 'notify.yaml', Body: text }))
    },
    async pass(ms, copies = 1) {
      const endMs = Date.now() + ms
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if (await deliverAll(copies)) continue
        const dueMs = nextDueMs()
        vi.setSystemTime(Math.min(Math.max(dueMs, Date.now()), endMs))
        if (dueMs > endMs) return
        if (Date.now() < sweptMs + MINUTE_MS) continue
        sweptMs = Date.now()
        await minute({}, CONTEXT).catch(() => {})
      }
      throw new Error(`still at work after ${MAX_ROUNDS} rounds`)
    },
    incidentEvents: () =>
      (faux.server.inspectQueue('incident-inbox')?.messages.ready ?? []).map(({ body }) =>
        // The emulator delivers the texts for all protocols; SNS gives each subscriber its own.
        JSON.parse(JSON.parse(JSON.parse(body).Message).default),
      ),
  }
}

function sequenceOf(record: ReturnType<typeof headRecord> | undefined): string {
  return record?.dynamodb?.SequenceNumber ?? ''
}

/** What differs after every change of a head. */
function stateOf(touched: AttributeValue | undefined, version: AttributeValue | undefined): string {
  return `${version?.N}/${touched?.N ?? ''}`
}

function messageId({ MessageId = '' }: Message): string {
  return MessageId
}
