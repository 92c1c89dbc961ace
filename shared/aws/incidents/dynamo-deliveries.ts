import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { type DeliveryId, type DeliveryRow, isOver, type StoredDelivery } from '../../incidents/delivery.ts'
import type { Clock } from '../../pipeline/ports.ts'
import { asked } from '../aws-failure.ts'
import { expiry, type Item } from '../buffer/buffer-items.ts'
import { allPages, type DynamoTable, updateItem } from '../dynamo-requests.ts'
import { ENDED_DAYS, incidentItemKey, OPEN_INDEX, sortableMs, WORK } from './incident-items.ts'

/** A delivery that is not over, and when somebody looks at it; undefined for when the incident changes. */
export interface OpenDelivery {
  readonly id: DeliveryId
  readonly dueAtMs: number | undefined
}

const PREFIX = 'd#'
const NOTIFY_ITEM = incidentItemKey('notify')
/** Sorts behind every time: a receiver that was notified is due once the incident changes. */
const WITH_THE_INCIDENT = 'open'
const EPISODE_DIGITS = 9

/** What receivers were notified of incidents, in DynamoDB. */
export class DynamoDeliveries {
  private readonly table: DynamoTable
  private readonly clock: Clock

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  async read(id: DeliveryId): Promise<DeliveryRow | undefined> {
    return rowIn(await this.item(deliveryItemKey(id)))
  }

  private async item(Key: Item): Promise<Item | undefined> {
    const get = new GetItemCommand({ TableName: this.table.name, Key, ConsistentRead: true })
    return (await asked('read a delivery', this.table.client.send(get))).Item
  }

  /** The version of notify.yaml that open incidents were last routed by; empty before the first. */
  async notifyVersion(): Promise<string> {
    return (await this.item(NOTIFY_ITEM))?.e?.S ?? ''
  }

  async noteNotifyVersion(version: string): Promise<void> {
    await updateItem(this.table, NOTIFY_ITEM, {
      set: { e: { S: version } },
      condition: 'attribute_not_exists(#e) OR #e <> :e',
    })
  }

  /** Writes a row in place of the one whose version is one less; false where that is not what is there. */
  async write(id: DeliveryId, row: DeliveryRow): Promise<boolean> {
    const { dueAtMs, version } = row
    const over = isOver(row)
    const isIndexed = dueAtMs !== undefined || !over
    const due = dueAtMs === undefined ? WITH_THE_INCIDENT : sortableMs(dueAtMs)
    const { refused } = await updateItem(this.table, deliveryItemKey(id), {
      set: {
        j: { S: JSON.stringify(row) },
        v: { N: String(version) },
        ...(isIndexed && { o: { S: WORK.delivery }, n: { S: due } }),
        ...(over && { x: expiry(this.clock(), ENDED_DAYS) }),
      },
      remove: [...(isIndexed ? [] : ['o', 'n']), ...(over ? [] : ['x'])],
      condition: version === 1 ? 'attribute_not_exists(#v)' : '#v = :before',
      ...(version > 1 && { values: { ':before': { N: String(version - 1) } } }),
    })
    return refused === undefined
  }

  /** The deliveries of an incident, of all its episodes. */
  async of(key: string): Promise<readonly StoredDelivery[]> {
    const found: StoredDelivery[] = []
    const pages = allPages(this.table, {
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: `${PREFIX}${key}` } },
    })
    for await (const page of pages) {
      for (const item of page) {
        const row = rowIn(item)
        if (row !== undefined) found.push({ id: deliveryIdIn(item), row })
      }
    }
    return found
  }

  /** All deliveries that are not over; may be a little behind. */
  async allOpen(): Promise<readonly OpenDelivery[]> {
    const found: OpenDelivery[] = []
    const pages = allPages(this.table, {
      IndexName: OPEN_INDEX.name,
      KeyConditionExpression: 'o = :o',
      ExpressionAttributeValues: { ':o': { S: WORK.delivery } },
    })
    for await (const page of pages) {
      for (const item of page) {
        const due = item.n?.S
        found.push({ id: deliveryIdIn(item), dueAtMs: due === WITH_THE_INCIDENT ? undefined : Number(due) })
      }
    }
    return found
  }
}

function deliveryItemKey({ key, episode, receiver }: DeliveryId): Item {
  return incidentItemKey(`${PREFIX}${key}`, `${String(episode).padStart(EPISODE_DIGITS, '0')}#${receiver}`)
}

function deliveryIdIn({ pk, sk }: Item): DeliveryId {
  const [episode = '', ...receiver] = (sk?.S ?? '').split('#')
  return { key: (pk?.S ?? '').slice(PREFIX.length), episode: Number(episode), receiver: receiver.join('#') }
}

function rowIn(item: Item | undefined): DeliveryRow | undefined {
  return item?.j?.S === undefined ? undefined : (JSON.parse(item.j.S) as DeliveryRow)
}
