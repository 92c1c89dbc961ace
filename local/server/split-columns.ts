import type { SpanRejection, SplitBody, TraceChunk } from '../../shared/otlp/split.ts'

/** A request taken apart, a column a property: it goes from thread to thread without an object for every trace. */
export interface SplitColumns extends Omit<SplitBody, 'chunks' | 'rejected'> {
  /** 16 bytes a trace. */
  readonly traceIds: Uint8Array<ArrayBuffer>
  readonly spanCounts: Int32Array<ArrayBuffer>
  /** Where the bytes of each chunk start in `bytes`, and where they end. */
  readonly starts: Int32Array<ArrayBuffer>
  readonly ends: Int32Array<ArrayBuffer>
  readonly bytes: ArrayBuffer
  readonly rejected: readonly (readonly [SpanRejection, number])[]
}

const ID_BYTES = 16

export function columnsOf({ chunks, rejected, ...counts }: SplitBody): SplitColumns {
  const traceIds = Buffer.from(new ArrayBuffer(ID_BYTES * chunks.length))
  const spanCounts = new Int32Array(chunks.length)
  const starts = new Int32Array(chunks.length)
  const ends = new Int32Array(chunks.length)
  for (const [index, { traceId, spanCount, bytes }] of chunks.entries()) {
    traceIds.write(traceId, ID_BYTES * index, 'hex')
    spanCounts[index] = spanCount
    starts[index] = bytes.byteOffset
    ends[index] = bytes.byteOffset + bytes.length
  }
  const bytes = (chunks[0]?.bytes.buffer ?? new ArrayBuffer(0)) as ArrayBuffer
  return { traceIds, spanCounts, starts, ends, bytes, rejected: [...rejected], ...counts }
}

export function splitOf({ traceIds, spanCounts, starts, ends, bytes, rejected, ...counts }: SplitColumns): SplitBody {
  const ids = Buffer.from(traceIds.buffer, traceIds.byteOffset, traceIds.length)
  const chunks = Array.from(spanCounts, (spanCount, index): TraceChunk => {
    const start = starts[index] as number
    return {
      traceId: ids.toString('hex', ID_BYTES * index, ID_BYTES * (index + 1)),
      bytes: new Uint8Array(bytes, start, (ends[index] as number) - start),
      spanCount,
    }
  })
  return { chunks, rejected: new Map(rejected), ...counts }
}
