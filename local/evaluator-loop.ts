import type { Evaluator } from '../shared/pipeline/evaluator.ts'
import type { Timer, TraceTimer } from '../shared/pipeline/ports.ts'
import { handleTimers } from '../shared/pipeline/timers.ts'
import { inTurns } from './in-turns.ts'
import { costOf, type DueTimer, type SqliteTimers } from './sqlite-timers.ts'

/** Timers taken at a time. */
const BATCH = 1024
/** Fewer are taken where a batch would take longer: a trace that is due waits for the batch in hand. */
const BATCH_MS = 500
/** Bounds of what a batch costs (`Portion`), whatever the time of the last one says. */
const BATCH_COST = { least: 512 * 1024, most: 16 * 1024 * 1024 }

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
  private lookedMs: number
  /** By how much each flow with due timers is late, when that was last looked at. */
  private late: ReadonlyMap<number, number> = new Map()
  private batchCost = BATCH_COST.most
  /** Why timers could not be taken when that was last tried. */
  failure: unknown

  constructor(evaluator: Evaluator, timers: SqliteTimers, options: EvaluatorLoopOptions) {
    this.evaluator = evaluator
    this.timers = timers
    this.options = options
    this.startedMs = evaluator.clock()
    this.lookedMs = this.startedMs
  }

  /** When timers were last looked for, or a batch of them was done, in milliseconds since 1970. */
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
      while (!this.stopped && this.look()) {
        await this.runBatch()
        this.lookedMs = this.evaluator.clock()
      }
      this.failure = undefined
    } catch (error) {
      this.failure = error
      this.evaluator.metrics.add('timerFailures', { transient: true })
      this.evaluator.log('error', 'timers could not be taken; trying again', { reason: String(error) })
    }
  }

  /** Notes how late each flow is; false where nothing is due. */
  private look(): boolean {
    const nowMs = this.evaluator.clock()
    this.lookedMs = nowMs
    const due = this.timers.flows().filter(({ nextMs }) => nextMs <= nowMs)
    this.late = new Map(due.map(({ flow, nextMs }) => [flow, nowMs - Math.max(nextMs, this.startedMs)]))
    return due.length > 0
  }

  private async runBatch(): Promise<void> {
    const visibilityMs = 6 * this.evaluator.settings.leaseMs
    const startedMs = this.evaluator.stopwatch()
    const portion = { timers: BATCH, cost: this.batchCost, sizeBytes: (timer: Timer) => this.sizeOf(timer) }
    const due = await this.timers.takeDue(portion, visibilityMs)
    const handled: DueTimer[] = []
    const work = async (group: readonly DueTimer[]) => {
      const undone = await handleTimers(this.evaluator, [merged(group)], this.options.check)
      if (undone.length === 0) handled.push(...group)
    }
    const groups = [...bySubject(due).values()]
    await inTurns(
      groups,
      ([first]) => (first === undefined ? 0 : costOf(first)),
      work,
      () => this.stopped,
    )
    await this.timers.acknowledge(handled)
    this.fitBatch(due, this.evaluator.stopwatch() - startedMs)
  }

  /** Sizes the next batch by how long this one took. */
  private fitBatch(due: readonly DueTimer[], tookMs: number): void {
    const cost = due.reduce((sum, each) => sum + costOf(each), 0)
    const { least, most } = BATCH_COST
    this.batchCost = Math.min(most, Math.max(least, tookMs === 0 ? most : (cost * BATCH_MS) / tookMs))
  }

  /** Where it cannot be read, judging meets the same damage, and sets aside that trace alone. */
  private sizeOf(timer: Timer): number {
    if (timer.kind !== 'trace') return 0
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
