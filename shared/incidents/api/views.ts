import type { Severity } from '../../rules/ast.ts'
import type { DeliveryRow, StoredDelivery } from '../delivery.ts'
import type { EndReason } from '../incident.ts'
import type { NamedMute, StoredMute } from '../mutes/stored-mute.ts'
import type { Notice, WitnessTrace } from '../notice.ts'
import { type IncidentText, incidentText } from '../text/incident-text.ts'
import { isoTime } from '../text/times.ts'

/** What a receiver knows of an incident. */
export type DeliveryState =
  /** Nobody has to notify it: the incident was over before it was its turn. */
  | 'none'
  /** It is notified soon. */
  | 'waiting'
  /** A mute holds back what it would be notified. */
  | 'muted'
  | 'notified'
  /** It was notified of this and others by one notice of a flood. */
  | 'flooded'
  /** It was notified of the end, or is not to be. */
  | 'ended'
  /** It did not take a notification, which is sent again. */
  | 'failing'
  /** It refused one: nobody tries again until its settings change. */
  | 'refused'

/** A mute that holds back an incident now. */
interface HoldingMute {
  readonly id: string
  readonly until: string
  readonly why: string
}

/** An incident as the API lists it; times are RFC 3339, UTC. */
export interface IncidentView {
  readonly id: string
  readonly state: 'open' | 'ended'
  readonly rule: string
  readonly severity: Severity
  readonly group: { readonly name: string; readonly value: string } | null
  readonly service: string
  readonly owner: string | null
  readonly tags: readonly string[]
  readonly openedAt: string
  readonly endedAt: string | null
  readonly ended: EndReason | null
  /** What the person said who ended it by hand. */
  readonly hand: { readonly by: string | null; readonly why: string } | null
  /** 1, 2 … within the episode; `reopened`: openings in the 24 hours before this one. */
  readonly opening: number
  readonly reopened: number
  /** Traces that broke the rule in this episode; `tracesIsAtLeast`: they are no longer counted. */
  readonly traces: number
  readonly tracesIsAtLeast: boolean
  readonly receivers: readonly { readonly receiver: string; readonly state: DeliveryState }[]
  readonly mute: HoldingMute | null
}

/** What a receiver was notified of an incident. */
export interface DeliveryView {
  readonly receiver: string
  readonly state: DeliveryState
  /** When it was last notified, and of how many traces. */
  readonly notifiedAt: string | null
  readonly traces: number
  /** Attempts since then, and why the last one failed. */
  readonly attempts: number
  readonly failure: string | null
  /** When somebody looks at it again. */
  readonly nextAt: string | null
  /** The mute that held it back when somebody last looked at it. */
  readonly mute: string | null
}

interface TraceView {
  readonly traceId: string
  readonly spanId: string | null
  readonly service: string
  readonly at: string
  readonly text: string | null
  readonly link: string | null
}

/** An incident with all that is known of it. */
export interface IncidentDetail extends IncidentView {
  readonly description: string | null
  readonly runbook: string | null
  readonly experiments: readonly string[]
  readonly first: TraceView
  /** The newest, at most 5. */
  readonly latest: readonly TraceView[]
  /** Since the last violation. */
  readonly exercise: { readonly exercised: number; readonly held: number; readonly last: string | null } | null
  /** Other open incidents that the same trace opened. */
  readonly related: readonly { readonly id: string; readonly rule: string }[]
  readonly deliveries: readonly DeliveryView[]
  /** What chats say. */
  readonly text: IncidentText
}

/** What is kept of an incident beside its notice. */
export interface AboutIncident {
  /** Of its present episode. */
  readonly deliveries: readonly StoredDelivery[]
  readonly mute: NamedMute | undefined
}

export function incidentView(notice: Notice, { deliveries, mute }: AboutIncident): IncidentView {
  const { incidentId: id, rule, severity, service, tags, opening, reopened, count: traces } = notice
  return {
    id,
    state: notice.change === 'resolved' ? 'ended' : 'open',
    rule,
    severity,
    group: notice.group ?? null,
    service,
    owner: notice.owner ?? null,
    tags,
    openedAt: isoTime(notice.openedAtMs),
    endedAt: timeOrNull(notice.endedAtMs),
    ended: notice.ended ?? null,
    hand: notice.hand === undefined ? null : { by: notice.hand.by ?? null, why: notice.hand.why },
    opening,
    reopened,
    traces,
    tracesIsAtLeast: notice.countIsAtLeast,
    receivers: deliveries.map(({ id: { receiver }, row }) => ({ receiver, state: stateOf(row) })),
    mute: mute === undefined ? null : { id: mute.id, until: isoTime(mute.untilMs), why: mute.why },
  }
}

export function incidentDetail(notice: Notice, about: AboutIncident): IncidentDetail {
  const { description, runbook, experiments, first, latest, exercise, related } = notice
  return {
    ...incidentView(notice, about),
    description: description ?? null,
    runbook: runbook ?? null,
    experiments,
    first: traceView(first),
    latest: latest.map(traceView),
    exercise:
      exercise === undefined
        ? null
        : { exercised: exercise.exercised, held: exercise.held, last: timeOrNull(exercise.lastMs) },
    related: related.map(({ incidentId, rule }) => ({ id: incidentId, rule })),
    deliveries: about.deliveries.map(deliveryView),
    text: incidentText(notice),
  }
}

function traceView({ traceId, spanId, service, atMs, text, link }: WitnessTrace): TraceView {
  return { traceId, spanId: spanId ?? null, service, at: isoTime(atMs), text: text ?? null, link: link ?? null }
}

function deliveryView({ id: { receiver }, row }: StoredDelivery): DeliveryView {
  const { notifiedAtMs, notifiedCount, attempts, failure, dueAtMs, heldBy } = row
  return {
    receiver,
    state: stateOf(row),
    notifiedAt: timeOrNull(notifiedAtMs),
    traces: notifiedCount,
    attempts,
    failure: failure ?? null,
    nextAt: timeOrNull(dueAtMs),
    mute: heldBy ?? null,
  }
}

function stateOf({ refused, failure, heldBy, notified, flooded, dueAtMs }: DeliveryRow): DeliveryState {
  if (refused) return 'refused'
  // Nobody sends again what was over before it was taken.
  if (failure !== undefined && dueAtMs !== undefined) return 'failing'
  if (heldBy !== undefined) return 'muted'
  if (notified === 'resolved') return 'ended'
  if (notified === 'open') return flooded ? 'flooded' : 'notified'
  return dueAtMs === undefined ? 'none' : 'waiting'
}

/** A mute as the API shows it. */
export interface MuteView {
  readonly id: string
  readonly state: 'active' | 'ended' | 'removed'
  /** Those of `file` are changed there. */
  readonly source: 'api' | 'file'
  /** Its matcher; null for one that holds back everything. */
  readonly when: string | null
  readonly until: string
  readonly madeAt: string | null
  readonly why: string
  readonly by: string | null
}

export function muteView(mute: StoredMute, nowMs: number): MuteView {
  const { id, when, untilMs, madeMs, removedMs, why, by } = mute
  const state = removedMs !== undefined ? 'removed' : untilMs > nowMs ? 'active' : 'ended'
  const times = { until: isoTime(untilMs), madeAt: isoTime(madeMs) }
  return { id, state, source: 'api', when: when ?? null, ...times, why, by: by ?? null }
}

export function fileMuteView({ id, when, untilMs, why, by }: NamedMute, nowMs: number): MuteView {
  return {
    id,
    state: untilMs > nowMs ? 'active' : 'ended',
    source: 'file',
    when: when === 'everything' ? null : when.text,
    until: isoTime(untilMs),
    madeAt: null,
    why,
    by: by ?? null,
  }
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : isoTime(ms)
}
