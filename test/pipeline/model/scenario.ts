import { type Chunk, newChunk } from '../../../shared/pipeline/chunk.ts'
import type { RuleSet } from '../../../shared/pipeline/ports.ts'
import { has, ruleSet, TRACE_ID, tracesData } from '../traces.ts'
import type { Random } from './random.ts'

/** What happens to one trace from outside. */
export interface Scenario {
  readonly arrivals: readonly { readonly atMs: number; readonly chunk: Chunk }[]
  readonly quietPeriodMs: number
  readonly maxSignalsPerCommit: number
  readonly rules: RuleSet
  readonly laterRules: RuleSet
  readonly rulesChangeAtMs: number
  /** The clock, which evaluators and ingest functions share but for their skew, is put forward or back. */
  readonly clockSteps: readonly { readonly atMs: number; readonly byMs: number }[]
  /** Half the timers never come: only the rescue is left. */
  readonly losesTimers: boolean
}

const START_MS = 1_700_000_000_000

/** Requests with the spans they carry; the same bytes each time, so that encoding them once is enough. */
const REQUESTS = [
  { bytes: tracesData([{ name: 'request', id: 1, startMs: START_MS }]), spanCount: 1 },
  { bytes: tracesData([{ name: 'charge', id: 2, parent: 1, startMs: START_MS + 1 }]), spanCount: 1 },
  { bytes: tracesData([{ name: 'validate', id: 3, parent: 1, startMs: START_MS + 2 }]), spanCount: 1 },
  {
    bytes: tracesData([
      { name: 'charge', id: 4, parent: 2, startMs: START_MS + 3 },
      { name: 'validate', id: 3, parent: 1, startMs: START_MS + 2 },
    ]),
    spanCount: 2,
  },
]

const count = (name: string) => (trace: Parameters<ReturnType<typeof has>>[0]) =>
  trace.spans.filter((span) => span.name === name).length

const CHARGED = { name: 'CHARGED', violated: has('charge') }
/** A rule whose violations wait for spans so long. */
export const PATIENT = { name: 'UNVALIDATED_FOR_A_MINUTE', waitMs: 60_000 }
const PATIENT_RULE = {
  ...PATIENT,
  violated: (trace: Parameters<ReturnType<typeof has>>[0]) => has('charge')(trace) && !has('validate')(trace),
}

const RULES = ruleSet([
  PATIENT_RULE,
  { name: 'UNVALIDATED', violated: (trace) => has('charge')(trace) && !has('validate')(trace) },
  { name: 'CHARGED_TWICE', violated: (trace) => count('charge')(trace) > 1 },
  { ...CHARGED, name: 'CHARGED_ALONE', mode: 'shadow', violated: (trace) => count('charge')(trace) === 1 },
  CHARGED,
])
const LATER_RULES = ruleSet([
  PATIENT_RULE,
  { name: 'UNVALIDATED', revision: 'r2', violated: (trace) => has('charge')(trace) && !has('request')(trace) },
  { name: 'CHARGED_TWICE', violated: (trace) => count('charge')(trace) > 1 },
])

/** A trace of one to six requests, near together or late, some sent twice, with ingest clocks that disagree. */
export function scenario(random: Random, clocks: Random, nowMs: number): Scenario {
  const quietPeriodMs = random.pick([5_000, 30_000])
  const clockSteps = stepsOfTheClock(clocks, nowMs)
  const arrivals: { atMs: number; chunk: Chunk }[] = []
  for (let left = random.between(1, 6); left > 0; left--) {
    const atMs =
      nowMs + random.pick([random.between(0, 10_000), random.between(0, 200_000), random.between(0, 7_200_000)])
    const skewMs = random.pick([0, 0, 0, 20_000, -20_000])
    const { bytes, spanCount } = random.pick(REQUESTS)
    arrivals.push({ atMs, chunk: newChunk(TRACE_ID, toldAt(clockSteps, atMs) + skewMs, bytes, spanCount) })
  }
  return {
    arrivals,
    quietPeriodMs,
    maxSignalsPerCommit: random.pick([1, 2, 200]),
    rules: RULES,
    laterRules: random.chance(0.5) ? LATER_RULES : RULES,
    rulesChangeAtMs: nowMs + random.between(0, 3_600_000),
    losesTimers: random.chance(0.1),
    clockSteps,
  }
}

const STEPS_MS = [-7_200_000, -3_600_000, -600_000, -15_000, 15_000, 600_000, 3_600_000, 14_400_000]

function stepsOfTheClock(random: Random, nowMs: number): Scenario['clockSteps'] {
  if (!random.chance(0.4)) return []
  return Array.from({ length: random.between(1, 3) }, () => {
    const atMs = nowMs + random.pick([random.between(0, 60_000), random.between(0, 7_200_000)])
    return { atMs, byMs: random.pick(STEPS_MS) }
  })
}

/** What the clock tells at a time. */
export function toldAt(steps: Scenario['clockSteps'], atMs: number): number {
  return steps.reduce((toldMs, step) => (step.atMs <= atMs ? toldMs + step.byMs : toldMs), atMs)
}
