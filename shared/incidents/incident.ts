import { hash } from '../pipeline/hash.ts'
import type { SignalEvent, SignalGroup } from '../pipeline/signal.ts'
import type { AlertCondition, Severity } from '../rules/ast.ts'

/** The group of signals past the bound on open groups of a rule. */
export const MORE_GROUPS: SignalGroup = { name: '', value: '(more groups)' }

/** How an episode ended: why nobody has to look at it any more. */
export type EndReason =
  /** The rule was exercised and held since the last violation. */
  | 'held'
  /** Nobody exercised the rule for a day: it is not known whether it would hold. */
  | 'unexercised'
  /** Every signal was retracted. */
  | 'withdrawn'
  /** The rule is no longer in force, or is in shadow mode. */
  | 'removed'
  | 'by-hand'

/** Who ended an incident by hand, and why. */
export interface HandEnd {
  readonly by?: string
  readonly why: string
}

/** `none`: never opened, but looked at. `resolving`: about to be resolved; a signal opens it again. */
type IncidentState = 'none' | 'open' | 'resolving' | 'resolved'

/** Where an incident stands. One is kept for each rule and group; it has episodes, and an episode has openings. */
export interface IncidentHead {
  /** Grows with every change; 0 before the first. */
  readonly version: number
  readonly state: IncidentState
  /** 1, 2 … */
  readonly episode: number
  /** 1, 2 … within the episode. */
  readonly opening: number
  /** Signals that fired from then on belong to the episode; up to `toMs`, once it has ended. */
  readonly fromMs: number
  readonly toMs?: number
  /** When the opening began, and when the state last changed. */
  readonly openedAtMs: number
  readonly changedAtMs: number
  readonly ended?: EndReason
  /** What a person said who ended it by hand. */
  readonly hand?: HandEnd
  /** For how long the rule must not be broken. It doubles with each opening of a day, up to 8 times the setting. */
  readonly quietMs: number
  /** When it was opened in the last 24 hours, the newest last; at most 20. */
  readonly openings: readonly number[]
  readonly alert: AlertCondition
  readonly about: IncidentSubject
  /** Not open, and its share of broken traces is known only when the minute is over: somebody looks until then. */
  readonly watch?: { readonly untilMs: number; readonly about: IncidentSubject }
}

/** An incident that is about to be resolved is still open. */
export function isOpen({ state }: Pick<IncidentHead, 'state'>): boolean {
  return state === 'open' || state === 'resolving'
}

/** An incident with the key of its rule and group. */
export interface StoredIncident {
  readonly key: string
  readonly head: IncidentHead
}

/** What an incident is about: its rule, as it was when the incident opened, and the first trace. */
export interface IncidentSubject {
  readonly rule: string
  readonly group?: SignalGroup
  /** The most severe one that its signals had. */
  readonly severity: Severity
  readonly description?: string
  readonly owner?: string
  readonly runbook?: string
  readonly tags: readonly string[]
  readonly service: string
  /** The trace that opened it. */
  readonly first: FirstTrace
  /** Whether that trace was complete. */
  readonly complete: boolean
  /** Experiments during which that trace ran. */
  readonly experiments: readonly string[]
}

/** The trace that opened an incident; `text` is the start of its evidence, at most 500 characters. */
interface FirstTrace {
  readonly traceId: string
  readonly spanId?: string
  readonly service: string
  readonly atMs: number
  readonly text: string
}

/** A signal as part of an incident: once for each time that it began to fire. */
export interface IncidentMember {
  readonly signalId: string
  readonly firedAtMs: number
  readonly traceId: string
  readonly service: string
}

/** The identity of an incident: one for each rule and group, whatever the revision of the rule (32 hex digits). */
export function incidentKey(rule: string, group: SignalGroup | undefined): string {
  return hash(['incident', rule, group?.name ?? '', group?.value ?? ''])
}

/** The identity of one episode. */
export function incidentId(key: string, episode: number): string {
  return `${key}.${episode}`
}

/** The identity of one opening: one alert at each receiver. */
export function dedupKeyOf(key: string, episode: number, opening: number): string {
  return `betrace/${key}.${episode}.${opening}`
}

const TEXT_CHARACTERS = 500

/** What a signal says of the incident that it opens. */
export function incidentSubject({ data, time }: SignalEvent, group: SignalGroup | undefined): IncidentSubject {
  const { signal, severity, ruleDescription, owner, runbook, tags, service, traceId, evidence, experiments } = data
  const spanId = evidence.clauses.flatMap(({ spans }) => spans)[0]?.spanId
  const text = evidence.text.slice(0, TEXT_CHARACTERS).toWellFormed()
  return {
    rule: signal,
    ...(group !== undefined && { group }),
    severity,
    ...(ruleDescription !== undefined && { description: ruleDescription.slice(0, TEXT_CHARACTERS).toWellFormed() }),
    ...(owner !== undefined && { owner }),
    ...(runbook !== undefined && { runbook }),
    tags,
    service,
    first: { traceId, ...(spanId !== undefined && { spanId }), service, atMs: Date.parse(time), text },
    complete: data.complete,
    experiments: experiments ?? [],
  }
}

/** A signal that begins to fire, as a member of its incident. */
export function incidentMember({ signalid, time, data: { traceId, service } }: SignalEvent): IncidentMember {
  return { signalId: signalid, firedAtMs: Date.parse(time), traceId, service }
}
