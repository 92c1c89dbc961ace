import { type AssembleLimits, storedSpans } from '../trace/assemble.ts'
import type { Filing } from '../trace/filing.ts'
import { decodeSpans, type SpanRow } from './span-row.ts'

/** Why a trace was archived: judged, judged on what the backstop saved, or too late to be judged. */
export type ArchiveReason = 'verdict' | 'rescued' | 'late'

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
}

/** Decodes the spans that were judged, or came too late for it: duplicates removed, and cut off where the judge did. */
export function traceRecord({ traceId, chunks, ...rest }: TraceToArchive, limits?: AssembleLimits): TraceRecord {
  return { ...rest, traceId: Buffer.from(traceId, 'hex'), spans: decodeSpans(storedSpans(chunks, limits).stored) }
}
