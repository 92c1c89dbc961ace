import type { Verdict } from '../rules/judge/verdict.ts'
import type { Trace } from '../trace/span.ts'
import type { PendingSignal, SignalState } from './ports.ts'
import { type EventContext, signalEvent } from './signal.ts'

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
    const next = nextState(verdict, trace.complete, states.get(key))
    if (next === undefined) continue
    if (changes.length === limit) return { states: [...states.values()], changes, more: true }
    states.set(key, next.state)
    changes.push({ event: signalEvent(trace, verdict, next.state.sequence, next.status, context), shadow: next.shadow })
  }
  return { states: [...states.values()], changes, more: false }
}

/** What tells the signals of one trace apart. */
export function signalKey(rule: string, revision: string): string {
  return `${revision} ${rule}`
}

interface NextState {
  readonly state: SignalState
  readonly status: 'firing' | 'retracted' | 'updated'
  readonly shadow: boolean
}

function nextState(verdict: Verdict, complete: boolean, state: SignalState | undefined): NextState | undefined {
  const shadow = verdict.rule.metadata.mode === 'shadow'
  const sequence = (state?.sequence ?? 0) + 1
  const identity = { rule: verdict.rule.name, ruleRevision: verdict.rule.revision, sequence, complete }
  if (verdict.outcome === 'violated') {
    const fresh = state?.status !== 'firing' || (state.shadow && !shadow)
    if (!fresh && state.complete === complete) return undefined
    const unpublished = shadow && (state?.shadow ?? true)
    return {
      state: { ...identity, status: 'firing', shadow: unpublished },
      status: fresh ? 'firing' : 'updated',
      shadow,
    }
  }
  const holds = verdict.outcome === 'satisfied' || verdict.outcome === 'vacuous'
  if (!holds || state?.status !== 'firing') return undefined
  const unheard = shadow || state.shadow
  return { state: { ...identity, status: 'retracted', shadow: unheard }, status: 'retracted', shadow: unheard }
}
