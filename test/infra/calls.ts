import { type Grant, grantsByRole, type Resources } from './permissions-text.ts'
import { functionName } from './synthesized.ts'

/** An operation of an AWS API → what IAM calls it, where that is another name. */
const ACTIONS: Readonly<Record<string, string>> = {
  Publish: 'sns:Publish',
  PutEvents: 'events:PutEvents',
  PublishBatch: 'sns:Publish',
  SendMessage: 'sqs:SendMessage',
  SendMessageBatch: 'sqs:SendMessage',
  ListObjectsV2: 's3:ListBucket',
  HeadObject: 's3:GetObject',
  GetObject: 's3:GetObject',
  PutObject: 's3:PutObject',
  DeleteObject: 's3:DeleteObject',
  GetSecretValue: 'secretsmanager:GetSecretValue',
  StartExecution: 'states:StartExecution',
  DescribeExecution: 'states:DescribeExecution',
}

/** Of every client, used by the SDK itself for buckets and endpoints of a kind that the stack does not have. */
const OF_THE_SDK = ['CreateSession', 'DescribeEndpoints']

/** The actions of all calls that a bundle holds code for: each command of an SDK's client names its operation. */
export function callsIn(bundle: string): ReadonlySet<string> {
  const commands = bundle.matchAll(/class extends [\w$]+\([\w$]+,[\w$]+,"([A-Z][A-Za-z0-9]+)",[\w$]+\)/g)
  const operations = [...commands].map(([, operation = '']) => operation).filter((name) => !OF_THE_SDK.includes(name))
  return new Set(operations.map((operation) => ACTIONS[operation] ?? `dynamodb:${operation}`))
}

const READS_A_STREAM = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
  (one) => `dynamodb:${one}`,
)
const READS_A_QUEUE = ['DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map((one) => `sqs:${one}`)
const WRITES_ITS_LOG = ['logs:CreateLogStream', 'logs:PutLogEvents']
const TRACES = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments']

/** What the role of each function may do that its own code does not call: Lambda does it on its behalf, with its role. */
export function grantsForLambda(resources: Resources, handler: string): readonly string[] {
  const [id, found] = Object.entries(resources).find(([, one]) => functionName(one) === handler) ?? []
  const isOurs = (reference: unknown) => JSON.stringify(reference ?? '').includes(`"${id}"`)
  const actions = [...WRITES_ITS_LOG, ...(found?.Properties.TracingConfig === undefined ? [] : TRACES)]
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type === 'AWS::Lambda::EventInvokeConfig' && isOurs(Properties.FunctionName)) actions.push('sqs:SendMessage')
    if (Type !== 'AWS::Lambda::EventSourceMapping' || !isOurs(Properties.FunctionName)) continue
    const isStream = JSON.stringify(Properties.EventSourceArn).includes('StreamArn')
    actions.push(...(isStream ? READS_A_STREAM : READS_A_QUEUE))
    if (Properties.DestinationConfig !== undefined) actions.push('s3:ListBucket', 's3:PutObject')
  }
  return actions
}

/** What a function's role grants, by action. */
export function grantsOf(resources: Resources, handler: string): readonly Grant[] {
  return grantsByRole(resources).get(handler) ?? []
}
