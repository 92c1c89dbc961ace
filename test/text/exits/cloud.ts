import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { OUTPUTS } from '../../../shared/aws/deployment.ts'
import { keyDigest } from '../../../shared/aws/keys/api-keys.ts'
import { packedFile } from '../../../shared/aws/rules/rule-sets.ts'
import { brokenRuleText, packText } from './folder.ts'
import { incidentItems } from './incident-items.ts'
import { lyingDetail, lyingEvents, lyingReport } from './lies.ts'

/*
 * A fake account of AWS in which strangers wrote whatever is there: each answer that holds text of theirs holds the same
 * one, or each is an error that says it.
 */

interface Call {
  readonly action: string
  readonly url: string
  readonly body: string
}

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export interface HostileCloud {
  readonly endpoint: string
  /** Bodies that were sent, by action. */
  readonly sent: readonly Call[]
  /** What is answered from now on: content of the text, or errors with it. */
  answer: 'content' | 'errors'
  close(): void
}

export async function hostileCloud(text: string): Promise<HostileCloud> {
  const sent: Call[] = []
  const server = createServer(async (request, response) => {
    const call = await callOf(request)
    sent.push(call)
    const {
      status = 200,
      headers = {},
      body,
    } = cloud.answer === 'errors' ? refusal(call, text) : answerTo(call, text, cloud)
    response.writeHead(status, headers).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cloud: HostileCloud = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    answer: 'content',
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return cloud
}

async function callOf(request: IncomingMessage): Promise<Call> {
  const body = await textOf(request)
  const url = decodeURIComponent(request.url ?? '')
  const target =
    String(request.headers['x-amz-target'] ?? '')
      .split('.')
      .at(-1) ?? ''
  const query = new URLSearchParams(body).get('Action') ?? ''
  const [, invoked = ''] = /functions\/([^/]+)\/invocations/.exec(url) ?? []
  const action = target || query || (invoked === '' ? `${request.method}` : `Invoke ${invoked.split(':').at(-1)}`)
  return { action, url, body }
}

/** XML has no way to write some of it; JSON has. */
function xml(text: string): string {
  const sound = text
    .toWellFormed()
    .replace(/(?![\t\n\r])[\p{Cc}\ufffe\uffff]/gu, (found) => (found < ' ' || found > '\x9f' ? '' : found))
  return sound.replace(/[&<>\r\u0080-\u009f\u2028]/g, (found) => `&#${found.charCodeAt(0)};`)
}

function refusal({ action }: Call, text: string): Answer {
  // The SDK cuts names at these.
  const name = `AccessDenied${text.replace(/[:#,\s]/g, '')}`
  if (action.startsWith('Invoke')) {
    return {
      status: 400,
      headers: { 'x-amzn-errortype': 'ResourceNotFoundException' },
      body: JSON.stringify({ Message: text, message: text }),
    }
  }
  const error = `<Code>${xml(name)}</Code><Message>${xml(text)}</Message>`
  if (/^(?:GET|PUT|HEAD|DELETE|POST)$/.test(action)) return { status: 403, body: `<Error>${error}</Error>` }
  if (/^(?:DescribeStacks|Subscribe|Unsubscribe|ListSubscriptionsByTopic|PublishBatch)$/.test(action)) {
    return { status: 400, body: `<ErrorResponse><Error><Type>Sender</Type>${error}</Error></ErrorResponse>` }
  }
  return { status: 400, body: JSON.stringify({ __type: name, message: text }) }
}

function answerTo(call: Call, text: string, { endpoint }: HostileCloud): Answer {
  const { action, url, body } = call
  if (url.startsWith('/v1/')) return gatewayAnswer(call, text)
  if (action.startsWith('Invoke')) return { body: JSON.stringify(functionAnswer(JSON.parse(body), text)) }
  if (action === 'DescribeStacks')
    return { body: outputsXml(new URLSearchParams(body).get('StackName') ?? '', text, endpoint) }
  if (action === 'GET') return objectAnswer(url, text)
  if (/^(?:PUT|HEAD|DELETE|POST)$/.test(action)) return { headers: { etag: '"2"' }, body: '' }
  const known = incidentItems(action, body, text) ?? answersOf(text, endpoint)[action]
  return known === undefined
    ? { status: 501, body: `${action} is not known here` }
    : { body: typeof known === 'string' ? known : JSON.stringify(known) }
}

function answersOf(text: string, endpoint: string): Readonly<Record<string, object | string>> {
  const keys = { generatedKey: `${text} and more`, addedKeys: [{ name: text, sha256: keyDigest('key') }] }
  const message = (Body: string) => ({
    Body,
    MD5OfBody: createHash('md5').update(Body).digest('hex'),
    MessageId: text,
    ReceiptHandle: text,
    Attributes: { SentTimestamp: '1' },
  })
  return {
    GetSecretValue: { SecretString: JSON.stringify(keys), VersionId: 'v1' },
    PutSecretValue: { VersionId: 'v2' },
    UpdateSecretVersionStage: {},
    CreateQueue: { QueueUrl: `${endpoint}/tail` },
    GetQueueAttributes: { Attributes: { QueueArn: 'arn:aws:sqs:us-east-1:0:tail', ApproximateNumberOfMessages: text } },
    ListQueues: {},
    ReceiveMessage: {
      Messages: [...lyingEvents(text).map((event) => JSON.stringify(event)), text, JSON.stringify(text)].map(message),
    },
    DeleteMessageBatch: { Successful: [], Failed: [] },
    SendMessageBatch: { Successful: [], Failed: [] },
    DeleteQueue: {},
    Query: { Items: [], Count: 0 },
    GetItem: {},
    PutItem: {},
    UpdateItem: {},
    BatchWriteItem: { UnprocessedItems: {} },
    Subscribe:
      '<SubscribeResponse><SubscribeResult><SubscriptionArn>arn:a</SubscriptionArn></SubscribeResult></SubscribeResponse>',
    Unsubscribe: '<UnsubscribeResponse/>',
    PublishBatch: '<PublishBatchResponse><PublishBatchResult/></PublishBatchResponse>',
    ListSubscriptionsByTopic:
      '<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult/></ListSubscriptionsByTopicResponse>',
  }
}

/** Of a stack called `lies` every output is the text. */
function outputsXml(stack: string, text: string, endpoint: string): string {
  const members = Object.entries(OUTPUTS).map(([key, name]) => {
    const value = stack === 'lies' ? xml(text) : exampleOutput(key, endpoint)
    return `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`
  })
  const found = `<StackName>${xml(stack)}</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${members.join('')}</Outputs>`
  return `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>${found}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
}

function exampleOutput(key: string, endpoint: string): string {
  if (key === 'ingestUrl' || key.endsWith('sUrl')) return endpoint
  if (key === 'redactedKeys') return '[]'
  return key.endsWith('Bucket') ? key.toLowerCase() : `arn:aws:x:us-east-1:0:${key}`
}

/** The set of rules in force, as it lies in the bucket; with the rule that the doctor looks for. */
function ruleSetText(text: string): string {
  const probe = '// Signal: BETRACE_DOCTOR_PROBE (info)\ntrace.has(betrace.doctor.probe)\n'
  const files = [
    { file: `own/${text}.rules`, text: brokenRuleText(text) },
    packedFile({ file: `own/${text}.yaml`, text: packText(text) }),
    { file: 'packs/doctor.rules', text: probe },
  ]
  return JSON.stringify({ files })
}

function objectAnswer(url: string, text: string): Answer {
  const set = ruleSetText(text.toWellFormed())
  const id = createHash('sha256').update(set).digest('hex')
  if (url.includes('/current.json'))
    return { headers: { etag: '"1"' }, body: JSON.stringify({ set: id, earlier: [id] }) }
  if (url.includes('/sets/')) return { headers: { etag: '"1"' }, body: set }
  if (!url.includes('list-type=2')) return { headers: { etag: '"1"' }, body: text }
  const prefix = new URL(url, 'http://s3').searchParams.get('prefix') ?? ''
  const object = `<Contents><Key>${xml(prefix + text)}</Key><Size>5</Size><ETag>"1"</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>`
  return { body: `<ListBucketResult><IsTruncated>false</IsTruncated>${object}</ListBucketResult>` }
}

function gatewayAnswer({ action, url }: Call, text: string): Answer {
  if (url.startsWith('/v1/experiments')) return { body: JSON.stringify(lyingDetail(text)) }
  return action === 'POST' ? { status: 401, body: text } : { body: text }
}

/** What the replay function and the compactor answer; a run is called what its end is to be. */
function functionAnswer({ run, dryRun }: { readonly run?: string; readonly dryRun?: boolean }, text: string): object {
  const done = {
    run: text,
    reportAt: text,
    report: lyingReport(text),
    rejectedRules: 2,
    published: { sent: 0, failed: 1, withheld: 1, reason: text },
  }
  if (run === 'bad-rules' || run === 'refused')
    return { state: 'refused', error: { code: run, message: text, hint: text } }
  if (run === 'failed') return { state: 'failed', reason: text, ...done }
  if (dryRun === true)
    return {
      state: 'estimated',
      from: '2026-01-01T00:00Z',
      to: '2026-01-02T00:00Z',
      objects: text,
      bytes: 1,
      spans: text,
      seconds: 1,
    }
  const counts = { merged: 1, written: text, deleted: text, bytesMerged: 1, bytesWritten: 1, left: 0 }
  return { ...counts, ...done, state: 'done', failures: [{ key: text, reason: text }], tooLarge: [text] }
}
