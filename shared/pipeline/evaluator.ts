import type { Chunk } from './chunk.ts'
import type { ExperimentCalendar } from './experiment-calendar.ts'
import type { OpenTrace } from './open-trace.ts'
import type {
  Archive,
  Clock,
  ClockStep,
  IncidentLedger,
  Log,
  Metrics,
  RuleSource,
  SignalPublisher,
  SignalStore,
  Timers,
  TraceBuffer,
} from './ports.ts'
import type { JudgingSettings } from './settings.ts'
import type { SignalRate } from './signal-rate.ts'

/** All that judging needs from the outside. */
export interface Evaluator {
  readonly buffer: TraceBuffer
  readonly timers: Timers
  readonly archive: Archive
  readonly signals: SignalStore
  readonly publisher: SignalPublisher
  readonly signalRate: SignalRate
  readonly incidents: IncidentLedger
  readonly rules: RuleSource
  /**
   * Opens a trace beside this thread if it is too large to be judged here, else gives undefined. Absent where nobody else
   * waits for the process.
   */
  readonly openLarge?: (traceId: string, chunks: readonly Chunk[]) => Promise<OpenTrace> | undefined
  readonly experiments: ExperimentCalendar
  readonly metrics: Metrics
  readonly clock: Clock
  /** The last step of the clock, where one is known of: chunks may have been stored before it. */
  readonly clockStep?: () => ClockStep | undefined
  /** Milliseconds from any fixed point, as exact as can be had: for measuring, not for telling time. */
  readonly stopwatch: () => number
  readonly log: Log
  /** A text no other taking of a lease ever gets. */
  readonly newToken: () => string
  readonly settings: JudgingSettings
}
