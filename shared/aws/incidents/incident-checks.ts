import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import type { Clock } from '../../pipeline/ports.ts'
import { asked } from '../aws-failure.ts'
import { expiry } from '../buffer/buffer-items.ts'
import { allPages, type DynamoTable, updateItem } from '../dynamo-requests.ts'
import { ENDED_DAYS, incidentItemKey, OPEN_INDEX, sortableMs, WORK } from './incident-items.ts'

/** When somebody looks at an incident next, and at which of its versions. */
export interface IncidentCheck {
  readonly key: string
  readonly version: number
  readonly dueAtMs: number
}

const PREFIX = 'c#'

/** The next look at each incident, beside the timer that brings it: what is lost with a timer is found here. */
export class IncidentChecks {
  private readonly table: DynamoTable
  private readonly clock: Clock

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  /** When the next look is due; undefined where none is. */
  async dueAtMs(key: string): Promise<number | undefined> {
    const get = new GetItemCommand({ TableName: this.table.name, Key: checkItemKey(key), ConsistentRead: true })
    const { Item } = await asked('read when an incident is looked at', this.table.client.send(get))
    return Item?.n?.S === undefined ? undefined : Number(Item.n.S)
  }

  /** Notes the next look; false where a newer version has one. */
  async set({ key, version, dueAtMs }: IncidentCheck): Promise<boolean> {
    const { refused } = await updateItem(this.table, checkItemKey(key), {
      set: { o: { S: WORK.check }, n: { S: sortableMs(dueAtMs) }, v: { N: String(version) }, x: this.expiry() },
      condition: 'attribute_not_exists(#v) OR #v <= :v',
    })
    return refused === undefined
  }

  /** Notes that nobody has to look, unless a newer version asks for it. */
  async end(key: string, version: number): Promise<void> {
    await updateItem(this.table, checkItemKey(key), {
      set: { v: { N: String(version) }, x: this.expiry() },
      remove: ['o', 'n'],
      condition: 'attribute_not_exists(#v) OR #v <= :v',
    })
  }

  private expiry() {
    return expiry(this.clock(), ENDED_DAYS)
  }

  /** All looks to come; may be a little behind. */
  async all(): Promise<readonly IncidentCheck[]> {
    const found: IncidentCheck[] = []
    const pages = allPages(this.table, {
      IndexName: OPEN_INDEX.name,
      KeyConditionExpression: 'o = :o',
      ExpressionAttributeValues: { ':o': { S: WORK.check } },
    })
    for await (const page of pages) {
      for (const { pk, n, v } of page) {
        found.push({ key: (pk?.S ?? '').slice(PREFIX.length), version: Number(v?.N), dueAtMs: Number(n?.S) })
      }
    }
    return found
  }
}

function checkItemKey(key: string) {
  return incidentItemKey(`${PREFIX}${key}`)
}
