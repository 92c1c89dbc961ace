import { createHash } from 'node:crypto'
import { GetItemCommand, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { type Gather, gather } from '../../concurrency/batch.ts'
import type { Clock, StormEntry, StormLedger, StormSample, StormWindow } from '../../pipeline/ports.ts'
import { asked, conditionFailed, storageFailure } from '../aws-failure.ts'
import { expiry, type Item, tableKey } from '../buffer/buffer-items.ts'
import type { DynamoTable } from '../dynamo-requests.ts'

/*
 * One item a rule and window, beside the traces: c signals so far, a armed, d digest sent, s samples (JSON each), x expiry.
 */

const SORT_KEY = 'storm'
const KEPT_DAYS = 7
const MAX_SAMPLES = 5
const STEPS = { armed: 'a', sent: 'd' } as const

/** Counts storms in the buffer's table, over all evaluators at once. */
export class DynamoStormLedger implements StormLedger {
  private readonly table: DynamoTable
  private readonly clock: Clock
  private readonly counters = new Map<string, Counter>()

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  async admit(entry: StormEntry): Promise<StormWindow> {
    const window = await this.count(entry.rule, entry.windowStartMs)
    if (window.count <= entry.limit || window.samples.length >= MAX_SAMPLES) return window
    if (window.samples.some(({ id }) => id === entry.sample.id)) return window
    return { ...(await this.addSample(entry)), count: window.count }
  }

  /**
   * Adds 1. An item takes 1,000 writes a second and a storm is when many come at once, so while one write is under
   * way further signals wait for it and are counted together.
   */
  private count(rule: string, windowStartMs: number): Promise<StormWindow> {
    const known = this.counters.get(rule)
    const counter = known?.windowStartMs === windowStartMs ? known : this.newCounter(rule, windowStartMs)
    return counter.add(undefined)
  }

  private newCounter(rule: string, windowStartMs: number): Counter {
    const flush = async (signals: readonly undefined[]) => {
      const { count, ...window } = await this.add(rule, windowStartMs, signals.length)
      return signals.map((_, i) => ({ ...window, count: count - signals.length + i + 1 }))
    }
    const limits = { maxItems: 10_000, maxBytes: 10_000, sizeBytes: () => 1 }
    const counter = { windowStartMs, add: gather(flush, limits) }
    this.counters.set(rule, counter)
    return counter
  }

  private async add(rule: string, windowStartMs: number, amount: number): Promise<StormWindow> {
    const after = await this.update(rule, windowStartMs, {
      UpdateExpression: 'SET #x = :x ADD #c :amount',
      ExpressionAttributeNames: { '#x': 'x', '#c': 'c' },
      ExpressionAttributeValues: { ':x': expiry(this.clock(), KEPT_DAYS), ':amount': { N: String(amount) } },
    })
    return windowOf(after)
  }

  private async addSample({ rule, windowStartMs, sample }: StormEntry): Promise<StormWindow> {
    const after = await this.update(rule, windowStartMs, {
      UpdateExpression: 'SET #s = list_append(if_not_exists(#s, :none), :sample)',
      ConditionExpression: `attribute_not_exists(#s) OR size(#s) < :most`,
      ExpressionAttributeNames: { '#s': 's' },
      ExpressionAttributeValues: {
        ':none': { L: [] },
        ':sample': { L: [{ S: JSON.stringify(sample) }] },
        ':most': { N: String(MAX_SAMPLES) },
      },
    })
    return windowOf(after)
  }

  async mark(rule: string, windowStartMs: number, step: 'armed' | 'sent'): Promise<void> {
    await this.update(rule, windowStartMs, {
      UpdateExpression: 'SET #step = :yes',
      ExpressionAttributeNames: { '#step': STEPS[step] },
      ExpressionAttributeValues: { ':yes': { BOOL: true } },
    })
  }

  async read(rule: string, windowStartMs: number): Promise<StormWindow | undefined> {
    const get = new GetItemCommand({
      TableName: this.table.name,
      Key: stormKey(rule, windowStartMs),
      ConsistentRead: true,
    })
    const { Item } = await asked('read a storm window', this.table.client.send(get))
    return Item === undefined ? undefined : windowOf(Item)
  }

  /** The item after the change, or as it was where the condition refused the change. */
  private async update(rule: string, windowStartMs: number, change: Partial<UpdateItemCommandInput>): Promise<Item> {
    const update = new UpdateItemCommand({
      ...change,
      TableName: this.table.name,
      Key: stormKey(rule, windowStartMs),
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    try {
      return (await this.table.client.send(update)).Attributes ?? {}
    } catch (cause) {
      if (!conditionFailed(cause)) throw storageFailure('write a storm window', cause)
      return (cause as { readonly Item?: Item }).Item ?? {}
    }
  }
}

/** Counts the signals of a rule in its current window. */
interface Counter {
  readonly windowStartMs: number
  readonly add: Gather<undefined, StormWindow>
}

/** A rule's name may be longer than a key. */
function stormKey(rule: string, windowStartMs: number): Item {
  const digest = createHash('sha256').update(rule).digest('hex').slice(0, 32)
  return tableKey(`storm#${windowStartMs}#${digest}`, SORT_KEY)
}

function windowOf(item: Item): StormWindow {
  return {
    count: Number(item.c?.N ?? 0),
    armed: item[STEPS.armed]?.BOOL === true,
    sent: item[STEPS.sent]?.BOOL === true,
    samples: (item.s?.L ?? []).map((sample) => JSON.parse(sample.S ?? '') as StormSample),
  }
}
