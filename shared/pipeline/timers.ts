import { backoffMs } from '../concurrency/backoff.ts'
import type { Evaluator } from './evaluator.ts'
import type { Timer } from './ports.ts'
import { onTraceTimer } from './protocol.ts'
import { StorageError } from './storage-error.ts'

const MAX_RETRY_DELAY_MS = 900_000

/**
 * Handles timers one by one; never throws. A timer that fails is armed again, later each time, and is buried
 * after its last attempt, so that it holds up no other. Returns those for which even that failed: they are still the
 * caller's, to be delivered again. `check` throws a StorageError where a timer cannot be handled as things are stored.
 */
export async function handleTimers(
  evaluator: Evaluator,
  timers: readonly Timer[],
  check: (timer: Timer) => Promise<void> = async () => {},
): Promise<readonly Timer[]> {
  const undone: Timer[] = []
  for (const timer of timers) {
    try {
      await check(timer)
      const outcome = await onTraceTimer(evaluator, timer)
      evaluator.metrics.add('timers', { outcome })
    } catch (error) {
      if (!(await setBack(evaluator, timer, error))) undone.push(timer)
    }
  }
  return undone
}

async function setBack(evaluator: Evaluator, timer: Timer, error: unknown): Promise<boolean> {
  const transient = error instanceof StorageError && error.transient
  const attempt = timer.attempt + 1
  const subject = { traceId: timer.traceId }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  evaluator.metrics.add('timerFailures', { transient })
  evaluator.log(transient ? 'warn' : 'error', 'timer failed', { ...subject, attempt, reason })
  try {
    if (attempt >= (transient ? evaluator.settings.maxTransientAttempts : evaluator.settings.maxAttempts)) {
      await evaluator.timers.bury({ ...timer, attempt }, reason)
      evaluator.metrics.add('timersBuried', {})
    } else {
      const delayMs = backoffMs(attempt, { firstMs: evaluator.settings.retryDelayMs, mostMs: MAX_RETRY_DELAY_MS })
      await evaluator.timers.arm([{ ...timer, attempt, dueAtMs: evaluator.clock() + delayMs }])
    }
    return true
  } catch (armError) {
    evaluator.log('error', 'failed timer could not be set back', { ...subject, reason: String(armError) })
    return false
  }
}

/** Joins timers of one trace into one: all their chunks, due with the last, as often tried as the most tried. */
export function joinedTimer(timers: readonly [Timer, ...Timer[]]): Timer {
  const [first] = timers
  return {
    ...first,
    chunkKeys: [...new Set(timers.flatMap(({ chunkKeys }) => chunkKeys))],
    dueAtMs: Math.max(...timers.map(({ dueAtMs }) => dueAtMs)),
    attempt: Math.max(...timers.map(({ attempt }) => attempt)),
  }
}
