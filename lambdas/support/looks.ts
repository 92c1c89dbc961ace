import type { IncidentTimer } from '../../shared/aws/buffer/timer-message.ts'
import { type LookDeps, lookAtIncident } from '../../shared/aws/incidents/look.ts'
import { backoffMs } from '../../shared/concurrency/backoff.ts'
import type { Evaluator } from '../../shared/pipeline/evaluator.ts'

const MAX_RETRY_MS = 900_000

/** Looks at an incident. What fails is tried again, later each time; the minute's sweep finds what was given up. */
export async function handleLook(
  { metrics, log, settings, clock }: Pick<Evaluator, 'metrics' | 'log' | 'settings' | 'clock'>,
  looks: LookDeps,
  timer: IncidentTimer,
): Promise<void> {
  try {
    metrics.add('timers', { outcome: await lookAtIncident(looks, timer) })
  } catch (error) {
    const attempt = timer.attempt + 1
    metrics.add('timerFailures', { transient: true })
    log('warn', 'an incident could not be looked at', { incident: timer.key, attempt, reason: String(error) })
    if (attempt >= settings.maxAttempts) return
    const delayMs = backoffMs(attempt, { firstMs: settings.retryDelayMs, mostMs: MAX_RETRY_MS })
    await looks.timers.arm([{ ...timer, attempt, dueAtMs: clock() + delayMs }])
  }
}
