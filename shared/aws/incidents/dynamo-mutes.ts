import { type NamedMute, readStoredMute, type StoredMute } from '../../incidents/mutes/stored-mute.ts'
import type { Clock } from '../../pipeline/ports.ts'
import { expiry, type Item } from '../buffer/buffer-items.ts'
import { allPages, type DynamoTable, updateItem } from '../dynamo-requests.ts'
import { AFTER_TIMES, incidentItemKey, sortableMs } from './incident-items.ts'

const PARTITION = 'mutes'
const LISTED_DAYS = 30
const DAY_MS = 24 * 3_600_000

/** Mutes that were made by command, in DynamoDB. */
export class DynamoMutes {
  private readonly table: DynamoTable
  private readonly clock: Clock

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  /** Those that hold at a time. One that was removed holds no more, whatever the clock of whoever removed it. */
  async active(nowMs: number): Promise<readonly NamedMute[]> {
    const stored = await this.endingAfter(nowMs)
    return stored.filter(({ removedMs }) => removedMs === undefined).flatMap((mute) => readStoredMute(mute) ?? [])
  }

  /** All by when they were made, the newest first. */
  async list(limit: number): Promise<readonly StoredMute[]> {
    const stored = await this.endingAfter(this.clock() - LISTED_DAYS * DAY_MS)
    return stored.toSorted((a, b) => b.madeMs - a.madeMs || (a.id < b.id ? -1 : 1)).slice(0, limit)
  }

  async read(id: string): Promise<StoredMute | undefined> {
    return (await this.found(id))?.mute
  }

  /** Stores a mute, which every look at an incident sees from then on. */
  async add(mute: StoredMute): Promise<void> {
    await updateItem(this.table, muteItemKey(mute), {
      set: { j: { S: JSON.stringify(mute) }, x: expiry(mute.untilMs, LISTED_DAYS) },
      condition: 'attribute_not_exists(#j)',
    })
  }

  /** Ends a mute; undefined where it does not hold. */
  async remove(id: string, nowMs: number): Promise<StoredMute | undefined> {
    const { mute, key } = (await this.found(id)) ?? {}
    if (mute === undefined || key === undefined || mute.untilMs <= nowMs) return undefined
    const removed = { ...mute, untilMs: nowMs, removedMs: nowMs }
    const { refused } = await updateItem(this.table, key, {
      set: { j: { S: JSON.stringify(removed) }, x: expiry(nowMs, LISTED_DAYS) },
      condition: '#j = :before',
      values: { ':before': { S: JSON.stringify(mute) } },
    })
    return refused === undefined ? removed : undefined
  }

  /** Those that somebody removed from a time on, before they ended. */
  async removedSince(sinceMs: number): Promise<readonly StoredMute[]> {
    const stored = await this.endingAfter(sinceMs)
    return stored.filter(({ removedMs }) => removedMs !== undefined && removedMs >= sinceMs)
  }

  private async found(id: string): Promise<{ readonly mute: StoredMute; readonly key: Item } | undefined> {
    for await (const { pk, sk, mute } of this.items(0)) {
      if (mute.id === id) return { mute, key: { pk, sk } }
    }
    return undefined
  }

  /** By when they would end if nobody removed them. */
  private async endingAfter(ms: number): Promise<readonly StoredMute[]> {
    const found: StoredMute[] = []
    for await (const { mute } of this.items(ms + 1)) found.push(mute)
    return found
  }

  private async *items(fromMs: number) {
    const pages = allPages(this.table, {
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':pk': { S: PARTITION },
        ':from': { S: sortableMs(fromMs) },
        ':to': { S: AFTER_TIMES },
      },
    })
    for await (const page of pages) {
      for (const { pk, sk, j } of page) {
        if (pk !== undefined && sk !== undefined && j?.S !== undefined) {
          yield { pk, sk, mute: JSON.parse(j.S) as StoredMute }
        }
      }
    }
  }
}

/** Named by when it was to end: whoever asks for those that hold reads no others. */
function muteItemKey({ id, untilMs }: StoredMute): Item {
  return incidentItemKey(PARTITION, `${sortableMs(untilMs)}#${id}`)
}
