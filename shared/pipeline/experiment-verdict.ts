import type { Severity } from '../rules/ast.ts'
import type { ExperimentSource } from './experiment.ts'

/** Whether the invariants held during an experiment, or any other window; written to JSON without change, times RFC 3339, UTC. */
export interface ExperimentVerdict {
  /** Undefined where a window was asked about that no experiment opened. */
  readonly experiment?: VerdictSubject
  /** `to` is exclusive. */
  readonly from: string
  readonly to: string
  /** Only traces with a span of one of these services were judged; with an empty list all traces were. */
  readonly services: readonly string[]
  /**
   * `violated`: a live rule was. `not-exercised`: none was, but no trace exercised any rule, or not one of those that
   * were to be. `held`: else.
   */
  readonly outcome: 'held' | 'violated' | 'not-exercised'
  /** Traces that started in the window. */
  readonly traces: number
  /** Violations of live rules: the signals of the window. */
  readonly signals: number
  readonly rules: readonly RuleVerdict[]
  /** Rules that were to be exercised and are not in force. */
  readonly unknownRules: readonly string[]
  /** The window of the same length that came before. */
  readonly before: { readonly from: string; readonly to: string; readonly traces: number }
  /** What could not be read, or not be judged to its end, and is missing from the counts. */
  readonly failures: readonly { readonly key: string; readonly reason: string }[]
}

export interface VerdictSubject {
  readonly id: string
  readonly name: string
  readonly source: ExperimentSource
  readonly labels: Readonly<Record<string, string>>
  readonly state: 'ended' | 'abandoned'
  readonly outcome?: string
  /** The experiment took longer than a window may: only its first part was judged. */
  readonly cut: boolean
  readonly clockSkew: boolean
}

export interface RuleVerdict {
  readonly rule: string
  readonly severity: Severity
  readonly verdict: 'held' | 'violated' | 'not-exercised'
  /** The experiment was meant to exercise it. */
  readonly expected: boolean
  /** Judged, but in shadow mode: it decides nothing. */
  readonly shadow: boolean
  /** Traces that gave the rule something to say, and those that broke it. */
  readonly exercised: number
  readonly violated: number
  readonly before: { readonly exercised: number; readonly violated: number }
  /** Against the window before, by violations among exercised traces; null where neither window has any. */
  readonly change: 'new' | 'worse' | 'same' | 'better' | null
  /** When the first trace that broke it started. */
  readonly first: string | null
  /** The earliest violations. */
  readonly samples: readonly VerdictSample[]
}

interface VerdictSample {
  readonly traceId: string
  /** When the trace started. */
  readonly time: string
  readonly service: string
  /** Why the rule was broken. */
  readonly text: string
}
