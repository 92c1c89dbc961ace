import type { Severity } from '../rules/ast.ts'

export type SignalStatus = 'firing' | 'retracted' | 'updated'
export type SignalMode = 'live' | 'replay'

/** A JSON value, as evidence is carried in a signal. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Why the rule fired: a text a person reads, and the same as data; spans beyond the size limit are only counted. */
export interface SignalEvidence {
  readonly text: string
  readonly clauses: readonly { readonly [key: string]: Json }[]
  /** True where spans or clauses were left out to stay within the size limit; counts stay exact. */
  readonly truncated: boolean
}

export interface SignalData {
  readonly signal: string
  readonly severity: Severity
  readonly description?: string
  readonly runbook?: string
  readonly owner?: string
  readonly tags: readonly string[]
  readonly ruleRevision: string
  readonly traceId: string
  /** Service of the first witness span, else of the root, else of the first span. */
  readonly service: string
  /** False where the trace lacked spans when it was judged. */
  readonly complete: boolean
  readonly evidence: SignalEvidence
}

/** The CloudEvents 1.0 attributes every event of ours has (JSON format). */
interface CloudEvent<Type extends string, Data> {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: Type
  readonly subject: string
  /** RFC 3339, UTC. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly data: Data
}

/** One status change of one signal; of events with one `signalid` and `mode` the highest `sequence` holds. */
export interface SignalEvent extends CloudEvent<`dev.betrace.signal.${SignalStatus}`, SignalData> {
  /** Hash of trace id, rule name and rule revision. */
  readonly signalid: string
  readonly mode: SignalMode
  readonly status: SignalStatus
  /** 1, 2, 3 … with each status change. */
  readonly sequence: number
}

export interface DigestData {
  readonly signal: string
  readonly severity: Severity
  readonly description?: string
  readonly runbook?: string
  readonly owner?: string
  readonly tags: readonly string[]
  /** RFC 3339, UTC; `to` is exclusive. */
  readonly from: string
  readonly to: string
  /** Signals of the rule in the window, sent one by one or not. */
  readonly count: number
  /** Those that were only stored, and stand in this digest instead of an event each. */
  readonly suppressed: number
  /** The first few of the suppressed. */
  readonly samples: readonly DigestSample[]
}

export interface DigestSample {
  readonly id: string
  readonly status: SignalStatus
  readonly traceId: string
  readonly service: string
  readonly text: string
}

/** Sent once a rule and window in place of the signals past the rate limit, which are stored all the same. */
export interface DigestEvent extends CloudEvent<'dev.betrace.signal.digest', DigestData> {
  readonly mode: SignalMode
}

export type PublishedEvent = SignalEvent | DigestEvent
