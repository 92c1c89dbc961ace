import type { IncidentContext, RuleInForce } from '../../../shared/incidents/context.ts'
import {
  type DeliveryContext,
  type DeliverySettings,
  type DeliveryStep,
  deliver,
} from '../../../shared/incidents/deliver.ts'
import { type DeliveryId, type DeliveryRow, newDelivery } from '../../../shared/incidents/delivery.ts'
import { endIfOver } from '../../../shared/incidents/end-incident.ts'
import { dedupKeyOf, type IncidentHead, incidentKey } from '../../../shared/incidents/incident.ts'
import { openIfWatched, takeSignal } from '../../../shared/incidents/open-incident.ts'
import type { Answer } from '../../../shared/incidents/receivers/receiver.ts'
import type { StoreStep } from '../../../shared/incidents/store-steps.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { Random } from '../../pipeline/model/random.ts'
import { signalOf } from '../events.ts'
import { MemoryIncidents } from '../memory-incidents.ts'

const SECOND = 1_000
const START_MS = 1_700_000_000_000 - (1_700_000_000_000 % 60_000)
export const QUIET_MS = 60 * SECOND
const COOLDOWN_MS = 120 * SECOND
const LEASE_MS = 40 * SECOND
const FUNCTION_LIFE_MS = 15 * SECOND
/** A request lands at most so long after it was sent. */
const LATE_MS = 20 * SECOND
/** From then on nothing fails any more. */
const CALM_MS = START_MS + 1_500 * SECOND
const END_MS = CALM_MS + 30 * 3_600_000
const RULES = ['A', 'B'] as const
const MAX_STEPS = 400_000

const DELIVERING: DeliverySettings = {
  waitMs: 3 * SECOND,
  updateEveryMs: 900 * SECOND,
  remindEveryMs: 24 * 3_600_000,
  leaseMs: LEASE_MS,
  latestArrivalMs: LATE_MS,
  retryDelayMs: 2 * SECOND,
  maxRetryDelayMs: 60 * SECOND,
  floodLimit: 10,
  floodWindowMs: 600 * SECOND,
}

/** A pager that keeps one alert for a dedup key, and a chat that keeps every message. */
const RECEIVERS = {
  pager: { pages: true, edits: false, dedups: true, target: 'pager' },
  chat: { pages: false, edits: true, dedups: false, target: 'chat' },
} as const
type ReceiverName = keyof typeof RECEIVERS

type Work = Generator<StoreStep | DeliveryStep | PauseStep, void, unknown>

/** Others may act here. */
interface PauseStep {
  readonly name: 'pause'
}

interface Process {
  readonly work: Work
  readonly again: () => Work
  readonly startedMs: number
  /** What its next step gets. */
  result: unknown
}

interface Request {
  readonly receiver: ReceiverName
  readonly dedupKey: string
  readonly change: 'opened' | 'updated' | 'resolved'
}

/** An end of an opening. */
interface Ended {
  readonly head: IncidentHead
  /** Live members that had been taken in by then. */
  readonly live: number
  /** How often the rule was exercised and held since the last of them. */
  readonly held: number
}

/** Part of the protocol that is left out, to see that the laws notice. */
export type Mutant = 'one-phase' | 'no-lease' | 'no-hold' | 'no-finish'

/**
 * One run of the protocol of incidents against a world of several evaluators and notifiers that crash at every step, work twice,
 * get answers late or never, and of receivers that are out of reach. Every store operation is one atomic step.
 */
export class IncidentSimulation {
  readonly store = new MemoryIncidents()
  readonly rows = new Map<string, DeliveryRow>()
  /** Alerts of the pager that are open now, by dedup key, and how often each was opened. */
  readonly alerts = new Map<string, boolean>()
  readonly pages = new Map<string, number>()
  /** Messages of the chat that say that something opened, by dedup key. */
  readonly messages = new Map<string, number>()
  readonly trouble = new Map<string, number>()
  readonly fired = new Map<string, SignalEvent>()
  readonly retracted = new Set<string>()
  /** When a signal was taken in for the first time. */
  readonly taken = new Map<string, number>()
  readonly ends = new Map<string, Ended[]>()
  /** Alerts that were closed at the pager while it was notified, and sure, that they are open. */
  readonly closedWhileOpen = new Set<string>()
  readonly alertRules: Record<string, RuleInForce>
  crashes = 0
  nowMs = START_MS
  private readonly random: Random
  private readonly mutant: Mutant | undefined
  private processes: Process[] = []
  private later: { readonly atMs: number; readonly start: () => Work }[] = []
  private air: (Request & { readonly atMs: number })[] = []
  private readonly stream: string[] = []
  private readonly crashRate: number
  private readonly downUntilMs: number
  private readonly mutedUntilMs: number
  private readonly exerciseTimes: number[] = []
  private steps = 0

  constructor(seed: number, mutant?: Mutant) {
    this.random = new Random(seed)
    this.mutant = mutant
    const { random } = this
    this.crashRate = random.pick([0, 0.01, 0.04])
    this.downUntilMs = START_MS + random.pick([0, 0, 40, 200]) * SECOND
    this.mutedUntilMs = random.chance(0.2) ? START_MS + random.between(50, 400) * SECOND : 0
    const conditions = [
      { kind: 'each' },
      { kind: 'count', count: 2, windowMs: 40 * SECOND },
      { kind: 'share', share: 0.5, windowMs: 60 * SECOND },
    ] as const
    this.alertRules = {
      A: { alert: { kind: 'each' } },
      B: { alert: random.pick([conditions[0], conditions[0], conditions[1], conditions[2]]) },
    }
    this.store.onHead = (key, head) => this.onHead(key, head)
    this.plan()
  }

  /** Runs until nothing is left to do. */
  run(): void {
    while (this.nowMs < END_MS) {
      if (++this.steps > MAX_STEPS) throw new Error('it does not come to an end')
      this.startDue()
      this.landRequests()
      if (this.steps % 8 === 0) this.compareAlerts()
      if (this.stream.length > 0 && this.random.chance(0.5)) this.dispatch()
      const process = this.processes.length === 0 ? undefined : this.random.pick(this.processes)
      if (process === undefined) {
        if (!this.passTime()) return
        continue
      }
      const dies =
        !this.isCalm && (this.random.chance(this.crashRate) || this.nowMs - process.startedMs > FUNCTION_LIFE_MS)
      if (dies) this.crash(process)
      else this.advance(process)
      if (this.random.chance(0.3)) this.nowMs += SECOND
    }
  }

  get isCalm(): boolean {
    return this.nowMs >= CALM_MS
  }

  rowsOf(key: string, episode: number): DeliveryRow | undefined {
    return this.rows.get(rowKey({ key, episode, receiver: 'pager' }))
  }

  private plan(): void {
    const { random } = this
    const traces = random.between(2, 7)
    for (let trace = 1; trace <= traces; trace++) this.planTrace(trace)
    // Whether and how often rules are exercised meanwhile; in the end often.
    const everyMs = random.pick([2, 10, 60, 600]) * SECOND
    for (let atMs = START_MS; atMs < CALM_MS; atMs += everyMs)
      this.exerciseTimes.push(atMs + random.between(0, 5) * SECOND)
    if (random.chance(0.8))
      for (let each = 0; each < 400; each++) this.exerciseTimes.push(CALM_MS + (300 + each) * SECOND)
    this.exerciseTimes.sort((a, b) => a - b)
    for (let atMs = START_MS; atMs < CALM_MS + 600 * SECOND; atMs += 60 * SECOND) this.at(atMs, () => this.sweeping())
  }

  private planTrace(trace: number): void {
    const { random } = this
    const rule = random.pick(RULES)
    let atMs = START_MS + random.between(1, 260) * SECOND
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
    events.forEach((event, index) => {
      const startMs = Date.parse(event.time) + random.pick([0, 0, 0, 3, 80]) * SECOND
      const start = () => this.evaluating(events.slice(0, index + 1))
      this.at(startMs, start)
      // The same again, or an evaluator that lost its lease and does not know.
      if (random.chance(0.25)) this.at(startMs + random.between(0, 50) * SECOND, start)
    })
  }

  // --- what runs -------------------------------------------------------------------------------------------------------

  private *evaluating(events: readonly SignalEvent[]): Work {
    for (const event of events) {
      const id = memberId(event)
      if (event.status === 'firing') {
        this.fired.set(id, event)
        yield* takeSignal(event, this.context())
        if (!this.taken.has(id)) this.taken.set(id, this.nowMs)
      } else {
        yield* takeSignal(event, this.context())
        this.retracted.add(id)
      }
    }
  }

  private *checking(key: string, version: number): Work {
    const againMs = yield* endIfOver(key, version, this.context())
    if (againMs !== undefined) this.at(againMs, () => this.checking(key, version))
  }

  private *sweeping(): Work {
    for (const [key, head] of [...this.store.heads]) {
      if (head.watch !== undefined) yield* openIfWatched(key, this.context())
    }
  }

  private *dispatching(keys: readonly string[]): Work {
    for (const key of keys) {
      yield { name: 'pause' }
      const head = this.store.readHead(key)
      if (head === undefined || head.state === 'none') continue
      const { version } = head
      if (head.state !== 'resolved') {
        const waitMs = this.random.between(1, QUIET_MS / SECOND) * SECOND
        this.at(this.nowMs + waitMs, () => this.checking(key, version))
      }
      for (let episode = 1; episode <= head.episode; episode++) {
        for (const receiver of Object.keys(RECEIVERS)) {
          const id = { key, episode, receiver }
          yield { name: 'pause' }
          if (!this.rows.has(rowKey(id)))
            this.rows.set(rowKey(id), newDelivery({ updates: true, ended: true }, this.nowMs))
          this.spawn(() => this.delivering(id))
        }
      }
    }
  }

  private *delivering(id: DeliveryId): Work {
    const context: DeliveryContext = {
      settings: { ...DELIVERING, ...(this.mutant === 'no-hold' && { latestArrivalMs: -1e9 }) },
      receiver: { traits: RECEIVERS[id.receiver as ReceiverName] },
      now: () => this.nowMs,
      random: () => 0.5,
    }
    const { outcome, againMs } = yield* deliver(id, context)
    if (againMs !== undefined || outcome === 'busy') {
      this.at(Math.max(againMs ?? 0, this.nowMs + this.random.between(1, 3) * SECOND), () => this.delivering(id))
    }
  }

  private context(): IncidentContext {
    return {
      settings: { quietMs: QUIET_MS, cooldownMs: COOLDOWN_MS, maxGroups: 50 },
      nowMs: this.nowMs,
      atomic: this.mutant === 'one-phase',
      ruleOf: (rule) => this.alertRules[rule],
    }
  }

  // --- steps -----------------------------------------------------------------------------------------------------------

  private advance(process: Process): void {
    const { done, value } = process.work.next(process.result)
    if (done === true) this.processes = this.processes.filter((other) => other !== process)
    else process.result = this.perform(value)
  }

  private perform(step: StoreStep | DeliveryStep | PauseStep): unknown {
    switch (step.name) {
      case 'pause':
        return undefined
      case 'readRow':
        return this.readRow(...step.parameters)
      case 'writeRow':
        return this.writeRow(...step.parameters)
      case 'countLive':
        return this.store.liveMembers(...step.parameters).count
      case 'mutedBy':
        return this.nowMs < this.mutedUntilMs ? { id: 'mute', untilMs: this.mutedUntilMs } : undefined
      case 'notifiedSince':
        return 0
      case 'tell': {
        const [{ key, episode, receiver }, { change, opening }] = step.parameters
        return this.send({ receiver: receiver as ReceiverName, dedupKey: dedupKeyOf(key, episode, opening), change })
      }
      default: {
        const method = this.store[step.name] as (...parameters: readonly unknown[]) => unknown
        return method.apply(this.store, step.parameters)
      }
    }
  }

  private readRow(id: DeliveryId): DeliveryRow | undefined {
    const row = this.rows.get(rowKey(id))
    return row !== undefined && this.mutant === 'no-lease' ? { ...row, leaseUntilMs: 0 } : row
  }

  private writeRow(id: DeliveryId, row: DeliveryRow): boolean {
    const before = this.rows.get(rowKey(id))
    if (this.mutant !== 'no-lease' && (before?.version ?? 0) !== row.version - 1) return false
    const { doing: _, ...finished } = row
    this.rows.set(rowKey(id), this.mutant === 'no-finish' && row.doing === 'resolve' ? finished : row)
    return true
  }

  private send(request: Request): Answer {
    const chance = this.random.next()
    const failed = (unsure: boolean): Answer => ({ outcome: 'failed', reason: 'no answer', unsure })
    if (this.nowMs < this.downUntilMs && !this.isCalm) return failed(false)
    if (this.isCalm || chance < 0.75) {
      this.land(request)
      return { outcome: 'taken' }
    }
    this.trouble.set(request.dedupKey, (this.trouble.get(request.dedupKey) ?? 0) + 1)
    if (chance < 0.83) return failed(false)
    if (chance < 0.91) this.land(request)
    else this.air.push({ ...request, atMs: this.nowMs + this.random.between(1, LATE_MS / SECOND) * SECOND })
    return failed(true)
  }

  private land({ receiver, dedupKey, change }: Request): void {
    if (receiver === 'chat') {
      if (change === 'opened') this.messages.set(dedupKey, (this.messages.get(dedupKey) ?? 0) + 1)
      return
    }
    if (change !== 'resolved' && this.alerts.get(dedupKey) !== true) {
      this.pages.set(dedupKey, (this.pages.get(dedupKey) ?? 0) + 1)
    }
    this.alerts.set(dedupKey, change !== 'resolved')
  }

  private onHead(key: string, head: IncidentHead): void {
    this.stream.push(key)
    if (head.state !== 'resolved' || head.watch !== undefined) return
    const members = [...(this.store.members.get(key)?.entries() ?? [])]
    const live = members.filter(
      ([id, { retracted, firedAtMs }]) => !retracted && firedAtMs >= head.fromMs && this.taken.has(id),
    )
    const newestMs = Math.max(0, ...live.map(([, { firedAtMs }]) => firedAtMs))
    const { held } = this.store.exercise(head.about.rule, newestMs)
    this.ends.set(key, [...(this.ends.get(key) ?? []), { head, live: live.length, held }])
  }

  // --- the world -------------------------------------------------------------------------------------------------------

  private at(atMs: number, start: () => Work): void {
    this.later.push({ atMs, start })
  }

  private spawn(start: () => Work): void {
    this.processes.push({ work: start(), again: start, startedMs: this.nowMs, result: undefined })
  }

  private startDue(): void {
    const due = this.later.filter(({ atMs }) => atMs <= this.nowMs)
    if (due.length === 0) return
    this.later = this.later.filter(({ atMs }) => atMs > this.nowMs)
    for (const { start } of due) this.spawn(start)
    while ((this.exerciseTimes[0] ?? Number.POSITIVE_INFINITY) <= this.nowMs)
      this.exercise(this.exerciseTimes.shift() ?? 0)
  }

  private exercise(atMs: number): void {
    for (const rule of RULES) {
      const times = this.store.exercised.get(rule) ?? []
      times.push({ atMs, held: true })
      this.store.exercised.set(rule, times)
    }
  }

  private compareAlerts(): void {
    for (const [key, head] of this.store.heads) {
      const row = this.rowsOf(key, head.episode)
      if (head.state !== 'open' || row?.notified !== 'open' || row.doing !== undefined) continue
      if (this.nowMs <= (row.notifiedAtMs ?? 0) + LATE_MS) continue
      const dedupKey = dedupKeyOf(key, head.episode, row.opening)
      if (this.alerts.get(dedupKey) !== true) this.closedWhileOpen.add(dedupKey)
    }
  }

  private landRequests(): void {
    if (this.air.length === 0) return
    const landing = this.air.filter(({ atMs }) => atMs <= this.nowMs)
    this.air = this.air.filter(({ atMs }) => atMs > this.nowMs)
    for (const request of landing) this.land(request)
  }

  /** Records come in order, a few at a time, and sometimes twice. */
  private dispatch(): void {
    const keys = this.stream.splice(0, this.random.between(1, 3))
    this.spawn(() => this.dispatching(keys))
    if (this.random.chance(0.15)) this.spawn(() => this.dispatching(keys))
  }

  private passTime(): boolean {
    const next = [
      ...this.later.map(({ atMs }) => atMs),
      ...this.air.map(({ atMs }) => atMs),
      ...this.exerciseTimes.slice(0, 1),
    ]
    if (next.length === 0) return this.stream.length > 0
    this.nowMs = Math.max(this.nowMs + SECOND, Math.min(...next))
    while ((this.exerciseTimes[0] ?? Number.POSITIVE_INFINITY) <= this.nowMs)
      this.exercise(this.exerciseTimes.shift() ?? 0)
    return true
  }

  /** Comes again, as a message that nobody acknowledged. */
  private crash(process: Process): void {
    this.crashes++
    this.processes = this.processes.filter((other) => other !== process)
    this.at(this.nowMs + LEASE_MS + this.random.between(1, 20) * SECOND, process.again)
  }
}

/** The identity of a member: a signal, and when it began to fire. */
function memberId({ signalid, time, data: { firedAt } }: SignalEvent): string {
  return `${Date.parse(firedAt ?? time)}#${signalid}`
}

function rowKey({ key, episode, receiver }: DeliveryId): string {
  return `${key}.${episode} ${receiver}`
}

export const KEYS = RULES.map((rule) => incidentKey(rule, undefined))
