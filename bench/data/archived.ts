import { zstdCompressSync } from 'node:zlib'
import type { ShopTrace } from '../../cli/demo/replay/traffic.ts'
import { traceRecord } from '../../shared/archive/trace-record.ts'

const MEBIBYTE = 1024 * 1024

/** The record of a trace that was judged once. */
export function archived({ traceId, startMs, chunk }: ShopTrace) {
  const filing = { atMs: startMs, by: 'start' as const }
  return traceRecord({
    traceId,
    chunks: [chunk],
    filing,
    revision: 1,
    reason: 'verdict',
    complete: true,
    truncated: false,
  })
}

/** The traces as OTLP, concatenated to about 1 MiB, each such frame compressed with zstd. */
export function* framesOf(traces: readonly ShopTrace[]): Generator<Buffer> {
  let frame: Uint8Array[] = []
  let size = 0
  for (const { chunk } of traces) {
    if (size + chunk.length > MEBIBYTE) {
      yield zstdCompressSync(Buffer.concat(frame))
      frame = []
      size = 0
    }
    frame.push(chunk)
    size += chunk.length
  }
  yield zstdCompressSync(Buffer.concat(frame))
}
