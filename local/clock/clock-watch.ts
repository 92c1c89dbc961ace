import type { Clock, ClockStep, Log } from '../../shared/pipeline/ports.ts'
import { RUNBOOK } from '../server/runbook.ts'

/** What the clock moves by besides the time that passes, to be called a step. */
const LEAST_STEP_MS = 1_000
/** After a step forward by this much nothing is removed for as long: it may be a mistake that somebody corrects. */
const LARGE_STEP_MS = 3_600_000

/** Compares the clock with one that only ever runs; to be asked several times a second. */
export class ClockWatch {
  readonly counts = { forward: 0, back: 0 }
  private readonly clock: Clock
  private readonly stopwatch: () => number
  private readonly log: Log
  private last: { readonly wallMs: number; readonly runMs: number }
  private known: ClockStep
  private heldUntilMs = 0

  constructor(clock: Clock, stopwatch: () => number, log: Log) {
    this.clock = clock
    this.stopwatch = stopwatch
    this.log = log
    this.last = { wallMs: clock(), runMs: stopwatch() }
    // A row with a later time than the start was stored before the start, by a clock that was put back since.
    this.known = { beforeMs: this.last.wallMs, afterMs: this.last.wallMs }
  }

  /** The last step, or the start. */
  get step(): ClockStep {
    return this.known
  }

  /** Whether the clock may be far ahead: then nothing is removed or closed for being old. */
  get isDoubtful(): boolean {
    return this.stopwatch() < this.heldUntilMs
  }

  /** A step since the last look, which is logged and counted. */
  look(): ClockStep | undefined {
    const now = { wallMs: this.clock(), runMs: this.stopwatch() }
    const expectedMs = this.last.wallMs + (now.runMs - this.last.runMs)
    this.last = now
    const byMs = now.wallMs - expectedMs
    if (Math.abs(byMs) < LEAST_STEP_MS) return undefined
    this.known = { beforeMs: expectedMs, afterMs: now.wallMs }
    this.counts[byMs > 0 ? 'forward' : 'back']++
    if (byMs >= LARGE_STEP_MS) this.heldUntilMs = now.runMs + LARGE_STEP_MS
    if (byMs <= -LARGE_STEP_MS) this.heldUntilMs = 0
    const how = byMs > 0 ? 'the clock went forward, or the machine slept' : 'the clock was put back'
    this.log('warn', `${how}; traces go on as if it had not`, { seconds: byMs / 1000, runbook: RUNBOOK.clock })
    return this.known
  }

  /** For people: what is not done for now. */
  problem(): string | undefined {
    if (!this.isDoubtful) return undefined
    const { beforeMs, afterMs } = this.known
    const minutes = Math.ceil((this.heldUntilMs - this.stopwatch()) / 60_000)
    return `went forward by ${Math.round((afterMs - beforeMs) / 1000)} s; nothing is removed for its age and no experiment is closed for ${minutes} minutes (${RUNBOOK.clock})`
  }
}
