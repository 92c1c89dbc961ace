import type { Evaluator } from './evaluator.ts'
import type { Timer } from './ports.ts'
import { onTraceTimer } from './protocol.ts'
import { StorageError } from './storage-error.ts'
import { onStormTimer } from './storm.ts'

const MAX_RETRY_DELAY_MS = 900_000

/**
 * Handles timers one by one; never throws. A timer that fails comes again by itself, later each time, and is buried
 * after its last attempt, so that it holds up no other. Returns those for which even that failed: they are still the
 * caller's, to be delivered again. `check` throws a StorageError where a timer cannot be handled as things are stored.
 */
export async function handleTimers(
  e: Evaluator,
  timers: readonly Timer[],
  check: (timer: Timer) => Promise<void> = async () => {},
): Promise<readonly Timer[]> {
  const undone: Timer[] = []
  for (const timer of timers) {
    try {
      await check(timer)
      const outcome = timer.kind === 'trace' ? await onTraceTimer(e, timer) : await onStormTimer(e, timer)
      e.metrics.add('timers', { outcome })
    } catch (error) {
      if (!(await setBack(e, timer, error))) undone.push(timer)
    }
  }
  return undone
}

async function setBack(e: Evaluator, timer: Timer, error: unknown): Promise<boolean> {
  const transient = error instanceof StorageError && error.transient
  const attempt = timer.attempt + 1
  const subject = timer.kind === 'trace' ? { traceId: timer.traceId } : { rule: timer.rule }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  e.metrics.add('timerFailures', { transient })
  e.log(transient ? 'warn' : 'error', 'timer failed', { ...subject, attempt, reason })
  try {
    if (attempt >= (transient ? e.settings.maxTransientAttempts : e.settings.maxAttempts)) {
      await e.timers.bury({ ...timer, attempt }, reason)
      e.metrics.add('timersBuried', {})
    } else {
      const delayMs = Math.min(e.settings.retryDelayMs * 2 ** timer.attempt, MAX_RETRY_DELAY_MS)
      await e.timers.arm([{ ...timer, attempt, dueAtMs: e.clock() + delayMs }])
    }
    return true
  } catch (armError) {
    e.log('error', 'failed timer could not be set back', { ...subject, reason: String(armError) })
    return false
  }
}
