import type { Verdict } from '../rules/judge/verdict.ts'
import type { Trace } from '../trace/span.ts'
import type { PendingSignal, SignalState } from './ports.ts'
import { type EventContext, type SignalChange, signalEvent } from './signal.ts'

export interface StatusChanges {
  /** The state of every signal of the trace after the changes. */
  readonly states: readonly SignalState[]
  readonly changes: readonly PendingSignal[]
  /** True where `limit` cut the changes short: judge again for the rest. */
  readonly more: boolean
}

/**
 * What a new verdict on a trace changes about its signals: violated for the first time or again fires, holding again
 * retracts, another completeness updates. A rule that is not among the verdicts in the same revision changes nothing.
 */
export function statusChanges(
  trace: Trace,
  verdicts: readonly Verdict[],
  before: readonly SignalState[],
  context: EventContext,
  limit: number,
): StatusChanges {
  const states = new Map(before.map((state) => [signalKey(state.rule, state.ruleRevision), state]))
  const changes: PendingSignal[] = []
  for (const verdict of verdicts) {
    const key = signalKey(verdict.rule.name, verdict.rule.revision)
    const next = nextState(verdict, trace.complete, states.get(key), context.nowMs)
    if (next === undefined) continue
    if (changes.length === limit) return { states: [...states.values()], changes, more: true }
    states.set(key, next.state)
    changes.push({ event: signalEvent(trace, verdict, next, context), shadow: next.shadow })
  }
  return { states: [...states.values()], changes, more: false }
}

/** What tells the signals of one trace apart. */
export function signalKey(rule: string, revision: string): string {
  return `${revision} ${rule}`
}

interface NextState extends SignalChange {
  readonly state: SignalState
  readonly shadow: boolean
}

function nextState(
  verdict: Verdict,
  complete: boolean,
  state: SignalState | undefined,
  nowMs: number,
): NextState | undefined {
  const shadow = verdict.rule.metadata.mode === 'shadow'
  const sequence = (state?.sequence ?? 0) + 1
  const identity = { rule: verdict.rule.name, ruleRevision: verdict.rule.revision, sequence, complete }
  if (verdict.outcome === 'violated') {
    const fresh = state?.status !== 'firing' || (state.shadow && !shadow)
    if (!fresh && state.complete === complete) return undefined
    const unpublished = shadow && (state?.shadow ?? true)
    const firedAt = fresh ? { firedAtMs: nowMs } : firedAtOf(state)
    return {
      state: { ...identity, status: 'firing', shadow: unpublished, ...firedAt },
      status: fresh ? 'firing' : 'updated',
      shadow,
    }
  }
  const holds = verdict.outcome === 'satisfied' || verdict.outcome === 'vacuous'
  if (!holds || state?.status !== 'firing') return undefined
  const unheard = shadow || state.shadow
  const retracted = { ...identity, status: 'retracted', shadow: unheard, ...firedAtOf(state) } as const
  return { state: retracted, status: 'retracted', shadow: unheard }
}

function firedAtOf({ firedAtMs }: SignalState): Pick<SignalState, 'firedAtMs'> {
  return firedAtMs === undefined ? {} : { firedAtMs }
}
