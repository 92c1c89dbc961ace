import type { Chunk } from './chunk.ts'
import type { Evaluator } from './evaluator.ts'
import { archiveBeyond, judgeLeased } from './judge-leased.ts'
import { releasedOnError } from './lease.ts'
import { publishPending, requirePublished } from './publish.ts'
import { readTrace } from './reading.ts'
import { StorageError } from './storage-error.ts'

/** What became of removed chunks; `seen`: nothing was left to do. */
export type RescueOutcome = 'seen' | 'republished' | 'rescued' | 'late' | 'history' | 'repeated' | 'beyond-limits'

/**
 * The backstop: some chunks of a trace were removed by their time to live. What no verdict took in is judged with what
 * is left of the trace (complete: false); signals still pending are sent. Throws a transient StorageError where another
 * evaluator has the trace: the removed chunks exist only in this call, so the caller has to come again with them.
 */
export async function onChunksRemoved(
  evaluator: Evaluator,
  traceId: string,
  removed: readonly Chunk[],
): Promise<RescueOutcome> {
  const marker = await evaluator.buffer.readMarker(traceId)
  const seen = new Set(marker?.seen)
  const pending = marker?.pending ?? []
  const unseen = removed.some((chunk) => !seen.has(chunk.key))
  const waits = marker?.waiting !== undefined
  if (pending.length === 0 && !unseen && !waits) return 'seen'
  if (pending.length === 0 && marker?.truncated === true && !waits) return 'beyond-limits'
  const nowMs = evaluator.clock()
  if (marker?.lease !== undefined && nowMs <= marker.lease.untilMs) throw busy(traceId)
  const token = evaluator.newToken()
  if (!(await evaluator.buffer.takeLease(traceId, marker, { token, untilMs: nowMs + evaluator.settings.leaseMs })))
    throw busy(traceId)
  return releasedOnError(evaluator, traceId, token, async () => {
    const unsent = await publishPending(evaluator, pending)
    if (!waits && (!unseen || marker?.truncated === true)) {
      if (!(await evaluator.buffer.settle(traceId, token, unsent))) throw busy(traceId)
      requirePublished(unsent)
      return 'republished'
    }
    const stored = await readTrace(evaluator, traceId, marker, removed, archiveBeyond(evaluator, traceId, marker))
    const outcome = await judgeLeased(evaluator, { traceId, token, marker, stored, unsent, rescued: true })
    if (outcome === 'lost' || outcome === 'continued') throw busy(traceId)
    return outcome === 'judged' ? 'rescued' : outcome
  })
}

function busy(traceId: string): StorageError {
  return new StorageError('unavailable', `trace ${traceId} is being judged; its removed chunks must wait`)
}
