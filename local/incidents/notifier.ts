import { incidentFacts } from '../../shared/incidents/compose-notice.ts'
import {
  DELIVERY,
  type Delivered,
  type DeliverySettings,
  deliverNow,
  settleNow,
} from '../../shared/incidents/deliver.ts'
import { type DeliveryId, type DeliveryRow, FLOOD, newDelivery, revived } from '../../shared/incidents/delivery.ts'
import { gathered } from '../../shared/incidents/gather.ts'
import type { IncidentHead, StoredIncident } from '../../shared/incidents/incident.ts'
import type { NotifyConfig, NotifyConfigSource } from '../../shared/incidents/notify/config.ts'
import type { Receiver, Send } from '../../shared/incidents/receivers/receiver.ts'
import { routeOf } from '../../shared/incidents/routing/routes.ts'
import type { Clock, Log } from '../../shared/pipeline/ports.ts'
import type { Database } from '../sqlite/database.ts'
import type { SqliteDeliveries } from '../sqlite/sqlite-deliveries.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'
import type { SqliteMutes } from '../sqlite/sqlite-mutes.ts'
import { DeliveryReads } from './delivery-reads.ts'
import { hasFloodChanged, startFloods } from './floods.ts'

/** Changes of incidents whose receivers are asked for in one transaction. */
const MAX_DISPATCHES = 128
const MAX_DUE = 256
/** Looks of `MAX_DUE` deliveries in one go; others have a turn between two. */
const MAX_ROUNDS = 32
/** Requests to one receiver at a time. */
const CONCURRENT = 4

export interface NotifierDeps {
  readonly database: Database
  readonly incidents: SqliteIncidents
  readonly deliveries: SqliteDeliveries
  readonly config: NotifyConfigSource
  /** Those made through the API. */
  readonly mutes: SqliteMutes
  /** Receivers that are notified of every incident, whatever the routes. */
  readonly everything: readonly Receiver[]
  readonly send: Send
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  /** The CloudEvents source of every notice. */
  readonly source: string
  /** Told of each incident whose state changed, once at least. */
  readonly onChange?: (incident: StoredIncident) => Promise<void>
  readonly settings?: Partial<DeliverySettings>
}

/** What becomes of an attempt to tell a receiver. */
export const OUTCOMES = ['notified', 'held', 'flooded', 'failed', 'refused', 'abandoned'] as const
type Outcome = (typeof OUTCOMES)[number]

/** Tells receivers of incidents. One that does not answer holds up no other. */
export class IncidentNotifier {
  /** Since the start of the process, by receiver. */
  readonly counts = new Map<string, Map<Outcome, number>>()
  private readonly deps: NotifierDeps
  private readonly settings: DeliverySettings
  /** Openings under way, by receiver. */
  private readonly opening = new Map<string, number>()
  private readonly busy = new Map<string, Promise<void>>()
  private config: NotifyConfig
  private readonly reads: DeliveryReads
  private readonly everything: ReadonlyMap<string, Receiver>
  private stopped = false

  constructor(deps: NotifierDeps) {
    this.deps = deps
    this.settings = { ...DELIVERY, ...deps.settings }
    this.config = deps.config.current()
    this.reads = new DeliveryReads(deps, () => this.config)
    this.everything = new Map(deps.everything.map((receiver) => [receiver.name, receiver]))
  }

  /** Names of all that can be notified, and of those that were. */
  receivers(): readonly string[] {
    return [...new Set([...this.everything.keys(), ...this.config.receivers.keys(), ...this.counts.keys()])]
  }

  /** Takes up at once what the last process left in hand. */
  resume(): Promise<void> {
    const { database, deliveries, clock } = this.deps
    return database.write(() => deliveries.reviveAll(clock()))
  }

  /** Asks for the receivers of incidents that changed, and tells those that are due; waits for their answers. */
  async runDue(): Promise<void> {
    await this.start()
    while (this.busy.size > 0) await Promise.all(this.busy.values())
  }

  /** The same, but does not wait. */
  async start(): Promise<void> {
    if (this.stopped) return
    await this.followConfig()
    await this.dispatch()
    await this.gather()
    await this.followFloods()
    await this.deliverDue()
  }

  /** Starts no more requests; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all(this.busy.values())
  }

  /** What failed or was refused may work with other receivers. */
  private async followConfig(): Promise<void> {
    const config = this.deps.config.current()
    if (config === this.config) return
    this.config = config
    await this.deps.database.write(() => this.deps.deliveries.reviveIdle(this.deps.clock()))
    const open = this.deps.incidents.list(['open'], Number.MAX_SAFE_INTEGER)
    await this.deps.database.writeRepeatable(() => {
      for (const incident of open) this.askFor(incident)
    })
  }

  private async dispatch(): Promise<void> {
    const { incidents, database, onChange } = this.deps
    for (;;) {
      const changed = incidents.toDispatch(MAX_DISPATCHES)
      if (changed.length === 0) return
      if (onChange !== undefined) for (const incident of changed) await onChange(incident)
      await database.writeRepeatable(() => {
        for (const incident of changed) {
          this.askFor(incident)
          incidents.setDispatched(incident.key, incident.head.version)
        }
      }, 4 * changed.length)
    }
  }

  /** What opened together is one message for receivers that wake nobody. */
  private async gather(): Promise<void> {
    const { deliveries, incidents, database, clock } = this.deps
    const nowMs = clock()
    const waiting = deliveries.due(nowMs + this.settings.waitMs, MAX_DUE).filter(({ row }) => row.notified !== 'open')
    if (waiting.length < 2) return
    const rows = [...Map.groupBy(waiting, ({ id }) => id.receiver)].flatMap(([name, own]) => {
      const receiver = this.config.receivers.get(name)
      if (receiver === undefined || receiver.traits.pages || own.length < 2) return []
      const known = own.flatMap(({ id, row }) => {
        const head = incidents.readHead(id.key)
        return head === undefined ? [] : [{ id, row, head }]
      })
      const isMuted = (head: IncidentHead) => this.reads.muted(head) !== undefined
      return gathered(known, { receiver, settings: this.settings, nowMs, isMuted })
    })
    if (rows.length === 0) return
    await database.write(() => {
      for (const { id, row } of rows) if (deliveries.read(id)?.version === row.version - 1) deliveries.put(id, row)
    })
    for (const { id } of rows) this.count(id.receiver, 'flooded')
  }

  /** Wakes flood notices whose incidents have changed. */
  private async followFloods(): Promise<void> {
    const { database, deliveries, clock } = this.deps
    const flooded = this.receivers().filter((receiver) => deliveries.isFloodOpen(receiver))
    const told = () => deliveries.of(FLOOD).filter(({ row }) => row.notified === 'open' && row.attempts === 0)
    if (flooded.length === 0 && told().length === 0) return
    await database.writeRepeatable(() => {
      const nowMs = clock()
      startFloods(flooded, deliveries, nowMs)
      for (const { id, row } of told()) {
        const isDue = row.dueAtMs !== undefined && row.dueAtMs <= nowMs
        if (!isDue && hasFloodChanged(id, row, deliveries)) this.wake(id, row)
      }
    })
  }

  /** Looks at once again at a row; with a request under way, when that has ended. As part of the write under way. */
  private wake(id: DeliveryId, row: DeliveryRow): void {
    const nowMs = this.deps.clock()
    if (row.leaseUntilMs <= nowMs) this.deps.deliveries.put(id, { ...row, version: row.version + 1, dueAtMs: nowMs })
  }

  /** A row for each receiver of the incident; those that know of it look again. */
  private askFor({ key, head }: StoredIncident): void {
    if (head.state === 'none') return
    const { deliveries, clock, source } = this.deps
    const nowMs = clock()
    const known = deliveries.of(key)
    for (const { id, row } of known) this.wake(id, row)
    if (head.state === 'resolved') return
    const routed = routeOf(this.config, incidentFacts(head, source))
    const always = [...this.everything.keys()].map((receiver) => ({ receiver, updates: true, ended: true }))
    for (const { receiver, updates, ended } of [...routed, ...always]) {
      const isKnown = known.some(({ id }) => id.episode === head.episode && id.receiver === receiver)
      if (!isKnown) deliveries.put({ key, episode: head.episode, receiver }, newDelivery({ updates, ended }, nowMs))
    }
  }

  /** Settles what tells nobody, in one write, and begins to tell those receivers that have no requests under way. */
  private async deliverDue(): Promise<void> {
    const { deliveries, clock } = this.deps
    for (let round = 0; round < MAX_ROUNDS && !this.stopped; round++) {
      const due = deliveries.due(clock(), MAX_DUE, [...this.busy.keys()]).map(({ id }) => id)
      const left = due.length === 0 ? [] : await this.settle(due)
      for (const [receiver, ids] of Map.groupBy(left, ({ receiver }) => receiver)) this.deliverAll(receiver, ids)
      if (due.length < MAX_DUE) return
    }
  }

  /** Returns those that need a request. */
  private async settle(due: readonly DeliveryId[]): Promise<readonly DeliveryId[]> {
    const { database, deliveries, clock, random } = this.deps
    const settled: { readonly id: DeliveryId; readonly delivered: Delivered }[] = []
    const left: DeliveryId[] = []
    await database.writeRepeatable(() => {
      for (const id of due) {
        const receiver = this.receiverOf(id)
        const context = receiver && { settings: this.settings, receiver, now: clock, random }
        const opened = left.filter((other) => other.receiver === id.receiver).length
        const underWay = opened + (this.opening.get(id.receiver) ?? 0)
        const writeRow = (each: DeliveryId, row: DeliveryRow) => {
          deliveries.put(each, row)
          return true
        }
        const delivered = context && settleNow(id, context, { ...this.reads.steps(id, () => underWay), writeRow })
        if (delivered === undefined) left.push(id)
        else settled.push({ id, delivered })
      }
    }, due.length)
    for (const { id, delivered } of settled) this.note(id, delivered)
    return left
  }

  private deliverAll(receiver: string, all: readonly DeliveryId[]): void {
    const ids = all.toReversed()
    const work = async () => {
      for (let id = ids.pop(); id !== undefined && !this.stopped; id = ids.pop()) await this.deliverOne(id)
    }
    const done = Promise.all(Array.from({ length: CONCURRENT }, work)).then(
      () => {},
      (error) =>
        this.deps.log('error', 'receivers could not be notified; trying again', { receiver, reason: String(error) }),
    )
    this.busy.set(
      receiver,
      done.finally(() => this.busy.delete(receiver)),
    )
  }

  private receiverOf({ receiver }: DeliveryId): Receiver | undefined {
    return this.everything.get(receiver) ?? this.config.receivers.get(receiver)
  }

  private async deliverOne(id: DeliveryId): Promise<void> {
    const { config } = this
    const receiver = this.receiverOf(id)
    if (receiver === undefined) return this.abandon(id)
    const { deliveries, clock, random, send } = this.deps
    const reserved = { openings: 0 }
    const reads = this.reads.steps(id, (name) => this.reserve(name, reserved))
    const delivered = await deliverNow(
      id,
      { settings: this.settings, receiver, now: clock, random },
      {
        readRow: async (each) => reads.readRow(each),
        readHead: async (key) => reads.readHead(key),
        countLive: async (key, fromMs) => reads.countLive(key, fromMs),
        mutedBy: async (head) => reads.mutedBy(head),
        notifiedSince: async (name, sinceMs) => reads.notifiedSince(name, sinceMs),
        writeRow: (each, row) => deliveries.replace(each, row),
        tell: async (each, telling) => receiver.tell(await this.reads.notice(each, telling), telling.row.ref, send),
      },
    )
    this.opening.set(id.receiver, (this.opening.get(id.receiver) ?? 0) - reserved.openings)
    this.note(id, delivered)
    // Who refused it may be another receiver by now.
    const row = delivered.outcome === 'refused' && config !== this.config ? deliveries.read(id) : undefined
    if (row !== undefined) await deliveries.replace(id, revived(row, clock()))
  }

  /** Openings of a receiver that are under way beside this one, which is one from now on. */
  private reserve(receiver: string, reserved: { openings: number }): number {
    const others = this.opening.get(receiver) ?? 0
    this.opening.set(receiver, others + 1)
    reserved.openings++
    return others
  }

  private note({ receiver, key }: DeliveryId, { outcome, reason, change }: Delivered): void {
    if (outcome === 'nothing' || outcome === 'busy') return
    this.count(receiver, outcome)
    if (outcome === 'failed')
      this.deps.log('warn', 'a receiver could not be notified', { receiver, reason: reason ?? '' })
    if (outcome !== 'refused') return
    const fields = { receiver, incident: key, change: change ?? '', reason: reason ?? '' }
    this.deps.log('error', 'a receiver refused a notification; it is tried again once notify.yaml changes', fields)
  }

  private count(receiver: string, outcome: Outcome): void {
    const counts = this.counts.get(receiver) ?? new Map<Outcome, number>()
    this.counts.set(receiver, counts.set(outcome, (counts.get(outcome) ?? 0) + 1))
  }

  /** Its receiver is no longer in the file: nobody can be notified any more. */
  private async abandon(id: DeliveryId): Promise<void> {
    const { deliveries, log } = this.deps
    const row = deliveries.read(id)
    if (row === undefined) return
    const { dueAtMs: _, doing: __, ...rest } = row
    const isMissed = row.notified === 'open' || row.doing !== undefined
    if (!(await deliveries.replace(id, { ...rest, version: row.version + 1, notified: 'resolved' })) || !isMissed)
      return
    this.count(id.receiver, 'abandoned')
    log(
      'error',
      'a receiver that was notified of an incident is gone from notify.yaml; it is not notified of the end',
      {
        receiver: id.receiver,
        incident: id.key,
      },
    )
  }
}
