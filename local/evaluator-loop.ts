import type { Evaluator } from '../shared/pipeline/evaluator.ts'
import type { Timer, TraceTimer } from '../shared/pipeline/ports.ts'
import { handleTimers } from '../shared/pipeline/timers.ts'
import { inTurns } from './in-turns.ts'
import type { DueTimer, SqliteTimers } from './sqlite-timers.ts'

/** Timers taken at a time. */
const BATCH = 1024

export interface EvaluatorLoopOptions {
  /** How much memory a trace takes while it is judged. */
  readonly sizeBytes: (traceId: string) => number
  /** Throws where a timer cannot be handled as things are stored. */
  readonly check: (timer: Timer) => Promise<void>
}

/** Hands due timers to the evaluator, until nothing is due; one run at a time. */
export class EvaluatorLoop {
  private readonly evaluator: Evaluator
  private readonly timers: SqliteTimers
  private readonly options: EvaluatorLoopOptions
  private running: Promise<void> = Promise.resolve()
  private stopped = false
  private readonly startedMs: number
  private finishedMs: number
  private lateMs = 0
  /** Why timers could not be taken when that was last tried. */
  failure: unknown

  constructor(evaluator: Evaluator, timers: SqliteTimers, options: EvaluatorLoopOptions) {
    this.evaluator = evaluator
    this.timers = timers
    this.options = options
    this.startedMs = evaluator.clock()
    this.finishedMs = this.startedMs
  }

  /** When timers were last looked for, or a batch of them was done, in milliseconds since 1970. */
  get lastRunMs(): number {
    return this.finishedMs
  }

  /** By how many milliseconds the traces being judged are past their turn; the time before the start does not count. */
  get behindMs(): number {
    return this.lateMs
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
      for (let nextMs = this.nextMs(); !this.stopped && nextMs <= this.evaluator.clock(); nextMs = this.nextMs()) {
        this.lateMs = this.evaluator.clock() - Math.max(nextMs, this.startedMs)
        await this.runBatch()
        this.finishedMs = this.evaluator.clock()
      }
      this.lateMs = 0
      this.finishedMs = this.evaluator.clock()
      this.failure = undefined
    } catch (error) {
      this.failure = error
      this.evaluator.metrics.add('timerFailures', { transient: true })
      this.evaluator.log('error', 'timers could not be taken; trying again', { reason: String(error) })
    }
  }

  private nextMs(): number {
    return this.timers.nextVisibleMs() ?? Infinity
  }

  private async runBatch(): Promise<void> {
    const visibilityMs = 6 * this.evaluator.settings.leaseMs
    const due = await this.timers.takeDue(BATCH, visibilityMs)
    const handled: DueTimer[] = []
    const work = async (group: readonly DueTimer[]) => {
      const undone = await handleTimers(this.evaluator, [merged(group)], this.options.check)
      if (undone.length === 0) handled.push(...group)
    }
    const groups = [...bySubject(due).values()]
    await inTurns(
      groups,
      ([first]) => this.sizeOf(first?.timer),
      work,
      () => this.stopped,
    )
    await this.timers.acknowledge(handled)
  }

  /** Where it cannot be read, judging meets the same damage, and sets aside that trace alone. */
  private sizeOf(timer: Timer | undefined): number {
    if (timer?.kind !== 'trace') return 0
    try {
      return this.options.sizeBytes(timer.traceId)
    } catch {
      return 0
    }
  }
}

/** Timers of one trace, or of one storm, are one piece of work. */
function bySubject(due: readonly DueTimer[]): ReadonlyMap<string, readonly DueTimer[]> {
  return Map.groupBy(due, ({ timer }) =>
    timer.kind === 'trace' ? timer.traceId : `storm ${timer.windowStartMs} ${timer.rule}`,
  )
}

function merged(group: readonly DueTimer[]): Timer {
  const timers = group.map(({ timer }) => timer)
  const traces = timers.filter((timer): timer is TraceTimer => timer.kind === 'trace')
  const [first] = traces
  if (first === undefined) return timers[0] as Timer
  return {
    ...first,
    chunkKeys: [...new Set(traces.flatMap(({ chunkKeys }) => chunkKeys))],
    dueAtMs: Math.max(...traces.map(({ dueAtMs }) => dueAtMs)),
    attempt: Math.max(...traces.map(({ attempt }) => attempt)),
  }
}
