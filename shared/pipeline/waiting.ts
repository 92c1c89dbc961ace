import type { CheckedRule } from '../rules/ast.ts'
import type { Verdict } from '../rules/judge/verdict.ts'
import type { SignalState, WaitingRules } from './ports.ts'
import { signalKey } from './status.ts'

/** When the spans of a trace arrived, by the clock that judges; plain data. */
export interface Arrivals {
  /** When the newest chunk came. */
  readonly newestMs: number
  /** No violation waits longer. */
  readonly latestMs: number
  /** How long after it could start a span may still be on its way. */
  readonly quietPeriodMs: number
}

/** Verdicts to act on now, and the violations that wait. */
export interface Patience {
  readonly verdicts: readonly Verdict[]
  readonly waiting: WaitingRules | undefined
}

/**
 * Keeps violations back that a later span may still end. A violation that fired before stays as it is. `lastEndNanos`: when the
 * last span of the trace ended, by the clock of the spans, which tells how far this clock is from the other.
 */
export function withPatience(
  verdicts: readonly Verdict[],
  signals: readonly SignalState[],
  arrivals: Arrivals,
  lastEndNanos: bigint,
  nowMs: number,
): Patience {
  const firing = new Set(
    signals.filter(({ status }) => status === 'firing').map((state) => signalKey(state.rule, state.ruleRevision)),
  )
  const untilOf = (verdict: Verdict) => {
    const { rule, outcome } = verdict
    if (outcome !== 'violated' || firing.has(signalKey(rule.name, rule.revision))) return 0
    return Math.min(
      arrivals.latestMs,
      Math.max(spanAwaitedMs(verdict, arrivals, lastEndNanos), quietEnoughMs(rule, arrivals)),
    )
  }
  const open = verdicts
    .map((verdict) => ({ verdict, untilMs: untilOf(verdict) }))
    .filter(({ untilMs }) => untilMs > nowMs)
  if (open.length === 0) return { verdicts, waiting: undefined }
  const kept = new Set(open.map(({ verdict }) => verdict))
  return {
    verdicts: verdicts.filter((verdict) => !kept.has(verdict)),
    waiting: {
      untilMs: open.reduce((earliest, { untilMs }) => Math.min(earliest, untilMs), Number.POSITIVE_INFINITY),
      rules: open.map(({ verdict }) => verdict.rule.name),
    },
  }
}

/** When the last span that may end the violation has started and arrived. */
function spanAwaitedMs(
  { openUntilNanos }: Verdict,
  { newestMs, quietPeriodMs }: Arrivals,
  lastEndNanos: bigint,
): number {
  if (openUntilNanos === undefined) return 0
  return newestMs + Math.ceil(Number(openUntilNanos - lastEndNanos) / 1e6) + quietPeriodMs
}

/** `// Wait: 2m` */
function quietEnoughMs({ metadata }: CheckedRule, { newestMs }: Arrivals): number {
  return metadata.waitMs === undefined ? 0 : newestMs + metadata.waitMs
}
