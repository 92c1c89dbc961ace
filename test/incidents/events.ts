import type { SignalEvent, SignalGroup, SignalStatus } from '../../shared/pipeline/signal.ts'
import { signalId } from '../../shared/pipeline/signal.ts'
import type { Severity } from '../../shared/rules/ast.ts'

export interface TestSignal {
  readonly rule?: string
  readonly trace?: number
  readonly atMs: number
  readonly status?: SignalStatus
  readonly sequence?: number
  /** When it began to fire, where it does not do so now. */
  readonly firedAtMs?: number
  readonly severity?: Severity
  readonly group?: SignalGroup
  readonly complete?: boolean
}

/** An event of a live signal. */
export function signalOf(given: TestSignal): SignalEvent {
  const {
    rule = 'A',
    trace = 1,
    atMs,
    status = 'firing',
    sequence = 1,
    firedAtMs,
    severity = 'critical',
    group,
  } = given
  const traceId = trace.toString(16).padStart(32, '0')
  const signalid = signalId(traceId, rule, 'r1')
  return {
    specversion: '1.0',
    id: `${signalid}.live.${sequence}`,
    source: '/betrace',
    type: `dev.betrace.signal.${status}`,
    subject: traceId,
    time: new Date(atMs).toISOString(),
    datacontenttype: 'application/json',
    signalid,
    mode: 'live',
    status,
    sequence,
    data: {
      signal: rule,
      severity,
      description: 'why',
      tags: [],
      ruleRevision: 'r1',
      traceId,
      service: 'shop',
      ...(group !== undefined && { group }),
      ...(firedAtMs !== undefined && { firedAt: new Date(firedAtMs).toISOString() }),
      complete: given.complete ?? true,
      evidence: { text: `evidence of trace ${trace}`, clauses: [], truncated: false },
    },
  }
}
