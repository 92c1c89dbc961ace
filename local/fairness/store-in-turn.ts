import type { OtlpResponse, RequestHead } from '../../shared/otlp/http.ts'
import { type IngestDeps, ingest, type Refusal } from '../../shared/pipeline/ingest.ts'
import { type BodyThread, readSmallBody } from '../server/body-thread.ts'
import type { RequestTurns } from './request-turns.ts'
import type { Sender } from './senders.ts'

export interface InTurn {
  readonly ingest: IngestDeps
  /** Reads bodies that are too large to be read here. */
  readonly bodies: Pick<BodyThread, 'read'>
  readonly turns: RequestTurns
  /**
   * Returns a refusal where the sender may not store this number of traces now; `bytes` is what they and everything
   * being stored take.
   */
  readonly refusing: (sender: Sender, traces: number, bytes: number) => Refusal | undefined
}

/** What was read of a body so far. */
export interface Taken {
  readonly sender: Sender
  readonly parts: Buffer[]
  bytes: number
}

/** Bodies of more bytes wait for their turn apart from the others. */
const LARGE_BODY_BYTES = 64 * 1024
/** What a chunk takes besides its bytes: in memory, and as a row with its index entries and timer. */
const CHUNK_OVERHEAD_BYTES = 512

/** Takes in the spans of a body when it is its sender's turn, and notes what the sender has in hand meanwhile. */
export function storeInTurn(head: RequestHead, taken: Taken, served: InTurn): Promise<OtlpResponse> {
  const { ingest: deps, bodies, turns, refusing } = served
  const { sender, parts, bytes: bodyBytes } = taken
  const lane = bodyBytes > LARGE_BODY_BYTES ? sender.lanes.large : sender.lanes.small
  return turns.run(lane, async () => {
    const held = { chunks: 0, bytes: 0 }
    const admit: IngestDeps['admit'] = (chunks) => {
      const needed = chunks.reduce((sum, { bytes }) => sum + bytes.length + CHUNK_OVERHEAD_BYTES, 0)
      const refusal = refusing(sender, chunks.length, turns.heldBytes + needed)
      if (refusal !== undefined) return refusal
      held.chunks = chunks.length
      held.bytes = needed
      sender.storing += held.chunks
      turns.hold(lane, held.bytes)
      return undefined
    }
    const readBody: IngestDeps['readBody'] = async (body, type, limits) => {
      const small = readSmallBody(body, type, limits)
      if (small !== undefined) return small
      // Until it is known how much comes of it, it may be all that a request may take.
      turns.hold(lane, limits.maxSplitBytes)
      try {
        return await bodies.read(body, type, limits)
      } finally {
        turns.hold(lane, -limits.maxSplitBytes)
      }
    }
    const buffer: IngestDeps['buffer'] = { append: (chunks) => deps.buffer.append(chunks, sender.flow) }
    try {
      const body = Buffer.concat(parts.splice(0), bodyBytes)
      return await ingest({ ...head, body }, { ...deps, readBody, buffer, admit })
    } finally {
      sender.storing -= held.chunks
      turns.hold(lane, -held.bytes)
    }
  })
}
