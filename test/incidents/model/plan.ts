import type { RuleInForce } from '../../../shared/incidents/context.ts'
import { incidentKey } from '../../../shared/incidents/incident.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import type { Random } from '../../pipeline/model/random.ts'
import { signalOf } from '../events.ts'

export const SECOND = 1_000
export const START_MS = 1_700_000_000_000 - (1_700_000_000_000 % 60_000)
/** From then on nothing fails any more. */
export const CALM_MS = START_MS + 1_500 * SECOND

export const RULES = ['A', 'B'] as const
export const KEYS = RULES.map((rule) => incidentKey(rule, undefined))

/** Events of one trace, in order, and when somebody judges the trace so far. */
interface PlannedTrace {
  readonly events: readonly SignalEvent[]
  readonly judgedMs: readonly (readonly number[])[]
}

/** What happens in one interleaving, whatever the order of steps. */
export interface Plan {
  /** Judged and notified by one process, which dies as a whole; else by functions, which die one by one. */
  readonly isServer: boolean
  readonly crashRate: number
  /** The receivers are out of reach until then. */
  readonly downUntilMs: number
  /** A mute, which may have no end. */
  readonly mute: { readonly fromMs: number; readonly untilMs: number }
  /** Openings in a while that a receiver gets one by one. */
  readonly floodLimit: number
  readonly rules: Readonly<Record<string, RuleInForce>>
  readonly traces: readonly PlannedTrace[]
  /** When a trace keeps the rules, in order. */
  readonly keptMs: readonly number[]
}

const CONDITIONS = [
  { kind: 'each' },
  { kind: 'each' },
  { kind: 'count', count: 2, windowMs: 40 * SECOND },
  { kind: 'count', count: 3, windowMs: 120 * SECOND },
  { kind: 'share', share: 0.5, windowMs: 60 * SECOND },
  { kind: 'share', share: 0.2, windowMs: 120 * SECOND },
] as const

export function planOf(random: Random): Plan {
  // Where many traces come at the same time their signals race.
  const withinMs = random.pick([20, 60, 260]) * SECOND
  return {
    isServer: random.chance(0.4),
    crashRate: random.pick([0, 0.01, 0.04]),
    downUntilMs: START_MS + random.pick([0, 0, 40, 200]) * SECOND,
    mute: muteOf(random),
    floodLimit: random.pick([10, 10, 2]),
    rules: { A: { alert: { kind: 'each' } }, B: { alert: random.pick(CONDITIONS) } },
    traces: Array.from({ length: random.between(2, 7) }, (_, index) => planTrace(random, index + 1, withinMs)),
    keptMs: planKept(random),
  }
}

function muteOf(random: Random): Plan['mute'] {
  if (random.chance(0.6)) return { fromMs: 0, untilMs: 0 }
  const fromMs = START_MS + random.pick([0, 0, random.between(1, 300)]) * SECOND
  return { fromMs, untilMs: random.chance(0.2) ? Number.POSITIVE_INFINITY : fromMs + random.between(10, 400) * SECOND }
}

function planTrace(random: Random, trace: number, withinMs: number): PlannedTrace {
  const rule = random.pick(RULES)
  let atMs = START_MS + random.between(1, withinMs / SECOND) * SECOND
  let firedAtMs = atMs
  const events: SignalEvent[] = []
  const changes = random.pick([1, 1, 2, 2, 3])
  for (let sequence = 1; sequence <= changes; sequence++) {
    const fires = sequence % 2 === 1
    if (fires) firedAtMs = atMs
    const status = fires ? 'firing' : 'retracted'
    const given = { rule, trace, atMs, status, sequence, complete: random.chance(0.8) } as const
    events.push(signalOf(fires ? given : { ...given, firedAtMs }))
    atMs += random.between(5, 60) * SECOND
  }
  const judgedMs = events.map((event) => {
    const startMs = Date.parse(event.time) + random.pick([0, 0, 0, 3, 80]) * SECOND
    // The same again, or an evaluator that lost its lease and does not know.
    return random.chance(0.25) ? [startMs, startMs + random.between(0, 50) * SECOND] : [startMs]
  })
  return { events, judgedMs }
}

/** Whether and how often rules are kept meanwhile; in the end often. */
function planKept(random: Random): readonly number[] {
  const times: number[] = []
  const everyMs = random.pick([2, 10, 60, 600]) * SECOND
  for (let atMs = START_MS; atMs < CALM_MS; atMs += everyMs) times.push(atMs + random.between(0, 5) * SECOND)
  const last = random.pick([0, 400, 400, 400, 400])
  for (let each = 0; each < last; each++) times.push(CALM_MS + (300 + each) * SECOND)
  return times.sort((a, b) => a - b)
}
