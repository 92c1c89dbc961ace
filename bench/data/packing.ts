import { deflateSync } from 'node:zlib'
import { chunkItems, type Item } from '../../shared/aws/buffer/buffer-items.ts'
import type { Chunk } from '../../shared/pipeline/chunk.ts'
import { packChunk } from '../../shared/pipeline/chunk-codec.ts'

/** DynamoDB bills a write by this, each item rounded up. */
const UNIT_BYTES = 1024
/** Names, keys, count and expiry of a chunk's item. */
const ITEM_BYTES = 84
/** As much as deflate looks back. */
const WINDOW_BYTES = 32 * 1024

/** What chunks take, a chunk on average. */
export interface Packing {
  readonly chunks: number
  readonly spans: number
  readonly rawBytes: number
  /** By the codec as it is. */
  readonly packedBytes: number
  /** By the same compression without the dictionary. */
  readonly plainBytes: number
  /**
   * With a dictionary of other chunks of the same service in place of ours: what no list of words that is made before
   * the traffic is known gets below.
   */
  readonly boundBytes: number
  readonly writeUnits: number
  /** Write units with that other dictionary. */
  readonly boundWriteUnits: number
}

/** Packs chunks for the table in every way that is compared. */
export function packing(chunks: readonly Chunk[]): Packing {
  const even = chunks.filter((_, index) => index % 2 === 0)
  const odd = chunks.filter((_, index) => index % 2 === 1)
  const bounds = [...boundsOf(even, odd), ...boundsOf(odd, even)]
  return {
    chunks: chunks.length,
    spans: averageOf(chunks, ({ spanCount }) => spanCount),
    rawBytes: averageOf(chunks, ({ bytes }) => bytes.length),
    packedBytes: averageOf(chunks, ({ bytes }) => packChunk(bytes).length),
    plainBytes: averageOf(chunks, ({ bytes }) => plainPacked(bytes).length),
    boundBytes: averageOf(bounds, (bytes) => bytes),
    writeUnits: averageOf(chunks, writeUnits),
    boundWriteUnits: averageOf(bounds, (bytes) => Math.ceil((bytes + ITEM_BYTES) / UNIT_BYTES)),
  }
}

/** What the codec does, without the dictionary; it has a version byte too. */
function plainPacked(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(0), deflateSync(bytes, { level: 6 })])
}

function boundsOf(packed: readonly Chunk[], known: readonly Chunk[]): readonly number[] {
  const dictionary = Buffer.concat(known.map(({ bytes }) => bytes)).subarray(-WINDOW_BYTES)
  return packed.map(({ bytes }) => deflateSync(bytes, { dictionary, level: 9 }).length + 1)
}

/** What DynamoDB bills for writing a chunk, its names and keys included. */
export function writeUnits(chunk: Chunk): number {
  const { head, parts } = chunkItems(chunk)
  return [head, ...parts].reduce((sum, item) => sum + Math.ceil(billedBytes(item) / UNIT_BYTES), 0)
}

/** Names and text as UTF-8, bytes as they are; a number takes a byte for two digits, and one more. */
function billedBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, { S, B, N }]) => {
    const text = S === undefined ? 0 : Buffer.byteLength(S)
    const digits = N === undefined ? 0 : Math.ceil(N.length / 2) + 1
    return sum + Buffer.byteLength(name) + text + digits + (B?.length ?? 0)
  }, 0)
}

function averageOf<Each>(items: readonly Each[], of: (item: Each) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0) / items.length
}
