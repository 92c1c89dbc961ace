import { arrivalMs } from './chunk.ts'
import type { Evaluator } from './evaluator.ts'

/**
 * When a chunk arrived, by the clock of now: its key tells it by the clock of then. What is to come after a clock was put
 * back, or came long ago by one that was put forward, would wait for hours, or not at all.
 */
export function arrivedMs(evaluator: Pick<Evaluator, 'clock' | 'clockStep' | 'settings'>, key: string): number {
  const toldMs = arrivalMs(key)
  const step = evaluator.clockStep?.()
  if (step === undefined) return toldMs
  const { beforeMs, afterMs } = step
  // Clocks differ a little, so only what is far ahead was stored before the step; it came by then at the latest.
  if (toldMs > evaluator.clock() + evaluator.settings.quietPeriodMs) return afterMs
  const isBefore = toldMs <= beforeMs && toldMs > beforeMs - evaluator.settings.maxTraceAgeMs
  return afterMs > beforeMs && isBefore ? toldMs + afterMs - beforeMs : toldMs
}
