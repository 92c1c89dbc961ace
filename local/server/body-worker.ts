import { parentPort } from 'node:worker_threads'
import { InputError } from '../../shared/errors.ts'
import type { OtlpErrorCode } from '../../shared/otlp/errors.ts'
import type { BodyType } from '../../shared/otlp/http.ts'
import type { RequestLimits } from '../../shared/otlp/limits.ts'
import { decompressBody, readContent } from '../../shared/otlp/read-body.ts'
import { columnsOf, type SplitColumns } from './split-columns.ts'

/** What the thread is asked, one at a time. */
export interface BodyTask {
  readonly body: Uint8Array
  readonly type: BodyType
  readonly limits: RequestLimits
}

/** What became of a body; `refused` is what was wrong with it. */
export type BodyReply =
  | { readonly split: SplitColumns }
  | { readonly refused: Pick<InputError<OtlpErrorCode>, 'code' | 'message' | 'hint'> }

/** What the thread sends for a body: how many bytes it has once it is past zlib and may be terminated, then the reply. */
export type BodyMessage = { readonly decompressedBytes: number } | BodyReply

parentPort?.on('message', ({ body, type, limits }: BodyTask) => {
  try {
    const content = decompressBody(body, type, limits)
    parentPort?.postMessage({ decompressedBytes: content.length } satisfies BodyMessage)
    reply(columnsOf(readContent(content, type, limits)))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const { code, message, hint } = error as InputError<OtlpErrorCode>
    parentPort?.postMessage({ refused: { code, message, hint } } satisfies BodyMessage)
  }
})

function reply(split: SplitColumns): void {
  const { traceIds, spanCounts, starts, ends, bytes } = split
  // Small buffers share one of Node's, which cannot be moved.
  const moved = bytes.byteLength > Buffer.poolSize ? [bytes] : []
  parentPort?.postMessage({ split } satisfies BodyMessage, [
    traceIds.buffer,
    spanCounts.buffer,
    starts.buffer,
    ends.buffer,
    ...moved,
  ])
}
