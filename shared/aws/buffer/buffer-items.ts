import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { arrivalMs, type Chunk } from '../../pipeline/chunk.ts'
import { packChunk, unpackChunk } from '../../pipeline/chunk-codec.ts'
import { StorageError } from '../../pipeline/storage-error.ts'

/*
 * One table. Partition `trace` is the trace id; sort key `item` says what lies there. DynamoDB bills whole kilobytes,
 * so the names of the other attributes are one letter:
 *
 *   c#<arrival ms>#<hash>        a chunk: p packed bytes, n spans, k parts (if more than one), x expiry in seconds
 *   d#<arrival ms>#<hash>#<i>    part i of a chunk larger than an item, written before its c#
 *   m                            the marker
 *   s#<set>#<i>                  part i of what is too large for the marker, written before the marker names it
 */
export type Item = Record<string, AttributeValue>

/** Stream filters and event sources know chunks by this. */
export const CHUNK_PREFIX = 'c#'
/** Sorts after every chunk key. */
export const AFTER_CHUNKS = 'c#~'
export const MARKER_KEY = 'm'
/** The table's keys and expiry attribute, as the stack declares them. */
export const TABLE_KEYS = { partition: 'trace', sort: 'item', expiry: 'x' } as const

const DAY_SECONDS = 24 * 3600
const CHUNK_DAYS = 7
export const MARKER_DAYS = 21
/** DynamoDB takes items of 400 KB, names and keys included. */
export const PART_BYTES = 350 * 1024
/** A packed chunk may inflate to what one request may hold, no further. */
const MAX_CHUNK_BYTES = 128 * 1024 * 1024

/** A chunk as it lies in the table: its head, and the parts that must be there first. */
export interface ChunkItems {
  readonly chunk: Chunk
  readonly head: Item
  readonly parts: readonly Item[]
}

/** Packs a chunk for the table, in as few items as can hold it. */
export function chunkItems(chunk: Chunk): ChunkItems {
  const [first = new Uint8Array(), ...rest] = cutBytes(packChunk(chunk.bytes))
  const expirySeconds = Math.ceil(arrivalMs(chunk.key) / 1000) + CHUNK_DAYS * DAY_SECONDS
  const head: Item = {
    ...tableKey(chunk.traceId, chunk.key),
    p: { B: first },
    n: { N: String(chunk.spanCount) },
    x: { N: String(expirySeconds) },
    ...(rest.length > 0 && { k: { N: String(rest.length + 1) } }),
  }
  // A day longer than the head, so that a rescue of the head still finds them.
  const partExpiry = { N: String(expirySeconds + DAY_SECONDS) }
  const parts = rest.map(
    (part, i): Item => ({
      ...tableKey(chunk.traceId, `${partPrefix(chunk.key)}${String(i + 1).padStart(4, '0')}`),
      p: { B: part },
      x: partExpiry,
    }),
  )
  return { chunk, head, parts }
}

/** How many parts a chunk's head names besides itself. */
export function partCount(head: Item): number {
  return head.k?.N === undefined ? 0 : Number(head.k.N) - 1
}

/** The chunk in a head and its parts, in order; StorageError `corrupt` if one is missing or damaged. */
export function chunkOf(head: Item, parts: readonly Item[]): Chunk {
  const traceId = head.trace?.S
  const key = head.item?.S
  const packed = joinBytes([head, ...parts].map((item) => item.p?.B))
  if (traceId === undefined || key === undefined || packed === undefined || parts.length !== partCount(head)) {
    throw new StorageError(
      'corrupt',
      `chunk ${traceId} ${key} is not whole: ${parts.length} of ${partCount(head)} parts`,
    )
  }
  return { traceId, key, bytes: unpackChunk(packed, MAX_CHUNK_BYTES), spanCount: Number(head.n?.N ?? 0) }
}

/** Sort keys of a chunk's further parts begin so. */
export function partPrefix(chunkKey: string): string {
  return `d#${chunkKey.slice(CHUNK_PREFIX.length)}#`
}

export function tableKey(partition: string, sort: string): Item {
  return { [TABLE_KEYS.partition]: { S: partition }, [TABLE_KEYS.sort]: { S: sort } }
}

/** The time the given number of days from now, in seconds since 1970. */
export function expiry(nowMs: number, days: number): AttributeValue {
  return { N: String(Math.ceil(nowMs / 1000) + days * DAY_SECONDS) }
}

/** What an item takes in a request: its bytes, and its names, keys and numbers at their greatest. */
export function itemBytes(item: Item): number {
  return (item.p?.B?.length ?? 0) + 256
}

/** Cuts bytes into runs that one item can hold; no bytes are one empty run. */
export function cutBytes(bytes: Uint8Array): readonly Uint8Array[] {
  const runs: Uint8Array[] = []
  for (let at = 0; at === 0 || at < bytes.length; at += PART_BYTES) runs.push(bytes.subarray(at, at + PART_BYTES))
  return runs
}

/** Undefined if any run is missing. */
export function joinBytes(runs: readonly (Uint8Array | undefined)[]): Uint8Array | undefined {
  const [first] = runs
  if (runs.length === 1) return first
  return runs.some((run) => run === undefined) ? undefined : Buffer.concat(runs as readonly Uint8Array[])
}
