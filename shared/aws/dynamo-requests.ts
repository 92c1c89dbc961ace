import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { inParallel } from '../concurrency/in-parallel.ts'
import { asked, conditionFailed, storageFailure, wasThrottled } from './aws-failure.ts'
import { type Item, itemBytes, tableKey } from './buffer/buffer-items.ts'
import { cutBySize } from './cut.ts'
import { type Backoff, untilTaken } from './until-taken.ts'

/** A table, and how to ask it. */
export interface DynamoTable {
  readonly client: DynamoDBClient
  readonly name: string
  readonly backoff: Backoff
}

/** Limits of BatchWriteItem and BatchGetItem. */
const WRITE_ITEMS = 25
const WRITE_BYTES = 15 * 1024 * 1024
const READ_ITEMS = 100
/** Requests under way at once; one Lambda's sockets. */
const WIDTH = 8

/** Puts items, asking again for those that DynamoDB left unprocessed; returns those it did not take in the end. */
export async function putItems(table: DynamoTable, items: readonly Item[]): Promise<readonly Item[]> {
  const batches = cutBySize(items, itemBytes, WRITE_ITEMS, WRITE_BYTES)
  const left = await inParallel(batches, WIDTH, (batch) =>
    untilTaken(batch, (rest) => putOnce(table, rest), table.backoff),
  )
  return left.flat()
}

async function putOnce(table: DynamoTable, items: readonly Item[]): Promise<readonly Item[]> {
  const requests = items.map((Item) => ({ PutRequest: { Item } }))
  try {
    const output = await table.client.send(new BatchWriteItemCommand({ RequestItems: { [table.name]: requests } }))
    const unprocessed = output.UnprocessedItems?.[table.name] ?? []
    return unprocessed.map((request) => request.PutRequest?.Item).filter((item) => item !== undefined)
  } catch (cause) {
    // Thrown only where not one item of the batch was taken.
    if (wasThrottled(cause)) return items
    throw storageFailure('write to the table', cause)
  }
}

function keyBatches(keys: readonly Item[], mostItems: number): readonly (readonly Item[])[] {
  return cutBySize(keys, () => 1, mostItems, mostItems)
}

function tableKeys(keys: readonly (readonly [string, string])[]): readonly Item[] {
  return keys.map(([partition, sort]) => tableKey(partition, sort))
}

/** Deletes items by key, those that are gone among them. */
export async function deleteItems(table: DynamoTable, keys: readonly (readonly [string, string])[]): Promise<void> {
  await inParallel(keyBatches(tableKeys(keys), WRITE_ITEMS), WIDTH, async (batch) => {
    const left = await untilTaken(batch, (rest) => deleteOnce(table, rest), table.backoff)
    if (left.length > 0) throw storageFailure('delete from the table', { name: 'ThrottlingException' })
  })
}

async function deleteOnce(table: DynamoTable, keys: readonly Item[]): Promise<readonly Item[]> {
  const requests = keys.map((Key) => ({ DeleteRequest: { Key } }))
  const write = new BatchWriteItemCommand({ RequestItems: { [table.name]: requests } })
  const output = await asked('delete from the table', table.client.send(write))
  const unprocessed = output.UnprocessedItems?.[table.name] ?? []
  return unprocessed.map((request) => request.DeleteRequest?.Key).filter((key) => key !== undefined)
}

/** Reads items by key, strongly consistent; missing ones are left out, order is lost. */
export function getItems(table: DynamoTable, keys: readonly (readonly [string, string])[]): Promise<readonly Item[]> {
  return getItemsByKey(table, tableKeys(keys))
}

/** The same, in a table whose keys have other names. */
export async function getItemsByKey(table: DynamoTable, keys: readonly Item[]): Promise<readonly Item[]> {
  const found: Item[] = []
  await inParallel(keyBatches(keys, READ_ITEMS), WIDTH, async (batch) => {
    const left = await untilTaken(batch, (rest) => getOnce(table, rest, found), table.backoff)
    if (left.length > 0) throw storageFailure('read from the table', { name: 'ThrottlingException' })
  })
  return found
}

async function getOnce(table: DynamoTable, Keys: readonly Item[], found: Item[]): Promise<readonly Item[]> {
  const request = { [table.name]: { Keys: [...Keys], ConsistentRead: true } }
  const output = await asked(
    'read from the table',
    table.client.send(new BatchGetItemCommand({ RequestItems: request })),
  )
  found.push(...(output.Responses?.[table.name] ?? []))
  return output.UnprocessedKeys?.[table.name]?.Keys ?? []
}

/** Items of one partition with `from` <= sort key <= `to`, strongly consistent, page by page. */
export function queryPages(
  table: DynamoTable,
  partition: string,
  from: string,
  to: string,
  options: Pick<QueryCommandInput, 'ScanIndexForward' | 'Limit' | 'ProjectionExpression'> = {},
): AsyncGenerator<readonly Item[], void, void> {
  return allPages(table, {
    ConsistentRead: true,
    KeyConditionExpression: 'trace = :trace AND #item BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#item': 'item' },
    ExpressionAttributeValues: { ':trace': { S: partition }, ':from': { S: from }, ':to': { S: to } },
    ...options,
  })
}

/** What a query finds, page by page. */
export async function* allPages(
  table: DynamoTable,
  query: Omit<QueryCommandInput, 'TableName' | 'ExclusiveStartKey'>,
): AsyncGenerator<readonly Item[], void, void> {
  let start: Record<string, AttributeValue> | undefined
  do {
    const command = new QueryCommand({
      TableName: table.name,
      ...query,
      ...(start !== undefined && { ExclusiveStartKey: start }),
    })
    const output = await asked('read from the table', table.client.send(command))
    start = output.LastEvaluatedKey
    yield output.Items ?? []
  } while (start !== undefined)
}

/** One write of one item; names and values serve the condition. */
export interface ItemChange {
  readonly set: Item
  readonly remove?: readonly string[]
  /** Attributes that grow by 1. */
  readonly increase?: readonly string[]
  readonly condition: string
  readonly names?: Readonly<Record<string, string>>
  readonly values?: Item
}

/** The item after the write, or as it was where the condition refused it (empty if there was none). */
export interface ItemChanged {
  readonly now?: Item
  readonly refused?: Item
}

/** Changes one item if its condition holds. */
export async function updateItem(table: DynamoTable, key: Item, change: ItemChange): Promise<ItemChanged> {
  try {
    const { Attributes } = await sendUpdate(table, key, change)
    return { now: Attributes ?? {} }
  } catch (cause) {
    if (!conditionFailed(cause)) throw storageFailure('write to the table', cause)
    return { refused: (cause as { readonly Item?: Item }).Item ?? {} }
  }
}

function sendUpdate(table: DynamoTable, Key: Item, change: ItemChange): Promise<UpdateItemCommandOutput> {
  const { set, remove = [], increase = [] } = change
  const setting = Object.keys(set).map((name) => `#${name} = :${name}`)
  const growing = increase.map((name) => `#${name} = #${name} + :one`)
  const removing = remove.length === 0 ? '' : ` REMOVE ${remove.map((name) => `#${name}`).join(', ')}`
  const written = [...Object.keys(set), ...remove, ...increase]
  return table.client.send(
    new UpdateItemCommand({
      TableName: table.name,
      Key,
      UpdateExpression: `SET ${[...setting, ...growing].join(', ')}${removing}`,
      ConditionExpression: change.condition,
      ExpressionAttributeNames: { ...Object.fromEntries(written.map((name) => [`#${name}`, name])), ...change.names },
      ExpressionAttributeValues: {
        ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
        ...(increase.length > 0 && { ':one': { N: '1' } }),
        ...change.values,
      },
      ReturnValues: 'UPDATED_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
  )
}
