import { randomBytes } from 'node:crypto'
import {
  ListSubscriptionsByTopicCommand,
  type SNSClient,
  SubscribeCommand,
  type Subscription,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
  TagQueueCommand,
} from '@aws-sdk/client-sqs'
import type { Clock } from '../../pipeline/ports.ts'
import { asked } from '../aws-failure.ts'

/** A topic of a stack, and how to ask for what it sends. */
export interface TailedTopic {
  readonly sns: SNSClient
  readonly sqs: SQSClient
  readonly arn: string
  readonly stack: string
  readonly clock: Clock
}

/** Only signals with one of these values of each attribute. */
export type TailFilter = Readonly<Partial<Record<'severity' | 'signal' | 'status', readonly string[]>>>

/** A queue that lives while somebody looks at what it gets. */
export interface SignalTail {
  /** CloudEvents as JSON; waits two seconds at most, returns none if none came or `stop` was aborted. */
  receive(stop: AbortSignal): Promise<readonly string[]>
  close(): Promise<void>
  /** Queues of tails that were killed, removed when this one began. */
  readonly staleRemoved: number
}

const TAG_ALIVE = 'betrace-tail-alive'
/** A tail reports every minute that it is alive; one that has not reported for this long was killed. */
const ALIVE_EVERY_MS = 60_000
const STALE_AFTER_MS = 5 * 60_000
/** Less than a request of the clients may take. */
const WAIT_SECONDS = 2
const RETENTION_SECONDS = 3_600

/** Subscribes a queue of its own to the topic, after removing those that killed tails left. */
export async function openTail(topic: TailedTopic, filter: TailFilter): Promise<SignalTail> {
  const staleRemoved = await removeStale(topic)
  const url = await createQueue(topic)
  let subscription: string
  try {
    subscription = await subscribe(topic, url, filter)
  } catch (failure) {
    await deleteQueue(topic.sqs, url)
    throw failure
  }
  let aliveMs = topic.clock()
  const receive = async (stop: AbortSignal) => {
    if (topic.clock() - aliveMs >= ALIVE_EVERY_MS) {
      aliveMs = topic.clock()
      const tag = new TagQueueCommand({ QueueUrl: url, Tags: { [TAG_ALIVE]: String(aliveMs) } })
      await asked('keep the queue of the tail', topic.sqs.send(tag))
    }
    return receiveOnce(topic.sqs, url, stop)
  }
  const close = async () => {
    await asked('unsubscribe', topic.sns.send(new UnsubscribeCommand({ SubscriptionArn: subscription })))
    await deleteQueue(topic.sqs, url)
  }
  return { receive, close, staleRemoved }
}

async function createQueue({ sqs, arn, stack, clock }: TailedTopic): Promise<string> {
  const nowMs = clock()
  const QueueName = `${prefixOf(stack)}${nowMs}-${randomBytes(4).toString('hex')}`
  const [, , , region, account] = arn.split(':')
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: `arn:${arn.split(':')[1]}:sqs:${region}:${account}:${QueueName}`,
        Condition: { ArnEquals: { 'aws:SourceArn': arn } },
      },
    ],
  })
  const create = new CreateQueueCommand({
    QueueName,
    Attributes: { Policy, MessageRetentionPeriod: String(RETENTION_SECONDS) },
    tags: { [TAG_ALIVE]: String(nowMs), 'betrace-stack': stack },
  })
  const { QueueUrl = '' } = await asked('make a queue for the tail', sqs.send(create))
  return QueueUrl
}

async function subscribe({ sns, sqs, arn }: TailedTopic, url: string, filter: TailFilter): Promise<string> {
  const ask = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] })
  const { Attributes } = await asked('look at the queue of the tail', sqs.send(ask))
  const chosen = Object.entries(filter).filter(([, values]) => values.length > 0)
  const filterPolicy = chosen.length === 0 ? {} : { FilterPolicy: JSON.stringify(Object.fromEntries(chosen)) }
  const command = new SubscribeCommand({
    TopicArn: arn,
    Protocol: 'sqs',
    Endpoint: Attributes?.QueueArn,
    Attributes: { RawMessageDelivery: 'true', ...filterPolicy },
    ReturnSubscriptionArn: true,
  })
  const { SubscriptionArn = '' } = await asked('subscribe to the signals', sns.send(command))
  return SubscriptionArn
}

async function receiveOnce(sqs: SQSClient, QueueUrl: string, stop: AbortSignal): Promise<readonly string[]> {
  const ask = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: WAIT_SECONDS })
  const unlessStopped = (cause: unknown): { readonly Messages?: Message[] } => {
    if (stop.aborted) return {}
    throw cause
  }
  const receiving = sqs.send(ask, { abortSignal: stop }).catch(unlessStopped)
  const { Messages = [] } = await asked('receive signals', receiving)
  if (Messages.length === 0) return []
  const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }))
  await asked('receive signals', sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })))
  return Messages.map(({ Body = '' }) => Body)
}

/** Removes queues, and their subscriptions, that nobody has looked at for minutes; others may be looking at theirs. */
async function removeStale(topic: TailedTopic): Promise<number> {
  const stale: string[] = []
  for (const url of await tailQueues(topic)) {
    const ask = new ListQueueTagsCommand({ QueueUrl: url })
    const { Tags } = await topic.sqs.send(ask).catch(unlessGone)
    const aliveMs = Number(Tags?.[TAG_ALIVE] ?? 0)
    if (topic.clock() - aliveMs > STALE_AFTER_MS) stale.push(url)
  }
  if (stale.length === 0) return 0
  const names = new Set(stale.map(nameOf))
  for (const { Endpoint = '', SubscriptionArn } of await subscriptions(topic)) {
    if (!names.has(Endpoint.split(':').at(-1) ?? '')) continue
    await asked('remove a stale subscription', topic.sns.send(new UnsubscribeCommand({ SubscriptionArn })))
  }
  for (const url of stale) await deleteQueue(topic.sqs, url)
  return stale.length
}

async function tailQueues({ sqs, stack }: TailedTopic): Promise<readonly string[]> {
  const prefix = prefixOf(stack)
  const list = new ListQueuesCommand({ QueueNamePrefix: prefix, MaxResults: 1_000 })
  const { QueueUrls = [] } = await asked('look for stale queues', sqs.send(list))
  // Another stack's name may begin with this one's.
  return QueueUrls.filter((url) => /^\d{13}-[0-9a-f]{8}$/.test(nameOf(url).slice(prefix.length)))
}

async function subscriptions({ sns, arn }: TailedTopic): Promise<readonly Subscription[]> {
  const found: Subscription[] = []
  let NextToken: string | undefined
  do {
    const list = new ListSubscriptionsByTopicCommand({ TopicArn: arn, NextToken })
    const output = await asked('look for stale subscriptions', sns.send(list))
    found.push(...(output.Subscriptions ?? []))
    NextToken = output.NextToken
  } while (NextToken !== undefined)
  return found
}

async function deleteQueue(sqs: SQSClient, QueueUrl: string): Promise<void> {
  await asked('remove the queue of a tail', sqs.send(new DeleteQueueCommand({ QueueUrl })).catch(unlessGone))
}

/** Another tail may have removed it in the same moment. */
function unlessGone(cause: unknown): { readonly Tags?: Record<string, string> } {
  if (/QueueDoesNotExist|NonExistentQueue/.test((cause as Error).name)) return {}
  throw cause
}

function prefixOf(stack: string): string {
  return `betrace-tail-${stack.slice(0, 40)}-`
}

function nameOf(url: string): string {
  return url.split('/').at(-1) ?? ''
}
