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

/** Stands in for the time to live, which DynamoDB works off when it likes: all chunks of the trace are removed at once. */
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
