import { hash } from 'node:crypto'

/** What one request said of one trace: immutable once stored, a valid TracesData message. */
export interface Chunk {
  readonly traceId: string
  /** `c#<arrival ms, 13 digits>#<content hash>`: sorts by arrival, equal only for equal bytes in the same millisecond. */
  readonly key: string
  /** TracesData, protobuf encoded, not compressed. */
  readonly bytes: Uint8Array
  readonly spanCount: number
}

/** Makes the chunk of one trace in one request; `traceId` is lower-case hex, `arrivedAtMs` milliseconds since 1970. */
export function newChunk(traceId: string, arrivedAtMs: number, bytes: Uint8Array, spanCount: number): Chunk {
  const content = hash('sha256', bytes, 'hex').slice(0, 16)
  return { traceId, key: `c#${String(Math.trunc(arrivedAtMs)).padStart(13, '0')}#${content}`, bytes, spanCount }
}

/** When the chunk of this key arrived, in milliseconds since 1970. */
export function arrivalMs(key: string): number {
  return Number(key.slice(2, 15))
}

/** The part of a key that is equal for equal bytes, whenever they arrived. */
export function contentOf(key: string): string {
  return key.slice(16)
}
