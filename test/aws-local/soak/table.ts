import { MARKER_KEY } from '../../../shared/aws/buffer/buffer-items.ts'
import type { DynamoLocal } from '../dynamo-local.ts'
import type { Call } from './proxy.ts'
import type { Ledger } from './stream.ts'

/** Chunks that the table took are owed by its stream. */
export function noteWrites(ledger: Ledger, { action, body }: Call, status: number): void {
  if (action !== 'BatchWriteItem' || status !== 200) return
  const { RequestItems } = JSON.parse(body.toString())
  for (const { PutRequest } of Object.values(RequestItems)[0] as { PutRequest?: { Item: ItemKey } }[]) {
    const item = PutRequest?.Item.item.S ?? ''
    if (item.startsWith('c#')) ledger.wrote(PutRequest?.Item.trace.S ?? '', item)
  }
}

interface ItemKey {
  readonly trace: { readonly S: string }
  readonly item: { readonly S: string }
}

/** Replaces the time to live, which DynamoDB applies when it likes: all chunks of the trace are removed at once. */
export async function expire(dynamo: DynamoLocal, TableName: string, ledger: Ledger, traceId: string): Promise<number> {
  const { Items } = await dynamo.call('DynamoDB_20120810', 'Query', {
    TableName,
    ConsistentRead: true,
    KeyConditionExpression: '#trace = :trace AND begins_with(#item, :chunk)',
    ProjectionExpression: '#trace, #item',
    ExpressionAttributeNames: { '#trace': 'trace', '#item': 'item' },
    ExpressionAttributeValues: { ':trace': { S: traceId }, ':chunk': { S: 'c#' } },
  })
  for (const Key of Items as readonly ItemKey[]) {
    ledger.removed(traceId, Key.item.S)
    await dynamo.call('DynamoDB_20120810', 'DeleteItem', { TableName, Key })
  }
  return Items.length
}

/** Traces with signals that were committed and not yet known to be sent. */
export async function pendingTraces(dynamo: DynamoLocal, TableName: string): Promise<readonly string[]> {
  const found: string[] = []
  let start: object | undefined
  do {
    const { Items, LastEvaluatedKey } = await dynamo.call('DynamoDB_20120810', 'Scan', {
      TableName,
      FilterExpression: '#item = :marker AND attribute_exists(q)',
      ExpressionAttributeNames: { '#item': 'item' },
      ExpressionAttributeValues: { ':marker': { S: MARKER_KEY } },
      ...(start !== undefined && { ExclusiveStartKey: start }),
    })
    found.push(...(Items as readonly ItemKey[]).map(({ trace }) => trace.S))
    start = LastEvaluatedKey
  } while (start !== undefined)
  return found
}

/** A signal as part of an incident. */
export interface StoredMember {
  readonly signalId: string
  readonly isRetracted: boolean
}

/** Every signal that the table of incidents has, once for each time that it began to fire. */
export async function storedMembers(dynamo: DynamoLocal, TableName: string): Promise<readonly StoredMember[]> {
  const found: StoredMember[] = []
  let start: object | undefined
  do {
    const { Items, LastEvaluatedKey } = await dynamo.call('DynamoDB_20120810', 'Scan', {
      TableName,
      ConsistentRead: true,
      FilterExpression: 'begins_with(pk, :member)',
      ExpressionAttributeValues: { ':member': { S: 'm#' } },
      ...(start !== undefined && { ExclusiveStartKey: start }),
    })
    for (const { sk, r } of Items as readonly { readonly sk: { readonly S: string }; readonly r?: object }[]) {
      found.push({ signalId: sk.S.split('#').slice(1).join('#'), isRetracted: r !== undefined })
    }
    start = LastEvaluatedKey
  } while (start !== undefined)
  return found
}
