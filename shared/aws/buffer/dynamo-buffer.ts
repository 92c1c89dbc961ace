import { randomUUID } from 'node:crypto'
import { GetItemCommand } from '@aws-sdk/client-dynamodb'
import type { Chunk } from '../../pipeline/chunk.ts'
import type {
  Clock,
  CommittedJudgement,
  Lease,
  Marker,
  PendingSignal,
  RefusedChunk,
  TraceBuffer,
} from '../../pipeline/ports.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'
import { type DynamoTable, getItems, type ItemChange, putItems, queryPages, updateItem } from '../dynamo-requests.ts'
import {
  AFTER_CHUNKS,
  CHUNK_PREFIX,
  type ChunkItems,
  chunkItems,
  chunkOf,
  expiry,
  type Item,
  MARKER_DAYS,
  MARKER_KEY,
  partCount,
  partPrefix,
  tableKey,
} from './buffer-items.ts'
import { markerOf, type PackedValue, packValue, partSetPrefixes } from './marker-items.ts'

/** Parts of a marker outlive it however often it is renewed without being rewritten. */
const MARKER_PART_DAYS = 2 * MARKER_DAYS

/** The buffer in one DynamoDB table; its stream arms the timers. Item layout: buffer-items.ts and marker-items.ts. */
export class DynamoTraceBuffer implements TraceBuffer {
  private readonly table: DynamoTable
  private readonly clock: Clock

  constructor(table: DynamoTable, clock: Clock) {
    this.table = table
    this.clock = clock
  }

  async append(chunks: Iterable<Chunk>): Promise<readonly RefusedChunk[]> {
    // BatchWriteItem takes no key twice, and equal keys are equal chunks.
    const distinct = [...new Map(Array.from(chunks, (chunk) => [`${chunk.traceId}${chunk.key}`, chunk])).values()]
    const packed = distinct.map(chunkItems)
    const withoutParts = await this.putParts(packed)
    const heads = new Map(packed.filter((items) => !withoutParts.has(items)).map(({ head, chunk }) => [head, chunk]))
    const left = await putItems(this.table, [...heads.keys()])
    const leftKeys = new Set(left.map(keyText))
    const refused = [
      ...[...withoutParts].map(({ chunk }) => chunk),
      ...[...heads].filter(([head]) => leftKeys.has(keyText(head))).map(([, chunk]) => chunk),
    ]
    if (refused.length > 0 && refused.length === distinct.length) {
      throw new StorageError('throttled', 'the table takes no chunk of this request now')
    }
    return refused.map((chunk) => ({ chunk, reason: 'throttled' as const }))
  }

  /** Writes what large chunks need besides their heads; returns those whose parts are not all there. */
  private async putParts(packed: readonly ChunkItems[]): Promise<ReadonlySet<ChunkItems>> {
    const large = packed.filter(({ parts }) => parts.length > 0)
    if (large.length === 0) return new Set()
    const left = await putItems(
      this.table,
      large.flatMap(({ parts }) => parts),
    )
    const leftKeys = new Set(left.map(keyText))
    return new Set(large.filter(({ parts }) => parts.some((part) => leftKeys.has(keyText(part)))))
  }

  async readMarker(traceId: string): Promise<Marker | undefined> {
    const get = new GetItemCommand({
      TableName: this.table.name,
      Key: tableKey(traceId, MARKER_KEY),
      ConsistentRead: true,
    })
    const { Item } = await asked('read a marker', this.table.client.send(get))
    if (Item === undefined) return undefined
    const parts = new Map<string, readonly Item[]>()
    for (const prefix of partSetPrefixes(Item)) parts.set(prefix, await this.itemsUnder(traceId, prefix))
    return markerOf(Item, parts)
  }

  async newestChunkKey(traceId: string): Promise<string | undefined> {
    return this.firstKey(traceId, CHUNK_PREFIX, false)
  }

  async oldestChunkKey(traceId: string, after: string | undefined): Promise<string | undefined> {
    return this.firstKey(traceId, after === undefined ? CHUNK_PREFIX : `${after}!`, true)
  }

  private async firstKey(traceId: string, from: string, forward: boolean): Promise<string | undefined> {
    const options = { ScanIndexForward: forward, Limit: 1, ProjectionExpression: '#item' }
    for await (const [first] of queryPages(this.table, traceId, from, AFTER_CHUNKS, options)) return first?.item?.S
    return undefined
  }

  async *readChunks(traceId: string): AsyncGenerator<readonly Chunk[], void, void> {
    for await (const heads of queryPages(this.table, traceId, CHUNK_PREFIX, AFTER_CHUNKS)) {
      yield await this.chunksOf(heads)
    }
  }

  async readChunksByKey(traceId: string, keys: readonly string[]): Promise<readonly Chunk[]> {
    const heads = await getItems(
      this.table,
      [...new Set(keys)].map((key) => [traceId, key]),
    )
    return this.chunksOf(heads)
  }

  /** The chunk whose head is at hand although it is gone from the table, as a stream reports removals. */
  async chunkOfRemoved(head: Item): Promise<Chunk> {
    const [chunk] = await this.chunksOf([head])
    if (chunk === undefined) throw new StorageError('corrupt', 'a removed chunk has no head')
    return chunk
  }

  private async chunksOf(heads: readonly Item[]): Promise<readonly Chunk[]> {
    const chunks: Chunk[] = []
    for (const head of heads) {
      const large = partCount(head) > 0
      const parts = large ? await this.itemsUnder(head.trace?.S ?? '', partPrefix(head.item?.S ?? '')) : []
      chunks.push(chunkOf(head, parts))
    }
    return chunks
  }

  private async itemsUnder(traceId: string, prefix: string): Promise<readonly Item[]> {
    const items: Item[] = []
    for await (const page of queryPages(this.table, traceId, prefix, `${prefix}~`)) items.push(...page)
    return items
  }

  async takeLease(traceId: string, read: Marker | undefined, lease: Lease): Promise<boolean> {
    const taken = { ...this.renewal(), t: { S: lease.token }, u: { N: String(lease.untilMs) } }
    const set = read === undefined ? { ...taken, r: { N: '0' } } : taken
    return this.update(traceId, { set, ...unchangedSince(read) }, lease.token)
  }

  async commit(traceId: string, token: string, verdict: CommittedJudgement): Promise<boolean> {
    const { pending, ...rest } = verdict
    const judged = this.pack(traceId, rest)
    const waiting = pending.length === 0 ? undefined : this.pack(traceId, pending)
    await this.putMarkerParts([...judged.parts, ...(waiting?.parts ?? [])])
    return this.update(traceId, {
      set: { ...this.renewal(), v: judged.value, ...(waiting !== undefined && { q: waiting.value }) },
      remove: waiting === undefined ? ['q', 't', 'u'] : [],
      increase: ['r'],
      ...holding(token),
    })
  }

  async settle(traceId: string, token: string, pending: readonly PendingSignal[]): Promise<boolean> {
    const waiting = pending.length === 0 ? undefined : this.pack(traceId, pending)
    await this.putMarkerParts(waiting?.parts ?? [])
    return this.update(traceId, {
      set: { ...this.renewal(), ...(waiting !== undefined && { q: waiting.value }) },
      remove: waiting === undefined ? ['q', 't', 'u'] : ['t', 'u'],
      increase: ['r'],
      ...holding(token),
    })
  }

  async release(traceId: string, token: string): Promise<boolean> {
    return this.update(traceId, { set: this.renewal(), remove: ['t', 'u'], ...holding(token) })
  }

  private renewal(): Item {
    return { x: expiry(this.clock(), MARKER_DAYS) }
  }

  private pack(traceId: string, value: Parameters<typeof packValue>[2]): PackedValue {
    return packValue(traceId, randomUUID(), value, expiry(this.clock(), MARKER_PART_DAYS))
  }

  private async putMarkerParts(parts: readonly Item[]): Promise<void> {
    const left = await putItems(this.table, parts)
    if (left.length > 0) throw new StorageError('throttled', 'the table does not take a large marker now')
  }

  /** One conditional write of the marker; false where its condition does not hold. */
  private async update(traceId: string, change: ItemChange, wonBy?: string): Promise<boolean> {
    const { refused } = await updateItem(this.table, tableKey(traceId, MARKER_KEY), change)
    // The answer to an earlier try may have been lost, and the SDK asked again.
    return refused === undefined || (wonBy !== undefined && refused.t?.S === wonBy)
  }
}

function unchangedSince(read: Marker | undefined): Pick<ItemChange, 'condition' | 'names' | 'values'> {
  if (read === undefined) return { condition: 'attribute_not_exists(#trace)', names: { '#trace': 'trace' } }
  const { revision, lease } = read
  return {
    condition: `#r = :read AND ${lease === undefined ? 'attribute_not_exists(#t)' : '#t = :holder'}`,
    names: { '#r': 'r', '#t': 't' },
    values: { ':read': { N: String(revision) }, ...(lease !== undefined && { ':holder': { S: lease.token } }) },
  }
}

function holding(token: string): Pick<ItemChange, 'condition' | 'names' | 'values'> {
  return { condition: '#t = :token', names: { '#t': 't' }, values: { ':token': { S: token } } }
}

function keyText(item: Item): string {
  return `${item.trace?.S}${item.item?.S}`
}
