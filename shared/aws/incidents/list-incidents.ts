import type { ListedState } from '../../incidents/api/desk.ts'
import type { StoredIncident } from '../../incidents/incident.ts'
import type { Item } from '../buffer/buffer-items.ts'
import { allPages, type DynamoTable, getItemsByKey } from '../dynamo-requests.ts'
import { headIn, headItemKey, incidentKeyIn, OPEN_INDEX, WORK } from './incident-items.ts'

/**
 * Incidents by when their state last changed, the newest first. All that are open are read, and of the ended ones as many as
 * are asked for. The index may be a little behind.
 */
export async function listIncidents(
  table: DynamoTable,
  state: ListedState,
  limit: number,
): Promise<readonly StoredIncident[]> {
  const keys = [
    ...(state === 'ended' ? [] : await keysIn(table, WORK.open)),
    ...(state === 'open' ? [] : await keysIn(table, WORK.ended, limit)),
  ]
  const heads = (await readHeads(table, keys)).filter(
    ({ head }) => state === 'all' || isEnded(head) === (state === 'ended'),
  )
  return heads.toSorted((a, b) => b.head.changedAtMs - a.head.changedAtMs).slice(0, limit)
}

const KEY_DIGITS = 32

/** Incidents whose keys begin so; a whole key is found at once, fewer digits as soon as the index has them. */
export async function incidentsKeyed(
  table: DynamoTable,
  prefix: string,
  limit: number,
): Promise<readonly StoredIncident[]> {
  if (prefix.length >= KEY_DIGITS) return readHeads(table, [prefix])
  const found = new Set<string>()
  for (const work of [WORK.open, WORK.ended]) {
    for await (const key of indexedKeys(table, work)) {
      if (key.startsWith(prefix)) found.add(key)
      if (found.size === limit) return readHeads(table, [...found])
    }
  }
  return readHeads(table, [...found])
}

function isEnded({ state }: StoredIncident['head']): boolean {
  return state === 'resolved'
}

/** Those that have opened once. */
async function readHeads(table: DynamoTable, keys: readonly string[]): Promise<readonly StoredIncident[]> {
  const items = await getItemsByKey(table, [...new Set(keys)].map(headItemKey))
  return items.flatMap((item) => {
    const head = headIn(item)
    return head === undefined || head.state === 'none' ? [] : [{ key: incidentKeyIn(item), head }]
  })
}

async function keysIn(table: DynamoTable, work: string, limit = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
  const keys: string[] = []
  for await (const key of indexedKeys(table, work, limit)) {
    keys.push(key)
    if (keys.length >= limit) break
  }
  return keys
}

const PAGE = 1_000

/** Keys of a part of the index, the last first. */
async function* indexedKeys(
  table: DynamoTable,
  work: string,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<string> {
  const pages = allPages(table, {
    IndexName: OPEN_INDEX.name,
    ScanIndexForward: false,
    KeyConditionExpression: 'o = :o',
    ExpressionAttributeValues: { ':o': { S: work } },
    ...(limit < PAGE && { Limit: limit }),
  })
  for await (const page of pages) yield* page.map((item: Item) => incidentKeyIn(item))
}
