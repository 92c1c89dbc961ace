import type { IncidentContext, RuleInForce } from '../../../shared/incidents/context.ts'
import {
  type DeliveryContext,
  type DeliverySettings,
  type DeliveryStep,
  deliver,
} from '../../../shared/incidents/deliver.ts'
import type { DeliveryId, DeliveryRow } from '../../../shared/incidents/delivery.ts'
import { endIfOver } from '../../../shared/incidents/end-incident.ts'
import { dedupKeyOf } from '../../../shared/incidents/incident.ts'
import { openIfWatched, takeSignal } from '../../../shared/incidents/open-incident.ts'
import { atOnce, type IncidentSteps, type Protocol, type StoreStep } from '../../../shared/incidents/store-steps.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { Random } from '../../pipeline/model/random.ts'
import { MemoryIncidents } from '../memory-incidents.ts'
import { type Mutant, mutated } from './mutants.ts'
import { observedSteps } from './observed-steps.ts'
import { type Knowledge, Observer } from './observer.ts'
import { CALM_MS, KEYS, type Plan, planOf, SECOND, START_MS } from './plan.ts'
import { ModelRows } from './rows.ts'
import { ModelVendors, RECEIVERS, type ReceiverName } from './vendors.ts'

export const QUIET_MS = 60 * SECOND
const COOLDOWN_MS = 120 * SECOND
const LEASE_MS = 20 * SECOND
const FUNCTION_LIFE_MS = 15 * SECOND
const LATE_MS = 20 * SECOND
const END_MS = CALM_MS + 30 * 3_600_000
/** Where nobody exercises a rule for a day, hundreds of checks that came twice look at it each minute. */
const MAX_STEPS = 4_000_000

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

type Step = StoreStep | DeliveryStep | PauseStep
type Work = Generator<Step, void, unknown>

/** Others may act here. */
interface PauseStep {
  readonly name: 'pause'
}

interface Process {
  readonly work: Work
  readonly again: () => Work
  readonly startedMs: number
  readonly known: Knowledge
  /** What its next step gets. */
  result: unknown
  /** The next step sends a request. */
  isSending: boolean
}

/**
 * One run of the protocol of incidents against a world of evaluators and notifiers that crash at every step, work twice, get
 * answers late or never, and of receivers that are out of reach. They are functions, whose store operations are one atomic
 * step each, or one server, whose protocols are one transaction each.
 */
export class IncidentSimulation {
  readonly store = new MemoryIncidents()
  readonly rows: ModelRows
  readonly vendors: ModelVendors
  readonly observer: Observer
  readonly plan: Plan
  readonly fired = new Map<string, SignalEvent>()
  readonly retracted = new Set<string>()
  /** Alerts that were closed at the pager while it was notified, and sure, that they are open. */
  readonly closedWhileOpen = new Set<string>()
  /** Openings that somebody began to send while a mute held them back. */
  readonly sentMuted = new Set<string>()
  /** Ends that were sent while openings were held back. */
  endsWhileMuted = 0
  flooded = 0
  crashes = 0
  nowMs = START_MS
  private readonly random: Random
  private readonly mutant: Mutant | undefined
  private readonly steps: IncidentSteps
  private processes: Process[] = []
  private current: Process | undefined
  private later: { readonly atMs: number; readonly start: () => Work }[] = []
  private readonly stream: string[] = []
  private readonly keptMs: number[]

  constructor(seed: number, mutant?: Mutant) {
    this.random = new Random(seed)
    this.mutant = mutant
    this.plan = planOf(this.random)
    this.rows = new ModelRows(mutant)
    this.keptMs = [...this.plan.keptMs]
    this.vendors = new ModelVendors(this.random)
    this.observer = new Observer(this.plan.rules)
    this.steps = observedSteps(this.store, this.observer, () => this.known, mutant)
    this.store.onHead = (key, head) => {
      this.stream.push(key)
      this.observer.onHead(key, head, this.known)
    }
    for (const { events, judgedMs } of this.plan.traces) {
      judgedMs.forEach((times, index) => {
        for (const atMs of times) this.at(atMs, () => this.evaluating(events.slice(0, index + 1)))
      })
    }
    for (let atMs = START_MS; atMs < CALM_MS + 600 * SECOND; atMs += 60 * SECOND) this.at(atMs, () => this.sweeping())
  }

  /** Runs until nothing is left to do. */
  run(): void {
    for (; this.nowMs < END_MS; this.observer.turn++) {
      if (this.observer.turn > MAX_STEPS) throw new Error('it does not come to an end')
      this.startDue()
      this.vendors.landDue(this.nowMs)
      if (this.observer.turn % 8 === 0) this.compareAlerts()
      if (this.stream.length > 0 && this.random.chance(0.5)) this.dispatch()
      const process = this.processes.length === 0 ? undefined : this.random.pick(this.processes)
      if (process === undefined) {
        if (!this.passTime()) return
        continue
      }
      if (this.dies(process)) this.crash(process)
      else this.advance(process)
      // In the end all that is left has time enough.
      if (this.random.chance(this.isCalm ? 0.3 / (1 + this.processes.length) : 0.3)) this.nowMs += SECOND
    }
  }

  private get isCalm(): boolean {
    return this.nowMs >= CALM_MS
  }

  /** What the process at work knows. */
  private get known(): Knowledge {
    return this.current?.known ?? { nowMs: this.nowMs }
  }

  private isMuted(sinceMs = this.nowMs): boolean {
    const { fromMs, untilMs } = this.plan.mute
    return fromMs <= sinceMs && this.nowMs < untilMs
  }

  // --- what runs -------------------------------------------------------------------------------------------------------

  private *evaluating(events: readonly SignalEvent[]): Work {
    for (const event of events) {
      const id = memberId(event)
      if (event.status === 'firing') {
        if (!this.fired.has(id)) this.note(event.data.signal, Date.parse(event.time), false)
        this.fired.set(id, event)
        const known = this.known
        yield* this.protocol(() => takeSignal(event, this.context()))
        this.observer.onTaken(id, event, known)
      } else {
        yield* this.protocol(() => takeSignal(event, this.context()))
        this.retracted.add(id)
      }
    }
  }

  private *checking(key: string, version: number): Work {
    const againMs = yield* this.protocol(() => endIfOver(key, version, this.context()))
    if (againMs !== undefined) this.at(againMs, () => this.checking(key, version))
  }

  private *sweeping(): Work {
    for (const key of KEYS) {
      const nowMs = this.nowMs
      const since = this.observer.holdsSince(key, nowMs)
      if (this.mutant !== 'no-watch') yield* this.protocol(() => openIfWatched(key, { ...this.context(), nowMs }))
      this.observer.onLooked(key, since, nowMs)
    }
  }

  /** On a server one transaction does all steps of a protocol. */
  private *protocol<Result>(make: () => Protocol<Result>): Generator<Step, Result, unknown> {
    if (!this.plan.isServer) return yield* make()
    yield { name: 'pause' }
    return atOnce(make(), this.steps)
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
          this.rows.ask(id, this.nowMs)
          this.spawn(() => this.delivering(id))
        }
      }
    }
  }

  private *delivering(id: DeliveryId): Work {
    if (this.mutant === 'mute-holds-ends' && this.isMuted()) {
      const row = this.rows.get(id)
      if (row?.notified === 'open' && this.store.readHead(id.key)?.state === 'resolved') {
        if (this.plan.mute.untilMs < END_MS) this.at(this.plan.mute.untilMs, () => this.delivering(id))
        return
      }
    }
    const noHold = this.mutant === 'no-hold' && { latestArrivalMs: -1e9 }
    const context: DeliveryContext = {
      settings: { ...DELIVERING, floodLimit: this.plan.floodLimit, ...noHold },
      receiver: { traits: RECEIVERS[id.receiver as ReceiverName] },
      now: () => this.nowMs,
      random: () => 0.5,
    }
    const { outcome, againMs } = yield* deliver(id, context)
    if (outcome === 'flooded') this.flooded++
    if (againMs === Number.POSITIVE_INFINITY) return
    if (againMs !== undefined || outcome === 'busy') {
      this.at(Math.max(againMs ?? 0, this.nowMs + this.random.between(1, 3) * SECOND), () => this.delivering(id))
    }
  }

  private context(): IncidentContext {
    const nowMs = this.nowMs
    this.known.nowMs = nowMs
    const quietMs = this.mutant === 'short-quiet' ? SECOND : QUIET_MS
    return {
      settings: { quietMs, cooldownMs: COOLDOWN_MS, maxGroups: 50 },
      nowMs,
      atomic: this.plan.isServer || this.mutant === 'one-phase',
      ruleOf: (rule) => this.ruleOf(rule),
    }
  }

  private ruleOf(rule: string): RuleInForce | undefined {
    const known = this.plan.rules[rule]
    return known && { ...known, alert: mutated(known.alert, this.mutant) }
  }

  // --- steps -----------------------------------------------------------------------------------------------------------

  private advance(process: Process): void {
    this.current = process
    const { done, value } = process.work.next(process.result)
    if (done === true) this.processes = this.processes.filter((other) => other !== process)
    else process.result = this.perform(value)
    process.isSending = done !== true && value.name === 'writeRow' && value.parameters[1].leaseUntilMs > 0
    this.current = undefined
  }

  private perform(step: Step): unknown {
    switch (step.name) {
      case 'pause':
        return undefined
      case 'readRow':
        return this.rows.read(...step.parameters, this.nowMs)
      case 'writeRow':
        return this.writeRow(...step.parameters)
      case 'countLive':
        return this.store.liveMembers(...step.parameters).count
      case 'mutedBy': {
        const { untilMs } = this.plan.mute
        return this.isMuted() && this.mutant !== 'no-mute' ? { id: 'mute', untilMs } : undefined
      }
      case 'notifiedSince':
        return this.rows.notifiedSince(...step.parameters)
      case 'tell':
        return this.tell(step)
      default: {
        const method = this.steps[step.name] as (...parameters: readonly unknown[]) => unknown
        return method.apply(this.steps, step.parameters)
      }
    }
  }

  private writeRow(id: DeliveryId, row: DeliveryRow): boolean {
    const begins = row.doing === 'open' && row.leaseUntilMs > 0 && this.rows.get(id)?.doing !== 'open'
    const { key, episode, receiver } = id
    const isWritten = this.rows.write(id, row)
    if (begins && isWritten && this.isMuted(this.current?.startedMs))
      this.sentMuted.add(`${key}.${episode} ${receiver}`)
    return isWritten
  }

  private tell(step: Extract<Step, { name: 'tell' }>): unknown {
    const request = requestOf(step)
    if (request.change === 'resolved' && this.isMuted()) this.endsWhileMuted++
    const { nowMs, isCalm } = this
    return this.vendors.send(request, { nowMs, isCalm, downUntilMs: this.plan.downUntilMs, latestMs: LATE_MS })
  }

  // --- the world -------------------------------------------------------------------------------------------------------

  private at(atMs: number, start: () => Work): void {
    this.later.push({ atMs, start })
  }

  private spawn(start: () => Work): void {
    const known = { nowMs: this.nowMs }
    this.processes.push({
      work: start(),
      again: start,
      startedMs: this.nowMs,
      known,
      result: undefined,
      isSending: false,
    })
  }

  private startDue(): void {
    this.keepDue()
    const due = this.later.filter(({ atMs }) => atMs <= this.nowMs)
    if (due.length === 0) return
    this.later = this.later.filter(({ atMs }) => atMs > this.nowMs)
    for (const { start } of due) this.spawn(start)
  }

  private keepDue(): void {
    while ((this.keptMs[0] ?? Number.POSITIVE_INFINITY) <= this.nowMs) {
      const atMs = this.keptMs.shift() ?? 0
      for (const rule of Object.keys(this.plan.rules)) this.note(rule, atMs, true)
    }
  }

  /** A trace gave a rule something to say. */
  private note(rule: string, atMs: number, held: boolean): void {
    const times = this.store.exercised.get(rule) ?? []
    this.store.exercised.set(rule, times)
    times.push({ atMs, held })
    this.observer.exercise.get(rule)?.push({ atMs, held })
  }

  private compareAlerts(): void {
    for (const [key, head] of this.store.heads) {
      const row = this.rows.get({ key, episode: head.episode, receiver: 'pager' })
      if (head.state !== 'open' || row?.notified !== 'open' || row.doing !== undefined || row.flooded) continue
      if (this.nowMs <= (row.notifiedAtMs ?? 0) + LATE_MS) continue
      const dedupKey = dedupKeyOf(key, head.episode, row.opening)
      if (this.vendors.alerts.get(dedupKey) !== true) this.closedWhileOpen.add(dedupKey)
    }
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
      ...this.vendors.air.map(({ atMs }) => atMs),
      ...this.keptMs.slice(0, 1),
    ]
    if (next.length === 0) return this.stream.length > 0
    this.nowMs = Math.max(this.nowMs + SECOND, Math.min(...next))
    this.keepDue()
    return true
  }

  private dies({ startedMs, isSending }: Process): boolean {
    const isTooOld = !this.plan.isServer && this.nowMs - startedMs > FUNCTION_LIFE_MS
    if (isTooOld || this.isCalm) return isTooOld
    const { crashRate } = this.plan
    return this.random.chance(isSending ? 5 * crashRate : crashRate)
  }

  /** What a function did comes again, as a message that nobody acknowledged; a server starts again over its database. */
  private crash(process: Process): void {
    this.crashes++
    const dying = this.plan.isServer ? this.processes : [process]
    for (const each of dying) this.loseInTheAir(each)
    this.processes = this.processes.filter((other) => !dying.includes(other))
    const waitMs = this.plan.isServer ? 0 : LEASE_MS
    for (const { again } of dying) this.at(this.nowMs + waitMs + this.random.between(1, 20) * SECOND, again)
    if (!this.plan.isServer) return
    this.rows.revive(this.nowMs)
  }

  /** What it was about to send is on its way already, and lands whatever became of the sender. */
  private loseInTheAir(process: Process): void {
    if (this.random.chance(0.5)) return
    this.current = process
    const { done, value } = process.work.next(process.result)
    this.current = undefined
    if (done !== true && value.name === 'tell') this.vendors.delay(requestOf(value), this.nowMs, LATE_MS)
  }
}

function requestOf({ parameters }: Extract<Step, { name: 'tell' }>) {
  const [{ key, episode, receiver }, { change, opening }] = parameters
  return { receiver: receiver as ReceiverName, dedupKey: dedupKeyOf(key, episode, opening), change }
}

/** The identity of a member: a signal, and when it began to fire. */
function memberId({ signalid, time, data: { firedAt } }: SignalEvent): string {
  return `${Date.parse(firedAt ?? time)}#${signalid}`
}
