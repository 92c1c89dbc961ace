import type { Evaluator } from '../shared/pipeline/evaluator.ts'
import type { Timer } from '../shared/pipeline/ports.ts'
import { handleTimers, joinedTimer } from '../shared/pipeline/timers.ts'
import { inTurns } from './in-turns.ts'
import { costOf, type DueTimer, type SqliteTimers } from './sqlite/sqlite-timers.ts'

/** What is taken at a time: few, so that what becomes due meanwhile has its turn soon. */
const PORTION = { timers: 64, cost: 1024 * 1024 }
/** Where nothing was due it is looked at again after this: a look costs 2 ms where 1,000 senders have traces waiting. */
const LOOK_MS = 100

export interface EvaluatorLoopOptions {
  /** How much memory a trace takes while it is judged. */
  readonly sizeBytes: (traceId: string) => number
  /** Throws where a timer cannot be handled as things are stored. */
  readonly check: (timer: Timer) => Promise<void>
  /** Done before timers are taken. */
  readonly prepare?: () => Promise<void>
}

/** Hands due timers to the evaluator, until nothing is due; one run at a time. */
export class EvaluatorLoop {
  private readonly evaluator: Evaluator
  private readonly timers: SqliteTimers
  private readonly options: EvaluatorLoopOptions
  private running: Promise<void> = Promise.resolve()
  private stopped = false
  private readonly startedMs: number
  private lookedMs: number
  /** By how much each flow with due timers is late, when that was last looked at. */
  private late: ReadonlyMap<number, number> = new Map()
  private lookAgainMs = -Infinity
  /** What is being handled, and the timers of the same that were taken meanwhile. */
  private readonly inHand = new Map<string, DueTimer[]>()
  /** Handled, and not yet forgotten. */
  private handled: DueTimer[] = []
  /** Why timers could not be taken when that was last tried. */
  failure: unknown

  constructor(evaluator: Evaluator, timers: SqliteTimers, options: EvaluatorLoopOptions) {
    this.evaluator = evaluator
    this.timers = timers
    this.options = options
    this.startedMs = evaluator.clock()
    this.lookedMs = this.startedMs
  }

  /** When timers were last looked for, in milliseconds since 1970. */
  get lastRunMs(): number {
    return this.lookedMs
  }

  /**
   * By how many milliseconds the traces of a flow are past their turn, or those of the flow that is most so; the time
   * before the start does not count.
   */
  behindMs(flow?: number): number {
    return flow === undefined ? Math.max(0, ...this.late.values()) : (this.late.get(flow) ?? 0)
  }

  /** Handles everything that is due by the clock, and what becomes due by that. Never rejects. */
  runDue(): Promise<void> {
    this.running = this.running.then(() => this.run())
    return this.running
  }

  /** Takes no more timers; resolves when those in hand are done. */
  stop(): Promise<void> {
    this.stopped = true
    return this.running
  }

  private async run(): Promise<void> {
    try {
      while (this.look()) {
        await inTurns(
          () => this.more(),
          (group) => costOf(group[0] as DueTimer),
          (group) => this.handle(group),
        )
        await this.acknowledge()
      }
      this.failure = undefined
    } catch (error) {
      this.failure = error
      this.evaluator.metrics.add('timerFailures', { transient: true })
      this.evaluator.log('error', 'timers could not be taken; trying again', { reason: String(error) })
    }
  }

  /** Notes how late each flow is; false where nothing is due, or no more is to be taken. */
  private look(): boolean {
    if (this.stopped) return false
    const nowMs = this.evaluator.clock()
    this.lookedMs = nowMs
    const due = this.timers.flows().filter(({ nextMs }) => nextMs <= nowMs)
    this.late = new Map(due.map(({ flow, nextMs }) => [flow, nowMs - Math.max(nextMs, this.startedMs)]))
    this.lookAgainMs = due.length > 0 ? nowMs : nowMs + LOOK_MS
    return due.length > 0
  }

  /** The due timers to handle next, by subject; undefined where none is due. */
  private async more(): Promise<readonly (readonly DueTimer[])[] | undefined> {
    if (this.evaluator.clock() < this.lookAgainMs || !this.look()) return undefined
    await this.options.prepare?.()
    const portion = { ...PORTION, flows: [...this.late.keys()], sizeBytes: (timer: Timer) => this.sizeOf(timer) }
    const visibilityMs = 6 * this.evaluator.settings.leaseMs
    // Asked for at the same time, they share a transaction.
    const [due] = await Promise.all([this.timers.takeDue(portion, visibilityMs), this.acknowledge()])
    return bySubject(due).filter((group) => !this.joins(group))
  }

  /** Whether a group waits for its subject, which is in hand already. */
  private joins(group: readonly DueTimer[]): boolean {
    const joined = this.inHand.get(subjectOf(group))
    joined?.push(...group)
    return joined !== undefined
  }

  private async handle(group: readonly DueTimer[]): Promise<void> {
    const subject = subjectOf(group)
    try {
      for (let timers = group; timers.length > 0; timers = this.inHand.get(subject) ?? []) {
        this.inHand.set(subject, [])
        const undone = await handleTimers(this.evaluator, [joined(timers)], this.options.check)
        if (undone.length === 0) this.handled.push(...timers)
      }
    } finally {
      this.inHand.delete(subject)
    }
  }

  private async acknowledge(): Promise<void> {
    const handled = this.handled
    this.handled = []
    if (handled.length > 0) await this.timers.acknowledge(handled)
  }

  /** Where it cannot be read, judging meets the same damage, and sets aside that trace alone. */
  private sizeOf(timer: Timer): number {
    try {
      return this.options.sizeBytes(timer.traceId)
    } catch {
      return 0
    }
  }
}

/** Timers of one trace are one piece of work. */
function bySubject(due: readonly DueTimer[]): readonly (readonly DueTimer[])[] {
  return [...Map.groupBy(due, (each) => subjectOf([each])).values()]
}

function subjectOf([first]: readonly DueTimer[]): string {
  return first?.timer.traceId ?? ''
}

function joined([first, ...others]: readonly DueTimer[]): Timer {
  return joinedTimer([(first as DueTimer).timer, ...others.map(({ timer }) => timer)])
}
