import type { Trace } from './span.ts'

/** When a trace ran, in milliseconds since 1970. */
export interface TraceTime {
  readonly startMs: number
  /** When the last of its spans started. */
  readonly lastStartMs: number
  readonly endMs: number
}

/** What is known of a trace without its spans. */
export interface TraceSummary extends Pick<Trace, 'traceId' | 'complete' | 'truncated'> {
  /** How many there are. */
  readonly spans: { readonly length: number }
  /** Undefined without a span. */
  readonly time: TraceTime | undefined
}

/** The summary of a trace; plain data, which a thread can send. */
export function summaryOf(trace: Trace): TraceSummary {
  const { traceId, complete, truncated, spans } = trace
  return { traceId, complete, truncated, spans: { length: spans.length }, time: timeOf(trace) }
}

/** When a trace ran: from its first start to its last end. Undefined without a span. */
export function timeOf({ spans }: Pick<Trace, 'spans'>): TraceTime | undefined {
  const [first] = spans
  if (first === undefined) return undefined
  let start = first.startUnixNano
  let lastStart = start
  let end = first.endUnixNano
  for (const { startUnixNano, endUnixNano } of spans) {
    if (startUnixNano < start) start = startUnixNano
    if (startUnixNano > lastStart) lastStart = startUnixNano
    if (endUnixNano > end) end = endUnixNano
  }
  return { startMs: millis(start), lastStartMs: millis(lastStart), endMs: millis(end) }
}

function millis(nanos: bigint): number {
  return Number(nanos / 1_000_000n)
}
