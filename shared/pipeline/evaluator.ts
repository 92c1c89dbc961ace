import type { ExperimentCalendar } from './experiment-calendar.ts'
import type {
  Archive,
  Clock,
  ClockStep,
  Log,
  Metrics,
  RuleSource,
  SignalPublisher,
  SignalStore,
  StormLedger,
  Timers,
  TraceBuffer,
} from './ports.ts'
import type { JudgingSettings } from './settings.ts'

/** All that judging needs from the outside. */
export interface Evaluator {
  readonly buffer: TraceBuffer
  readonly timers: Timers
  readonly archive: Archive
  readonly signals: SignalStore
  readonly publisher: SignalPublisher
  readonly storms: StormLedger
  readonly rules: RuleSource
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
