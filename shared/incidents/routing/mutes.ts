import type { FactName, IncidentFacts } from './facts.ts'
import { holdsPerhaps, type Matcher, matches } from './matcher.ts'

/** Until it ends, nobody is notified of what it matches; only ends of earlier notifications go out. */
export interface Mute {
  readonly when: Matcher | 'everything'
  /** Milliseconds since 1970. */
  readonly untilMs: number
  readonly why: string
  readonly by?: string
}

/** A mute that holds longer is one that nobody remembers. */
export const MAX_MUTE_MS = 30 * 24 * 3_600_000

/** The mute that holds back an incident at a time: of several the one that ends last, since it is silent until then. */
export function muteOf<Each extends Mute>(
  mutes: readonly Each[],
  incident: IncidentFacts,
  nowMs: number,
): Each | undefined {
  const holding = mutes.filter(
    ({ when, untilMs }) => untilMs > nowMs && (when === 'everything' || matches(when, incident)),
  )
  return holding.reduce<Each | undefined>(
    (last, mute) => (last === undefined || mute.untilMs > last.untilMs ? mute : last),
    undefined,
  )
}

/** A mute that holds back an incident for certain, or depending on facts that are not known. */
interface PossibleMute {
  readonly mute: Mute
  readonly certain: boolean
}

/** The mutes that hold back an incident while some facts are unknown, or may do so. */
export function mutesPerhaps(
  mutes: readonly Mute[],
  incident: IncidentFacts,
  unknown: ReadonlySet<FactName>,
  nowMs: number,
): readonly PossibleMute[] {
  return mutes.flatMap((mute) => {
    const holds = mute.when === 'everything' || holdsPerhaps(mute.when, incident, unknown)
    return holds === false || mute.untilMs <= nowMs ? [] : [{ mute, certain: holds === true }]
  })
}

/** Incidents as unlike as can be: what matches all of them is taken to match everything. */
const UNLIKE: readonly IncidentFacts[] = (['critical', 'high', 'medium', 'low', 'info'] as const).flatMap(
  (severity, at) => [
    {
      rule: `PROBE_A${at}`,
      severity,
      tags: [],
      service: `probe-a${at}`,
      experiments: [],
      source: 'https://probe.example',
    },
    {
      rule: `PROBE_B${at}`,
      severity,
      owner: `probe-b${at}`,
      tags: [`probe-b${at}`],
      service: `probe-b${at}`,
      group: { name: `probe.b${at}`, value: `b${at}` },
      experiments: [`probe-b${at}`],
      complete: at % 2 === 0,
      source: `probe:b${at}`,
    },
  ],
)

/** Whether a matcher takes every incident, or all but those it names: such a mute requires `all: true`. */
export function matchesEverything(matcher: Matcher): boolean {
  return UNLIKE.every((incident) => matches(matcher, incident))
}
