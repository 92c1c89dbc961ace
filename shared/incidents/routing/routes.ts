import type { FactName, IncidentFacts } from './facts.ts'
import { holdsPerhaps, type Matcher, matches, whyMatches } from './matcher.ts'

/** Sends incidents to receivers. */
export interface NotifyRoute {
  /** `otherwise`: what no route with a matcher took. */
  readonly when: Matcher | 'otherwise'
  /** Names of receivers. */
  readonly to: readonly string[]
  /** Whether they are notified of changes while the incident is open; receivers that cannot edit pass over them. */
  readonly updates: boolean
  /** Whether they are notified of the end. */
  readonly ended: boolean
}

/** A receiver of an incident, and why it is one. */
export interface RoutedReceiver {
  readonly receiver: string
  readonly updates: boolean
  readonly ended: boolean
  /** The matchers of its routes and the facts that decided them. */
  readonly because: string
}

interface Routes {
  readonly routes: readonly NotifyRoute[]
}

/**
 * The receivers of an incident: those of every route that takes it, in any order, each once. Where two routes name a
 * receiver, either is enough for updates and for the end.
 */
export function routeOf({ routes }: Routes, incident: IncidentFacts): readonly RoutedReceiver[] {
  const taken = routes.filter(({ when }) => when !== 'otherwise' && matches(when, incident))
  const taking = taken.length > 0 ? taken : routes.filter(({ when }) => when === 'otherwise')
  const routed = new Map<string, RoutedReceiver>()
  for (const { when, to, updates, ended } of taking) {
    const because = whyTaken({ when }, incident)
    for (const receiver of new Set(to)) {
      const before = routed.get(receiver)
      routed.set(receiver, {
        receiver,
        updates: updates || before?.updates === true,
        ended: ended || before?.ended === true,
        because: before === undefined ? because : `${before.because}; ${because}`,
      })
    }
  }
  return [...routed.values()]
}

/** Why a route takes an incident: its matcher, and the facts that decided it. */
export function whyTaken({ when }: Pick<NotifyRoute, 'when'>, incident: IncidentFacts): string {
  return when === 'otherwise' ? 'no other route takes it' : `${when.text} (${whyMatches(when, incident)})`
}

/** A receiver that an incident reaches for certain, or depending on facts that are not known. */
export interface Reached {
  readonly receiver: string
  readonly isCertain: boolean
}

/** The receivers that an incident reaches while some facts are unknown, as of a rule that was never broken. */
export function reachOf(
  { routes }: Routes,
  incident: IncidentFacts,
  unknown: ReadonlySet<FactName>,
): readonly Reached[] {
  const reached = new Map<string, boolean>()
  routesTaking({ routes }, incident, unknown).forEach((takes, at) => {
    if (takes === false) return
    for (const receiver of routes[at]?.to ?? []) {
      reached.set(receiver, takes === true || reached.get(receiver) === true)
    }
  })
  return [...reached].map(([receiver, isCertain]) => ({ receiver, isCertain }))
}

/** Of each route whether it takes the incident, undefined where that depends on what is not known. */
export function routesTaking(
  { routes }: Routes,
  incident: IncidentFacts,
  unknown: ReadonlySet<FactName>,
): readonly (boolean | undefined)[] {
  const taking = routes.map(({ when }) => (when === 'otherwise' ? false : holdsPerhaps(when, incident, unknown)))
  const otherwise = taking.includes(true) ? false : taking.includes(undefined) ? undefined : true
  return routes.map(({ when }, at) => (when === 'otherwise' ? otherwise : taking[at]))
}
