import { SEVERITIES } from '../rules/read/header.ts'
import type { IncidentHead, StoredIncident } from './incident.ts'

/** Incidents that a flood notice names; it says how many there are. */
export const MAX_FLOOD_NAMED = 50

/** A flood in the form of an incident, and the incidents that are part of it, the most severe first. */
export interface Flood {
  readonly head: IncidentHead
  readonly count: number
  readonly incidents: readonly StoredIncident[]
}

/** What is known of a flood. */
export interface FloodFacts {
  readonly episode: number
  readonly fromMs: number
  /** How many incidents are part of it. */
  readonly count: number
  /** Some of them is open. */
  readonly isOpen: boolean
}

/** The flood of some incidents; undefined where none of them is known any more. */
export function floodFrom(known: readonly StoredIncident[], facts: FloodFacts): Flood | undefined {
  const bySeverity = known.toSorted((a, b) => rankOf(a) - rankOf(b))
  const [worst] = bySeverity
  if (worst === undefined) return undefined
  const { episode, fromMs, count, isOpen } = facts
  const head: IncidentHead = {
    ...worst.head,
    version: count * 2 + (isOpen ? 0 : 1),
    state: isOpen ? 'open' : 'resolved',
    episode,
    opening: 1,
    openedAtMs: fromMs,
  }
  return { head, count, incidents: bySeverity.slice(0, MAX_FLOOD_NAMED) }
}

function rankOf({ head }: StoredIncident): number {
  return SEVERITIES.indexOf(head.about.severity)
}
