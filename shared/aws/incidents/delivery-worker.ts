import { incidentFacts, noticeOf } from '../../incidents/compose-notice.ts'
import { DELIVERY, type Delivered, type DeliverySettings, deliverNow, type Telling } from '../../incidents/deliver.ts'
import { type DeliveryId, FLOOD, newDelivery } from '../../incidents/delivery.ts'
import { type Flood, floodFrom, MAX_FLOOD_NAMED } from '../../incidents/flood.ts'
import { type IncidentHead, isOpen, type StoredIncident } from '../../incidents/incident.ts'
import { allMutes, type NamedMute } from '../../incidents/mutes/stored-mute.ts'
import { historyOf, NO_HISTORY } from '../../incidents/notice-history.ts'
import type { NotifyConfig } from '../../incidents/notify/config.ts'
import type { Answer, Receiver, Send } from '../../incidents/receivers/receiver.ts'
import { muteOf } from '../../incidents/routing/mutes.ts'
import type { Clock, Log } from '../../pipeline/ports.ts'
import type { DeliveryMessage, SendDeliveries } from './delivery-message.ts'
import type { DynamoDeliveries } from './dynamo-deliveries.ts'
import type { DynamoFloods } from './dynamo-floods.ts'
import type { DynamoIncidents } from './dynamo-incidents.ts'
import type { DynamoMutes } from './dynamo-mutes.ts'

const FLOOD_LOOK_MS = 60_000

/** What becomes of an attempt to notify a receiver, as it is counted. */
export type DeliveryOutcome = 'Notified' | 'Held' | 'Flooded' | 'Failed' | 'Refused' | 'Abandoned'

const COUNTED: Readonly<Partial<Record<Delivered['outcome'], DeliveryOutcome>>> = {
  notified: 'Notified',
  held: 'Held',
  flooded: 'Flooded',
  failed: 'Failed',
  refused: 'Refused',
}

export interface DeliveryWorkerDeps {
  readonly incidents: DynamoIncidents
  readonly deliveries: DynamoDeliveries
  readonly mutes: Pick<DynamoMutes, 'active'>
  readonly floods: DynamoFloods
  readonly sendDeliveries: SendDeliveries
  /** Who is notified of incidents, as far as it can be read. */
  readonly config: () => Promise<NotifyConfig & { readonly receiverNames: readonly string[] }>
  /** Receivers that are notified of every incident, whatever the routes. */
  readonly everything: readonly Receiver[]
  readonly send: Send
  readonly clock: Clock
  /** At least 0, less than 1. */
  readonly random: () => number
  /** The CloudEvents source of every notice. */
  readonly source: string
  readonly log: Log
  readonly count: (outcome: DeliveryOutcome) => void
  readonly settings?: Partial<DeliverySettings>
}

/** Notifies receivers. What fails at the receiver is tried again by a later message; what it throws, by the queue. */
export class DeliveryWorker {
  private readonly deps: DeliveryWorkerDeps
  private readonly settings: DeliverySettings

  constructor(deps: DeliveryWorkerDeps) {
    this.deps = deps
    this.settings = { ...DELIVERY, ...deps.settings }
  }

  /**
   * Looks at a delivery, and sends the message for the next look. `cameBefore`: whoever had the message did not finish, and
   * perhaps sent none. Of several messages for one delivery so one goes on.
   */
  async handle(message: DeliveryMessage, cameBefore: boolean): Promise<void> {
    const { clock, deliveries, sendDeliveries } = this.deps
    const { dueAtMs, ...id } = message
    if (dueAtMs > clock()) return sendDeliveries([message])
    const row = await deliveries.read(id)
    if (row === undefined) return
    if (!cameBefore && (row.dueAtMs ?? 0) > clock()) return
    const { againMs } = await this.deliver(id)
    const lookMs = id.key === FLOOD ? await this.lookAtFlood(id, againMs) : againMs
    if (lookMs !== undefined) await sendDeliveries([{ ...id, dueAtMs: lookMs }])
  }

  private async deliver(id: DeliveryId): Promise<Delivered> {
    const { clock, random, incidents, deliveries } = this.deps
    const config = await this.deps.config()
    const receiver = this.deps.everything.find(({ name }) => name === id.receiver) ?? config.receivers.get(id.receiver)
    if (receiver === undefined) return config.receiverNames.includes(id.receiver) ? this.postpone(id) : this.abandon(id)
    const context = { settings: this.settings, receiver, now: clock, random }
    const flood = id.key === FLOOD ? await this.floodOf(id) : undefined
    const delivered = await deliverNow(id, context, {
      readRow: (each) => deliveries.read(each),
      writeRow: (each, row) => deliveries.write(each, row),
      readHead: async (key) => (key === FLOOD ? flood?.head : incidents.readHead(key)),
      countLive: async (key, fromMs) =>
        key === FLOOD ? (flood?.count ?? 0) : (await incidents.liveMembers(key, fromMs)).count,
      // Each incident of a flood was let through by the mutes before.
      mutedBy: async (head) => (flood === undefined ? this.muted(head, config) : undefined),
      notifiedSince: (_, sinceMs) => this.notifiedSince(id, receiver, sinceMs),
      tell: (each, telling) => this.tell(receiver, each, telling, { ...config, flood }),
    })
    this.note(id, delivered)
    return delivered
  }

  /** Takes a place among the openings that are notified alone; without one the incident is part of the flood before anything says so. */
  private async notifiedSince(id: DeliveryId, receiver: Receiver, sinceMs: number): Promise<number> {
    const { floods, everything } = this.deps
    // Programs at the topic get each incident.
    if (everything.some(({ name }) => name === id.receiver)) return 0
    const { floodLimit } = this.settings
    const together = receiver.traits.pages ? [] : await this.openedTogether(id)
    if (together.length > 0) {
      for (const key of [id.key, ...together]) await this.addToFlood(id.receiver, key)
      return floodLimit
    }
    const others = await floods.takePlace(id.receiver, `${id.key}.${id.episode}`, sinceMs, floodLimit)
    if (others >= floodLimit) await this.addToFlood(id.receiver, id.key)
    return others
  }

  /** Keys of incidents that a receiver gets in one notice with this one: those that wait, or a flood that just began. */
  private async openedTogether(id: DeliveryId): Promise<readonly string[]> {
    const { deliveries, floods, incidents, clock } = this.deps
    const { waitMs } = this.settings
    if ((await incidents.readHead(id.key))?.about.severity === 'critical') return []
    const state = await floods.read(id.receiver)
    if (clock() - state.fromMs <= waitMs) return state.keys.slice(0, 1)
    const waiting = (await deliveries.allOpen()).filter(({ id: other, dueAtMs }) => {
      const isOther = other.receiver === id.receiver && other.key !== id.key && other.key !== FLOOD
      return isOther && dueAtMs !== undefined && dueAtMs <= clock() + waitMs
    })
    const opening = await Promise.all(waiting.slice(0, MAX_FLOOD_NAMED).map((other) => this.isOpening(other.id)))
    return waiting.flatMap(({ id: { key } }, at) => (opening[at] === true ? [key] : []))
  }

  private async isOpening(id: DeliveryId): Promise<boolean> {
    const { deliveries, incidents } = this.deps
    const [row, head] = await Promise.all([deliveries.read(id), incidents.readHead(id.key)])
    if (row === undefined || head === undefined || head.episode !== id.episode || head.state !== 'open') return false
    return row.notified === 'none' && row.doing === undefined && row.heldBy === undefined && !row.refused
  }

  private async addToFlood(receiver: string, key: string): Promise<void> {
    const { floods, deliveries, sendDeliveries, clock } = this.deps
    const rowOf = (episode: number) => ({ key: FLOOD, episode, receiver })
    const isOver = async (episode: number) => (await deliveries.read(rowOf(episode)))?.notified === 'resolved'
    const { episode, fromMs } = await floods.add(receiver, key, isOver)
    const row = { ...newDelivery({ updates: true, ended: true }, clock()), floodFromMs: fromMs }
    if (await deliveries.write(rowOf(episode), row)) await sendDeliveries([{ ...rowOf(episode), dueAtMs: clock() }])
  }

  /** Incidents of a flood end without a message about it, so it is looked at every minute until it is over. */
  private async lookAtFlood(id: DeliveryId, againMs: number | undefined): Promise<number | undefined> {
    const { deliveries, clock } = this.deps
    const row = await deliveries.read(id)
    if (row === undefined || row.notified === 'resolved') return againMs
    const lookMs = Math.min(againMs ?? Number.POSITIVE_INFINITY, clock() + FLOOD_LOOK_MS)
    if (row.dueAtMs === undefined || row.dueAtMs > lookMs) {
      await deliveries.write(id, { ...row, version: row.version + 1, dueAtMs: lookMs })
    }
    return lookMs
  }

  private async floodOf({ receiver, episode }: DeliveryId): Promise<Flood | undefined> {
    const { floods, incidents } = this.deps
    const state = await floods.read(receiver)
    const known = await Promise.all(state.keys.map(async (key) => ({ key, head: await incidents.readHead(key) })))
    const there = known.filter((each): each is StoredIncident => each.head !== undefined)
    const isGoingOn = episode === state.episode && there.some(({ head }) => isOpen(head))
    return floodFrom(there, { episode, fromMs: state.fromMs, count: state.count, isOpen: isGoingOn })
  }

  private note({ receiver, key }: DeliveryId, { outcome, reason, change }: Delivered): void {
    const { log, count } = this.deps
    const counted = COUNTED[outcome]
    if (counted !== undefined) count(counted)
    const fields = { receiver, incident: key, change: change ?? '', reason: reason ?? '' }
    if (outcome === 'failed') log('warn', 'a receiver could not be notified', fields)
    if (outcome === 'refused') {
      log('error', 'a receiver refused a notification; it is tried again once notify.yaml changes', fields)
    }
  }

  /** The settings of its receiver have problems, or a value is missing: an alarm says so, and it may work later. */
  private async postpone(id: DeliveryId): Promise<Delivered> {
    const { deliveries, clock } = this.deps
    const row = await deliveries.read(id)
    if (row === undefined || row.leaseUntilMs > clock()) return { outcome: 'nothing' }
    const reason = 'its settings in notify.yaml have problems'
    const dueAtMs = clock() + this.settings.maxRetryDelayMs
    await deliveries.write(id, { ...row, version: row.version + 1, failure: reason, dueAtMs })
    const delivered = { outcome: 'failed', reason, againMs: dueAtMs } as const
    this.note(id, delivered)
    return delivered
  }

  /** Its receiver is no longer in the file: nobody can be notified any more. */
  private async abandon(id: DeliveryId): Promise<Delivered> {
    const { deliveries, log, count } = this.deps
    const row = await deliveries.read(id)
    if (row === undefined) return { outcome: 'nothing' }
    const { dueAtMs: _, doing, ...rest } = row
    const written = await deliveries.write(id, { ...rest, version: row.version + 1, notified: 'resolved' })
    if (written && (row.notified === 'open' || doing !== undefined)) {
      count('Abandoned')
      const fields = { receiver: id.receiver, incident: id.key }
      log('error', 'a receiver that was notified is gone from notify.yaml; it is not notified of the end', fields)
    }
    return { outcome: 'nothing' }
  }

  private async muted(head: IncidentHead, config: NotifyConfig): Promise<NamedMute | undefined> {
    const { clock, source, mutes } = this.deps
    const all = allMutes(config.mutes, await mutes.active(clock()))
    return muteOf(all, incidentFacts(head, source), clock())
  }

  private async tell(
    receiver: Receiver,
    id: DeliveryId,
    telling: Telling,
    { traceLink, flood }: NotifyConfig & { readonly flood: Flood | undefined },
  ): Promise<Answer> {
    const { incidents, clock, source, send } = this.deps
    const { head, row } = telling
    const history = flood === undefined ? await historyOf({ key: id.key, head }, incidents) : NO_HISTORY
    const notice = noticeOf(id, telling, {
      nowMs: clock(),
      source,
      ...history,
      ...(flood !== undefined && { flood: flood.incidents }),
      traceLink,
    })
    return receiver.tell(notice, row.ref, send)
  }
}
