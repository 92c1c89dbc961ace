import { incidentFacts, noticeOf } from '../../shared/incidents/compose-notice.ts'
import type { Telling } from '../../shared/incidents/deliver.ts'
import { type DeliveryId, FLOOD } from '../../shared/incidents/delivery.ts'
import type { Flood } from '../../shared/incidents/flood.ts'
import type { IncidentHead } from '../../shared/incidents/incident.ts'
import { allMutes } from '../../shared/incidents/mutes/stored-mute.ts'
import type { Notice } from '../../shared/incidents/notice.ts'
import { historyOf, NO_HISTORY } from '../../shared/incidents/notice-history.ts'
import type { NotifyConfig } from '../../shared/incidents/notify/config.ts'
import { muteOf } from '../../shared/incidents/routing/mutes.ts'
import type { Clock } from '../../shared/pipeline/ports.ts'
import type { SqliteDeliveries } from '../sqlite/sqlite-deliveries.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'
import type { SqliteMutes } from '../sqlite/sqlite-mutes.ts'
import { floodOf } from './floods.ts'

interface DeliveryReadsDeps {
  readonly incidents: SqliteIncidents
  readonly deliveries: SqliteDeliveries
  readonly mutes: SqliteMutes
  readonly clock: Clock
  readonly source: string
}

/** What is read to deliver a notice: of an incident, or of a flood as if it were one. */
export class DeliveryReads {
  private readonly deps: DeliveryReadsDeps
  private readonly config: () => NotifyConfig

  constructor(deps: DeliveryReadsDeps, config: () => NotifyConfig) {
    this.deps = deps
    this.config = config
  }

  /** The steps of a delivery that read. `underWay`: openings of a receiver that are under way. */
  steps(id: DeliveryId, underWay: (receiver: string) => number) {
    const { incidents, deliveries } = this.deps
    const isFlood = id.key === FLOOD
    return {
      readRow: (each: DeliveryId) => deliveries.read(each),
      readHead: (key: string) => (isFlood ? this.floodOf(id)?.head : incidents.readHead(key)),
      countLive: (key: string, fromMs: number) =>
        isFlood ? (this.floodOf(id)?.count ?? 0) : incidents.liveMembers(key, fromMs).count,
      // Each incident of a flood was let through by the mutes before.
      mutedBy: (head: IncidentHead) => (isFlood ? undefined : this.muted(head)),
      notifiedSince: (receiver: string, sinceMs: number) =>
        deliveries.notifiedSince(receiver, sinceMs) + underWay(receiver),
    }
  }

  /** The mute that holds an incident back. */
  muted(head: IncidentHead): { readonly id: string; readonly untilMs: number } | undefined {
    const { mutes, source, clock } = this.deps
    const all = allMutes(this.config().mutes, mutes.active(clock()))
    return muteOf(all, incidentFacts(head, source), clock())
  }

  /** What a receiver is notified. */
  async notice(id: DeliveryId, telling: Telling): Promise<Notice> {
    const { incidents, clock, source } = this.deps
    const { head } = telling
    const flood = id.key === FLOOD ? this.floodOf(id) : undefined
    const history = flood === undefined ? await historyOf({ key: id.key, head }, incidents) : NO_HISTORY
    return noticeOf(id, telling, {
      nowMs: clock(),
      source,
      ...history,
      ...(flood !== undefined && { flood: flood.incidents }),
      traceLink: this.config().traceLink,
    })
  }

  private floodOf(id: DeliveryId): Flood | undefined {
    const { deliveries, incidents } = this.deps
    const fromMs = deliveries.read(id)?.floodFromMs
    return fromMs === undefined ? undefined : floodOf(id, fromMs, deliveries, incidents)
  }
}
