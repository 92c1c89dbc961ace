import { gunzipSync } from 'node:zlib'
import { SIGNALS_PREFIX } from '../../shared/archive/signal-objects.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { inParallel } from '../../shared/concurrency/in-parallel.ts'
import type { PendingSignal } from '../../shared/pipeline/ports.ts'
import type { Faux } from '../emulators/emulators.ts'
import type { Resource, Synthesized } from '../infra/synthesized.ts'
import type { DynamoLocal } from './dynamo-local.ts'

/** The resource of an id of the template, as `Ref` and as `Fn::GetAtt` give it. */
interface Name {
  readonly ref: string
  readonly attributes: Readonly<Record<string, string>>
}
export type Names = ReadonlyMap<string, Name>

/** Makes the tables, queues, buckets and topics of the template, and a queue `inbox` that hears the signals. */
export async function createResources(stack: Synthesized, dynamo: DynamoLocal, faux: Faux): Promise<Names> {
  const names = new Map<string, Name>()
  for (const [id, { Type, Properties }] of Object.entries(stack.resources)) {
    if (Type === 'AWS::DynamoDB::Table') names.set(id, await createTable(dynamo, id, Properties))
    if (Type === 'AWS::SQS::Queue') names.set(id, createQueue(faux, id, Properties))
    if (Type === 'AWS::S3::Bucket') names.set(id, { ref: createBucket(faux, id), attributes: {} })
    if (Type === 'AWS::SNS::Topic') names.set(id, { ref: faux.server.createTopic(id).topicArn, attributes: {} })
    // Nothing runs on it here: no emulator knows a distributed map.
    if (Type === 'AWS::StepFunctions::StateMachine') names.set(id, { ref: id, attributes: { Arn: id } })
    if (Type === 'AWS::SecretsManager::Secret') names.set(id, { ref: id, attributes: {} })
  }
  faux.server.createQueue('inbox')
  faux.server.subscribe({ topic: idOf(stack, 'PagerSignals', 'AWS::SNS::Topic'), queue: 'inbox' })
  return names
}

async function createTable(dynamo: DynamoLocal, id: string, properties: Resource['Properties']): Promise<Name> {
  const { KeySchema, AttributeDefinitions, BillingMode, StreamSpecification, TimeToLiveSpecification } = properties
  const { GlobalSecondaryIndexes } = properties
  const table = { TableName: id, KeySchema, AttributeDefinitions, BillingMode, GlobalSecondaryIndexes }
  const { TableDescription } = await dynamo.call('DynamoDB_20120810', 'CreateTable', {
    ...table,
    StreamSpecification: { ...StreamSpecification, StreamEnabled: true },
  })
  await dynamo.call('DynamoDB_20120810', 'UpdateTimeToLive', { TableName: id, TimeToLiveSpecification })
  return { ref: id, attributes: { StreamArn: TableDescription.LatestStreamArn } }
}

function createQueue({ server, endpoint }: Faux, id: string, { VisibilityTimeout }: Resource['Properties']): Name {
  server.createQueue(id, { attributes: { VisibilityTimeout: String(VisibilityTimeout ?? 30) } })
  return { ref: `${endpoint}/000000000000/${id}`, attributes: { Arn: id } }
}

function createBucket({ server }: Faux, id: string): string {
  return server.createBucket(id.toLowerCase()).bucketName
}

/** A value of the template with its references resolved. */
export function resolved(value: unknown, names: Names): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { Ref, 'Fn::GetAtt': getAtt } = value as { Ref?: string; 'Fn::GetAtt'?: [string, string] }
  if (Ref !== undefined) return names.get(Ref)?.ref
  if (getAtt !== undefined) return names.get(getAtt[0])?.attributes[getAtt[1]]
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, resolved(part, names)]))
}

/** The id of a resource by a part of it, and its type. */
export function idOf({ resources }: Synthesized, part: string, type: string): string {
  return Object.keys(resources).find((id) => id.includes(part) && resources[id]?.Type === type) ?? ''
}

/** Objects read at once. */
const WIDTH = 16

/** Every signal that is kept in the archive's bucket. */
export async function storedSignals({ s3 }: Faux, name: string): Promise<readonly PendingSignal[]> {
  const store = s3ObjectStore({ client: s3, name })
  const objects = await store.list(SIGNALS_PREFIX)
  const texts = await inParallel(objects, WIDTH, async (object) => {
    return gunzipSync(await store.open(object).read(0, object.byteLength)).toString()
  })
  const lines = texts.flatMap((text) => text.trimEnd().split('\n'))
  return lines.map((line) => {
    const { shadow, ...event } = JSON.parse(line)
    return { event, shadow }
  })
}

/** Bodies of the messages that could be received now. */
export function messagesIn({ server }: Faux, queue: string): readonly string[] {
  return (server.inspectQueue(queue)?.messages.ready ?? []).map(({ body }) => body)
}
