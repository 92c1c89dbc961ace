import type { Telling } from './deliver.ts'
import type { DeliveryId } from './delivery.ts'
import { dedupKeyOf, type IncidentHead, type IncidentMember, incidentId } from './incident.ts'
import type { TraceLink } from './links.ts'
import type { Notice, WitnessTrace } from './notice.ts'
import type { IncidentFacts } from './routing/facts.ts'
import { type ExerciseCounts, MAX_COUNTED } from './store-steps.ts'

const DAY_MS = 24 * 3_600_000

/** What a notice says beside where the incident is. */
export interface NoticeDetails {
  readonly nowMs: number
  readonly source: string
  /** Of the episode, the newest first, at most 5. */
  readonly latest: readonly IncidentMember[]
  /** Since the newest member; undefined where that is not counted. */
  readonly exercise: ExerciseCounts | undefined
  readonly related: readonly { readonly key: string; readonly head: IncidentHead }[]
  readonly traceLink: TraceLink | undefined
  /** Of a flood notice: the incidents that are part of it. */
  readonly flood?: readonly { readonly key: string; readonly head: IncidentHead }[]
}

/** What a receiver is notified. */
export function noticeOf({ key, episode }: DeliveryId, telling: Telling, details: NoticeDetails): Notice {
  const { change, head, opening, count } = telling
  const { about, ended, hand } = head
  const { traceLink } = details
  const { text, ...first } = about.first
  const endedAtMs = change === 'resolved' ? (head.toMs ?? details.nowMs) : undefined
  return {
    change,
    incidentId: incidentId(key, episode),
    dedupKey: dedupKeyOf(key, episode, opening),
    opening,
    version: head.version,
    rule: about.rule,
    severity: about.severity,
    ...(about.description !== undefined && { description: about.description }),
    ...(about.owner !== undefined && { owner: about.owner }),
    tags: about.tags,
    service: about.service,
    ...(about.group !== undefined && { group: about.group }),
    ...(about.runbook !== undefined && { runbook: about.runbook }),
    openedAtMs: head.openedAtMs,
    ...(endedAtMs !== undefined && { endedAtMs }),
    ...(change === 'resolved' && ended !== undefined && { ended }),
    ...(change === 'resolved' && hand !== undefined && { hand }),
    nowMs: details.nowMs,
    count,
    countIsAtLeast: count >= MAX_COUNTED,
    ...(details.exercise !== undefined && { exercise: details.exercise }),
    reopened: head.openings.filter((ms) => ms < head.openedAtMs && ms > head.openedAtMs - DAY_MS).length,
    first: { ...withLink(first, traceLink), text },
    latest: details.latest.map(({ traceId, service, firedAtMs }) =>
      withLink({ traceId, service, atMs: firedAtMs }, traceLink),
    ),
    related: details.related.map(named),
    experiments: about.experiments,
    ...(details.flood !== undefined && { flood: details.flood.map(named) }),
    source: details.source,
  }
}

function named(incident: { readonly key: string; readonly head: IncidentHead }) {
  const { episode, about } = incident.head
  return { incidentId: incidentId(incident.key, episode), rule: about.rule, severity: about.severity }
}

function withLink(trace: WitnessTrace, traceLink: TraceLink | undefined): WitnessTrace {
  const { atMs } = trace
  const link = traceLink?.({ ...trace, startMs: atMs, endMs: atMs })
  return link === undefined ? trace : { ...trace, link }
}

/** What matchers ask of an incident. */
export function incidentFacts({ about }: IncidentHead, source: string): IncidentFacts {
  const { rule, severity, owner, tags, service, group, experiments, complete } = about
  return { rule, severity, owner, tags, service, group, experiments, complete, source }
}
