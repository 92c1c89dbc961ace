import { setImmediate } from 'node:timers/promises'
import { arrivalMs, type Chunk, contentOf } from '../../../shared/pipeline/chunk.ts'
import type { Evaluator } from '../../../shared/pipeline/evaluator.ts'
import { NO_EXPERIMENTS } from '../../../shared/pipeline/experiment-calendar.ts'
import type { ClockStep, CommittedJudgement, FailedEvent, RuleSet, Timer } from '../../../shared/pipeline/ports.ts'
import { onChunksRemoved } from '../../../shared/pipeline/rescue.ts'
import { judgingSettings } from '../../../shared/pipeline/settings.ts'
import type { PublishedEvent } from '../../../shared/pipeline/signal.ts'
import { SignalRate } from '../../../shared/pipeline/signal-rate.ts'
import { handleTimers } from '../../../shared/pipeline/timers.ts'
import { MemoryArchive, MemoryBuffer, MemoryIncidentLedger, MemoryPublisher, MemorySignals } from '../memory-stores.ts'
import { TRACE_ID } from '../traces.ts'
import { Gates } from './faults.ts'
import { Random } from './random.ts'
import { PATIENT, type Scenario, scenario, toldAt } from './scenario.ts'

const VISIBILITY_MS = 540_000
const LONGEST_DELAY_MS = 900_000
const RETENTION_MS = 7 * 24 * 3_600_000
const MAX_STEPS = 20_000
const MAX_TRACE_AGE_MS = 600_000

interface Message {
  readonly deliver: (worker: number) => Promise<boolean>
  visibleAtMs: number
}

/** One run of the protocol against a world that crashes, repeats, stalls, reorders and tells the time wrongly. */
export class Simulation {
  readonly scenario: Scenario
  readonly buffer: MemoryBuffer
  readonly archive = new MemoryArchive()
  readonly signals = new MemorySignals()
  readonly publisher = new MemoryPublisher()
  readonly incidents = new MemoryIncidentLedger()
  /** Every signal that a verdict committed, by id. */
  readonly committed = new Map<string, string>()
  /** The rules of the last verdict that was committed. */
  lastRules: RuleSet | undefined
  readonly counts = new Map<string, number>()
  /** Signals that were fired once their rule had waited. */
  patience = 0
  /** How many milliseconds early each was that was fired before. */
  readonly tooSoon: number[] = []
  readonly gates: Gates
  private readonly random: Random
  private readonly messages: Message[] = []
  private readonly events: { readonly atMs: number; readonly happen: () => void }[]
  private readonly busy = new Set<number>()
  private nowMs = 1_700_000_000_000
  private rules: RuleSet
  private workers = 0
  /** Evaluators know of the last step of the clock. */
  private readonly noticesSteps: boolean

  constructor(seed: number) {
    this.random = new Random(seed)
    // Apart from the rest, so that seeds go on to mean what they meant.
    const clocks = new Random(seed ^ 0x2545_f491)
    this.scenario = scenario(this.random, clocks, this.nowMs)
    this.rules = this.scenario.rules
    this.gates = new Gates(this.random, this.random.pick([0, 0.02, 0.08]), this.random.between(0, 30))
    this.buffer = new MemoryBuffer((chunk) => this.arm(chunk))
    this.events = this.scenario.arrivals.map(({ atMs, chunk }) => ({
      atMs,
      happen: () => void this.buffer.append([chunk]),
    }))
    const { laterRules, rulesChangeAtMs } = this.scenario
    // Nothing happens then but the time itself; it must be stopped at.
    for (const { atMs } of this.scenario.clockSteps) this.events.push({ atMs, happen: () => {} })
    this.noticesSteps = clocks.chance(0.5)
    this.events.push({ atMs: rulesChangeAtMs, happen: () => (this.rules = laterRules) })
  }

  /** Runs until every timer is done with; throws if that does not come about. */
  async run(): Promise<void> {
    for (let steps = 0; this.isUnfinished(); steps++) {
      if (steps > MAX_STEPS) throw new Error('the timers do not come to an end')
      await this.step()
    }
  }

  /** Lets every chunk live out its time; what a verdict did not take in is rescued. */
  async expire(): Promise<void> {
    const lastMs = Math.max(...this.buffer.keys(TRACE_ID).map(arrivalMs))
    this.nowMs = Math.max(this.nowMs, lastMs + RETENTION_MS)
    const keys = [...this.buffer.keys(TRACE_ID)]
    while (keys.length > 0) {
      const removed = keys
        .splice(0, this.random.between(1, 3))
        .flatMap((key) => this.buffer.remove(TRACE_ID, key) ?? [])
      this.messages.push({ visibleAtMs: this.nowMs, deliver: (worker) => this.rescue(worker, removed) })
      await this.run()
    }
  }

  private isUnfinished(): boolean {
    return this.events.length + this.messages.length > 0 || this.gates.isAnybodyWaiting
  }

  private async step(): Promise<void> {
    const due = this.messages.filter((message) => message.visibleAtMs <= this.nowMs)
    const stalls = this.gates.isAnybodyWaiting && this.gates.faultsLeft > 0 && this.random.chance(0.03)
    if (due.length > 0 && this.busy.size < 4 && this.random.chance(0.5)) return this.deliver(this.random.pick(due))
    if (this.gates.isAnybodyWaiting && !stalls) {
      const crashed = await this.gates.step()
      if (crashed !== undefined) this.busy.delete(crashed)
      return
    }
    if (due.length === 0 || stalls) this.passTime()
  }

  private passTime(): void {
    const coming = [...this.events.map(({ atMs }) => atMs), ...this.messages.map(({ visibleAtMs }) => visibleAtMs)]
    const later = coming.filter((atMs) => atMs > this.nowMs)
    if (later.length > 0) this.nowMs = Math.min(...later)
    for (const event of this.events.filter(({ atMs }) => atMs <= this.nowMs)) {
      this.events.splice(this.events.indexOf(event), 1)
      event.happen()
    }
  }

  private async deliver(message: Message): Promise<void> {
    const worker = this.workers++
    this.busy.add(worker)
    message.visibleAtMs = this.nowMs + VISIBILITY_MS
    const twice = this.gates.faultsLeft > 0 && this.random.chance(0.05)
    if (twice) message.visibleAtMs = this.nowMs
    void message.deliver(worker).then((done) => {
      this.busy.delete(worker)
      const at = this.messages.indexOf(message)
      if (done && at >= 0) this.messages.splice(at, 1)
    })
    await setImmediate()
  }

  private arm(chunk: Chunk): void {
    if (this.scenario.losesTimers && this.random.chance(0.5)) return
    const visibleAtMs = this.nowMs + this.scenario.quietPeriodMs
    const dueAtMs = toldAt(this.scenario.clockSteps, this.nowMs) + this.scenario.quietPeriodMs
    const timer: Timer = { kind: 'trace', traceId: chunk.traceId, chunkKeys: [chunk.key], dueAtMs, attempt: 0 }
    this.send(timer, visibleAtMs + this.random.pick([0, 0, 1_000, 60_000]))
    if (this.random.chance(0.1)) this.send(timer, visibleAtMs + this.random.between(0, 300_000))
  }

  private send(timer: Timer, visibleAtMs: number): void {
    this.messages.push({
      visibleAtMs,
      deliver: async (worker) => (await handleTimers(this.evaluator(worker), [timer])).length === 0,
    })
  }

  private async rescue(worker: number, removed: readonly Chunk[]): Promise<boolean> {
    try {
      await onChunksRemoved(this.evaluator(worker), TRACE_ID, removed)
      return true
    } catch {
      return false
    }
  }

  private evaluator(worker: number): Evaluator {
    const skewMs = this.random.pick([0, 0, 500, -500, 40_000, -40_000])
    const clock = () => toldAt(this.scenario.clockSteps, this.nowMs) + skewMs
    const incidents = this.gates.guard(worker, this.incidents)
    const guard = <Store extends object>(store: Store) => this.gates.guard(worker, store)
    let judgedBy: RuleSet | undefined
    const buffer = new Proxy(this.buffer, {
      get: (target, name) => {
        if (name !== 'commit') return Reflect.get(target, name)
        return async (traceId: string, token: string, verdict: CommittedJudgement) => {
          const owned = await target.commit(traceId, token, verdict)
          if (owned) this.remember(verdict, judgedBy)
          return owned
        }
      },
    })
    const timers = {
      arm: async (armed: readonly Timer[]) => {
        for (const timer of armed) {
          const delayMs = Math.min(Math.max(0, timer.dueAtMs - clock()), LONGEST_DELAY_MS)
          this.send(timer, this.nowMs + delayMs)
        }
      },
      bury: async () => {
        throw new Error('a timer was buried although every fault passes')
      },
    }
    return {
      buffer: guard(buffer),
      timers: guard(timers),
      archive: guard(this.archive),
      signals: guard(this.signals),
      publisher: guard({ publish: (events: readonly PublishedEvent[]) => this.publishSome(events) }),
      signalRate: new SignalRate(1_000),
      incidents: { take: (signals) => incidents.take(signals), countExercise: () => {} },
      rules: {
        current: async () => {
          judgedBy = this.rules
          return this.rules
        },
      },
      metrics: {
        add: (name, _labels, amount = 1) => this.counts.set(name, (this.counts.get(name) ?? 0) + amount),
        observe: () => {},
      },
      clock,
      clockStep: () => (this.noticesSteps ? this.lastStep() : undefined),
      stopwatch: () => 0,
      log: () => {},
      experiments: NO_EXPERIMENTS,
      newToken: () => `lease-${worker}`,
      settings: judgingSettings({
        quietPeriodMs: this.scenario.quietPeriodMs,
        maxTransientAttempts: 1_000,
        maxSignalsPerCommit: this.scenario.maxSignalsPerCommit,
        maxTraceAgeMs: MAX_TRACE_AGE_MS,
      }),
    }
  }

  private lastStep(): ClockStep | undefined {
    const { clockSteps } = this.scenario
    const last = clockSteps.filter(({ atMs }) => atMs <= this.nowMs).sort((a, b) => b.atMs - a.atMs)[0]
    if (last === undefined) return undefined
    const afterMs = toldAt(clockSteps, last.atMs)
    return { beforeMs: afterMs - last.byMs, afterMs }
  }

  /** A subscriber that now and then takes only some of what it is sent. */
  private async publishSome(events: readonly PublishedEvent[]): Promise<readonly FailedEvent[]> {
    const refused = events.filter(() => this.gates.faultsLeft > 0 && this.random.chance(0.1))
    if (refused.length > 0) this.gates.faultsLeft--
    await this.publisher.publish(events.filter((event) => !refused.includes(event)))
    return refused.map((event) => ({ event, reason: 'refused' }))
  }

  private remember(verdict: CommittedJudgement, judgedBy: RuleSet | undefined): void {
    this.lastRules = judgedBy ?? this.lastRules
    for (const { event } of verdict.pending) {
      const text = JSON.stringify(event)
      const before = this.committed.get(event.id)
      if (before !== undefined && before !== text) throw new Error(`two signals with id ${event.id}`)
      this.committed.set(event.id, text)
      const isNew = before === undefined && event.status === 'firing'
      if (isNew && event.data.signal === PATIENT.name) this.checkPatience(event.time, verdict)
    }
  }

  /** No signal is fired that a span could have prevented which still had time to come. */
  private checkPatience(time: string, { seen, truncated }: CommittedJudgement): void {
    if (truncated || this.scenario.losesTimers || this.scenario.clockSteps.length > 0) return
    // The same bytes that come again are no new spans.
    const first = new Map(
      seen
        .toSorted()
        .toReversed()
        .map((key) => [contentOf(key), arrivalMs(key)]),
    )
    const arrivals = [...first.values()]
    const earliestMs = Math.min(Math.max(...arrivals) + PATIENT.waitMs, Math.min(...arrivals) + MAX_TRACE_AGE_MS)
    if (Date.parse(time) < earliestMs) this.tooSoon.push(earliestMs - Date.parse(time))
    this.patience++
  }
}
