import { deflateSync, inflateSync } from 'node:zlib'
import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import { type ExperimentEvent, eventKey, eventTimeMs } from '../../pipeline/experiment.ts'
import type { ExperimentStore, KeptVerdict, VerdictState } from '../../pipeline/experiment-store.ts'
import type { ExperimentVerdict } from '../../pipeline/experiment-verdict.ts'
import type { Clock } from '../../pipeline/ports.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'
import { expiry, type Item, PART_BYTES, tableKey } from '../buffer/buffer-items.ts'
import { type DynamoTable, queryPages, updateItem } from '../dynamo-requests.ts'

/*
 * In the buffer's table, beside the traces. Each event lies there twice: with its experiment, and in its month by time,
 * so that judging finds the windows of a few days by one request.
 *
 *   experiment#<id>      e#<key>               j the event as JSON, r when it was received
 *   experiments#<month>  e#<time>#<id>#<key>   the same
 *   experiment#<id>      verdict               j the verdict, deflated JSON; q sequence, b basis, p published; l last late trace
 *   experiments          turn                  u until when one function works on verdicts
 */

const KEPT_DAYS = 120
const AFTER_EVENTS = 'e#~'
/** A verdict inflates to no more than this. */
const MAX_VERDICT_BYTES = 64 * 1024 * 1024

/** What was said of experiments, and the verdicts on them, in DynamoDB. */
export class DynamoExperiments implements ExperimentStore {
  private readonly table: DynamoTable
  private readonly clock: Clock

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  async append(event: ExperimentEvent): Promise<void> {
    const key = eventKey(event)
    const { experiment, receivedAtMs } = event
    const received = { N: String(receivedAtMs) }
    const set = { j: { S: JSON.stringify(event) }, r: received, x: expiry(this.clock(), KEPT_DAYS) }
    const places = [
      tableKey(monthPartition(eventTimeMs(event)), `${timeKey(eventTimeMs(event))}#${experiment}#${key}`),
      tableKey(partitionOf(experiment), `e#${key}`),
    ]
    // Refused where it was received before.
    for (const place of places) {
      await updateItem(this.table, place, { set, condition: 'attribute_not_exists(#r) OR #r > :r' })
    }
  }

  eventsOf(experiment: string): Promise<readonly ExperimentEvent[]> {
    return this.events(partitionOf(experiment), 'e#', AFTER_EVENTS)
  }

  async eventsBetween(fromMs: number, toMs: number): Promise<readonly ExperimentEvent[]> {
    const partitions = monthsOf(fromMs, toMs).map(monthPartition)
    const found = await Promise.all(
      partitions.map((partition) => this.events(partition, timeKey(fromMs), timeKey(toMs))),
    )
    return found.flat()
  }

  private async events(partition: string, from: string, to: string): Promise<readonly ExperimentEvent[]> {
    const events: ExperimentEvent[] = []
    for await (const page of queryPages(this.table, partition, from, to)) {
      for (const { j } of page) events.push(JSON.parse(j?.S ?? '') as ExperimentEvent)
    }
    return events
  }

  async readVerdict(experiment: string): Promise<KeptVerdict | undefined> {
    const item = await this.verdictItem(experiment)
    const kept = keptOf(item)
    const packed = item?.j?.B
    if (kept === undefined || packed === undefined) return undefined
    const json = inflateSync(packed, { maxOutputLength: MAX_VERDICT_BYTES }).toString()
    return { ...kept, verdict: JSON.parse(json) as ExperimentVerdict }
  }

  async keepVerdict(experiment: string, { sequence, basis, published, verdict }: KeptVerdict): Promise<boolean> {
    const packed = deflateSync(JSON.stringify(verdict))
    if (packed.length > PART_BYTES) throw tooLarge(experiment, packed.length)
    const set = {
      j: { B: packed },
      q: { N: String(sequence) },
      b: { S: basis },
      p: { BOOL: published },
      x: expiry(this.clock(), KEPT_DAYS),
    }
    const again = '(#q = :q AND #b = :b)'
    const changed = await updateItem(this.table, verdictKey(experiment), {
      set,
      condition: sequence === 1 ? `attribute_not_exists(#q) OR ${again}` : `#q = :before OR ${again}`,
      ...(sequence > 1 && { values: { ':before': { N: String(sequence - 1) } } }),
    })
    return changed.refused === undefined
  }

  async noteLate(experiment: string, atMs: number): Promise<void> {
    await updateItem(this.table, verdictKey(experiment), {
      set: { l: { N: String(atMs) }, x: expiry(this.clock(), KEPT_DAYS) },
      condition: 'attribute_not_exists(#l) OR #l < :l',
    })
  }

  async stateOf(experiment: string): Promise<VerdictState> {
    const item = await this.verdictItem(experiment)
    return { kept: keptOf(item), lateMs: Number(item?.l?.N ?? 0) }
  }

  private async verdictItem(experiment: string): Promise<Item | undefined> {
    const get = new GetItemCommand({ TableName: this.table.name, Key: verdictKey(experiment), ConsistentRead: true })
    return (await asked('read the verdict on an experiment', this.table.client.send(get))).Item
  }

  /** True for one caller until `untilMs`, or until it ends its turn: work that others need not do at the same time. */
  async takeTurn(untilMs: number): Promise<boolean> {
    const { refused } = await updateItem(this.table, TURN, {
      set: { u: { N: String(untilMs) } },
      condition: 'attribute_not_exists(#u) OR #u < :now',
      values: { ':now': { N: String(this.clock()) } },
    })
    return refused === undefined
  }

  async endTurn(untilMs: number): Promise<void> {
    await updateItem(this.table, TURN, {
      set: { u: { N: '0' } },
      condition: '#u = :taken',
      values: { ':taken': { N: String(untilMs) } },
    })
  }
}

const TURN = tableKey('experiments', 'turn')

function partitionOf(experiment: string): string {
  return `experiment#${experiment}`
}

function monthPartition(atMs: number): string {
  return `experiments#${new Date(atMs).toISOString().slice(0, 7)}`
}

/** A moment of each month that has a part from `fromMs` to `toMs`. */
function monthsOf(fromMs: number, toMs: number): readonly number[] {
  const months: number[] = []
  const first = new Date(fromMs)
  for (let month = 0; ; month++) {
    const startMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month)
    if (startMs >= toMs && month > 0) return months
    months.push(startMs)
  }
}

/** Sorts by time; what happened at `toMs` sorts after the key of `toMs` alone. */
function timeKey(atMs: number): string {
  return `e#${String(Math.max(0, atMs)).padStart(13, '0')}`
}

function verdictKey(experiment: string): Item {
  return tableKey(partitionOf(experiment), 'verdict')
}

function keptOf(item: Item | undefined): VerdictState['kept'] {
  if (item?.q?.N === undefined) return undefined
  return { sequence: Number(item.q.N), basis: item.b?.S ?? '', published: item.p?.BOOL === true }
}

function tooLarge(experiment: string, bytes: number): StorageError {
  return new StorageError('too-large', `the verdict on ${experiment} has ${bytes} bytes`, {
    hint: 'name the rules it is about with --rule in betrace verify',
  })
}
