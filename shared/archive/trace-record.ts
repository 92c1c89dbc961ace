import { type AssembleLimits, storedSpans } from '../trace/assemble.ts'
import type { Filing } from '../trace/filing.ts'
import type { TraceSummary } from '../trace/summary.ts'
import { decodeSpans, type SpanRow } from './span-row.ts'

/** Why a trace was archived: judged, judged on what the backstop saved, or too late to be judged. */
export type ArchiveReason = 'verdict' | 'history' | 'rescued' | 'late'

/** One trace at one revision as the archive holds it; for `late` only the spans that came too late. */
export interface TraceRecord {
  /** 16 bytes. */
  readonly traceId: Uint8Array
  readonly filing: Filing
  /** Of whole traces the highest wins; a late part belongs to the revision it came after. */
  readonly revision: number
  readonly reason: ArchiveReason
  readonly complete: boolean
  readonly truncated: boolean
  /** By start, then span id. */
  readonly spans: readonly SpanRow[]
}

/** A trace to archive, with the chunks (TracesData) its spans came in. */
export interface TraceToArchive extends Omit<TraceRecord, 'traceId' | 'spans'> {
  /** Lower-case hex, 32 digits. */
  readonly traceId: string
  readonly chunks: readonly Uint8Array[]
  /** How many of its distinct spans were judged, the first by start; without it all were. */
  readonly judgedSpans?: number
}

/** What the archive keeps of a trace at a verdict, or of spans that came too late for it. */
export function traceToArchive(archived: {
  readonly trace: Pick<TraceSummary, 'traceId' | 'complete' | 'truncated' | 'spans'>
  readonly chunks: readonly { readonly bytes: Uint8Array }[]
  readonly filing: Filing
  readonly revision: number
  readonly reason: ArchiveReason
}): TraceToArchive {
  const { trace, chunks, filing, revision, reason } = archived
  const { traceId, complete, truncated, spans } = trace
  return {
    ...{ traceId, complete, truncated, filing, revision, reason },
    chunks: chunks.map(({ bytes }) => bytes),
    ...(truncated && reason !== 'late' && { judgedSpans: spans.length }),
  }
}

/**
 * Decodes everything that was handed over. Spans that the judge cut off are a late part of the same revision: a replay
 * judges what was judged, and nothing is lost.
 */
export function traceRecords({ judgedSpans, ...trace }: TraceToArchive): readonly TraceRecord[] {
  const record = traceRecord(trace)
  const { spans } = record
  // None was judged where the first chunk alone is beyond the bytes of a trace.
  if (judgedSpans === undefined || judgedSpans === 0 || judgedSpans >= spans.length) return [record]
  return [
    { ...record, spans: spans.slice(0, judgedSpans) },
    { ...record, reason: 'late', spans: spans.slice(judgedSpans) },
  ]
}

/** Decodes all spans of the chunks, duplicates removed. */
export function traceRecord({ traceId, chunks, ...rest }: Omit<TraceToArchive, 'judgedSpans'>): TraceRecord {
  return { ...rest, traceId: Buffer.from(traceId, 'hex'), spans: traceRows(chunks) }
}

/** The spans of one trace's chunks, duplicates removed. */
export function traceRows(chunks: readonly Uint8Array[]): readonly SpanRow[] {
  return decodeSpans(storedSpans(chunks, NO_LIMITS).stored)
}

/** Whoever hands a trace over sees to it that it is not too large for the memory. */
const NO_LIMITS: AssembleLimits = { maxTraceSpans: Number.POSITIVE_INFINITY, maxTraceBytes: Number.POSITIVE_INFINITY }
