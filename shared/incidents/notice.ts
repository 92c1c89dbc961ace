import type { Severity } from '../rules/ast.ts'
import type { EndReason, HandEnd } from './incident.ts'

/** A trace that broke the rule. */
export interface WitnessTrace {
  readonly traceId: string
  /** The first witness span, where one is known. */
  readonly spanId?: string
  readonly service: string
  /** When the signal fired, milliseconds since 1970. */
  readonly atMs: number
  /** Evidence as text, at most 500 characters; known of the first trace, perhaps not of others. */
  readonly text?: string
  /** A link to the trace where people look at traces. */
  readonly link?: string
}

/** An incident named in the text of another one. */
interface NamedIncident {
  readonly incidentId: string
  readonly rule: string
}

/** One of the incidents in a flood notice. */
interface FloodedIncident extends NamedIncident {
  readonly severity: Severity
}

/** The state of one incident now, as receivers get it. */
export interface Notice {
  readonly change: 'opened' | 'updated' | 'resolved'
  /** KEY.EPISODE */
  readonly incidentId: string
  /** betrace/KEY.EPISODE.OPENING: one alert at a receiver. */
  readonly dedupKey: string
  /** 1, 2 … within the episode; above 1 the incident was opened again. */
  readonly opening: number
  /** Grows with each change of the incident's state. */
  readonly version: number
  readonly rule: string
  readonly severity: Severity
  /** The rule's description. */
  readonly description?: string
  readonly owner?: string
  readonly tags: readonly string[]
  readonly service: string
  readonly group?: { readonly name: string; readonly value: string }
  /** The rule's runbook: an absolute link where `--runbook-base` made it one. */
  readonly runbook?: string
  /** Milliseconds since 1970, as all times here. */
  readonly openedAtMs: number
  readonly endedAtMs?: number
  readonly ended?: EndReason
  /** What a person said who ended it by hand. */
  readonly hand?: HandEnd
  readonly nowMs: number
  /** Traces that broke the rule in this episode. */
  readonly count: number
  /** The count went past what is counted. */
  readonly countIsAtLeast: boolean
  /** Since the last violation: traces that exercised the rule, those that kept it, the time of the last one. */
  readonly exercise?: { readonly exercised: number; readonly held: number; readonly lastMs?: number }
  /** Openings in the 24 hours before this one. */
  readonly reopened: number
  readonly first: WitnessTrace
  /** At most 5, newest first. */
  readonly latest: readonly WitnessTrace[]
  /** Other open incidents that broke on the same first trace. */
  readonly related: readonly NamedIncident[]
  /** Ids of the experiments during which it opened. */
  readonly experiments: readonly string[]
  /** A link to the incident in the console, where one runs. */
  readonly console?: string
  /** The CloudEvents source (settings.source). */
  readonly source: string
  /** Sent by `betrace notify test`: the first line says so. */
  readonly test?: true
  /** Set if the notice replaces those of several incidents that opened together (flood guard): rule and severity are the most severe one's. */
  readonly flood?: readonly FloodedIncident[]
}
