import type { Severity } from '../rules/ast.ts'
import type { AbsentAttribute } from '../rules/blind/absent.ts'
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
   * `violated`: a live rule was. `not-exercised`: none was, but nothing was proved of any rule, or of one of those that
   * were to be exercised: no trace exercised it, or it was blind. `held`: else.
   */
  readonly outcome: 'held' | 'violated' | 'not-exercised'
  /** Traces that started in the window. */
  readonly traces: number
  /** Violations of live rules: the signals of the window. */
  readonly signals: number
  readonly rules: readonly RuleVerdict[]
  /** Rules that were to be exercised and are not in force. */
  readonly unknownRules: readonly string[]
  /** The window of the same length that this one is compared with: the one before it unless asked otherwise. */
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
  /**
   * The first of these that is so. `violated`: some trace broke the rule. `inconclusive`: judging it took too many steps on some trace.
   * `blind`: it was exercised, but an attribute it needs was on none of the spans it was asked of. `held`: it was exercised.
   */
  readonly verdict: 'violated' | 'inconclusive' | 'blind' | 'held' | 'not-exercised'
  /** The share of exercised traces that may break it: up to it the verdict is `held`. */
  readonly tolerated?: number
  /** The experiment was meant to exercise it. */
  readonly expected: boolean
  /** Judged, but in shadow mode: it decides nothing. */
  readonly shadow: boolean
  /** Traces that gave the rule something to say, and those that broke it. */
  readonly exercised: number
  readonly violated: number
  /** Traces that exercised it and that it may have misjudged, since attributes it reads were missing; 0 where it was violated. */
  readonly blind: number
  /** Attributes it needs that were on none of the spans it was asked of. */
  readonly absent: readonly AbsentAttribute[]
  readonly before: { readonly exercised: number; readonly violated: number }
  /** Against the window before, by violations among exercised traces; null where neither window has any. */
  readonly change: 'new' | 'worse' | 'same' | 'better' | null
  /** When the first trace that broke it started. */
  readonly first: string | null
  /** The earliest violations. */
  readonly samples: readonly VerdictSample[]
}

/** Whether nothing is known of the rule after the window: no trace exercised it, or it was blind. */
export function provesNothing({ verdict }: Pick<RuleVerdict, 'verdict'>): boolean {
  return verdict === 'not-exercised' || verdict === 'blind'
}

interface VerdictSample {
  readonly traceId: string
  /** When the trace started. */
  readonly time: string
  readonly service: string
  /** Why the rule was broken. */
  readonly text: string
}
