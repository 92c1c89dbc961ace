import { InputError } from '../shared/errors.ts'
import { type SpanRejection, splitByTrace } from '../shared/otlp/split.ts'
import { CommandError } from './command-error.ts'
import { type OnBytesRead, type OpenTraces, readTraceFile, type TraceRequest } from './trace-files.ts'

/** What the files said of one trace: TracesData chunks as ingest would store them. */
export interface CollectedTrace {
  readonly traceId: string
  readonly chunks: readonly Uint8Array[]
}

/** All traces of some files, by their first start, then trace id. */
export interface CollectedTraces {
  readonly traces: readonly CollectedTrace[]
  /** Accepted spans, duplicates included. */
  readonly spanCount: number
  readonly rejected: ReadonlyMap<SpanRejection, number>
  readonly problemCount: number
}

/** Where the files come from, and who is informed of what happens. */
export interface TraceSource {
  readonly files: readonly string[]
  readonly open: OpenTraces
  /** One line for each part of a file that could not be read; the rest is read all the same. */
  readonly onProblem: (problem: string) => void
  readonly onProgress: (file: string, bytesRead: number, size: number, spanCount: number) => void
}

const NO_SPANS = 'no spans, only fields that OTLP does not have; is this an ExportTraceServiceRequest?'

interface Growing {
  readonly chunks: Uint8Array[]
  startUnixNano: bigint
}

/**
 * Reads files and gathers their spans by trace, under the same rules as ingest; spans of a trace may lie anywhere.
 * Holds the spans of all files in memory, undecoded.
 */
export async function collectTraces(source: TraceSource): Promise<CollectedTraces> {
  const byId = new Map<string, Growing>()
  const rejected = new Map<SpanRejection, number>()
  let spanCount = 0
  let problemCount = 0
  const report = (problem: string) => {
    problemCount++
    source.onProblem(problem)
  }
  const add = (piece: TraceRequest) => {
    const split = splitOrProblem(piece.request)
    if (typeof split === 'string') return report(`${piece.place}: ${split}`)
    const isEmpty = split.spanCount === 0 && split.rejected.size === 0
    if (isEmpty && (piece.unknownFields || split.unknownFields)) return report(`${piece.place}: ${NO_SPANS}`)
    spanCount += split.spanCount
    for (const [reason, count] of split.rejected) rejected.set(reason, (rejected.get(reason) ?? 0) + count)
    for (const { traceId, bytes, startUnixNano } of split.chunks) {
      const trace = byId.get(traceId)
      if (trace === undefined) byId.set(traceId, { chunks: [bytes], startUnixNano })
      else {
        trace.chunks.push(bytes)
        if (startUnixNano < trace.startUnixNano) trace.startUnixNano = startUnixNano
      }
    }
  }
  for (const file of source.files) {
    const onBytesRead: OnBytesRead = (bytesRead, size) => source.onProgress(file, bytesRead, size, spanCount)
    try {
      for await (const piece of readTraceFile(file, source.open, onBytesRead)) {
        if ('problem' in piece) report(piece.problem)
        else add(piece)
      }
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      report(error.message)
    }
  }
  return { traces: inOrder(byId), spanCount, rejected, problemCount }
}

function splitOrProblem(request: Uint8Array) {
  try {
    return splitByTrace(request)
  } catch (error) {
    if (error instanceof InputError) return error.message
    throw error
  }
}

function inOrder(byId: ReadonlyMap<string, Growing>): readonly CollectedTrace[] {
  return [...byId]
    .sort(([idA, a], [idB, b]) => {
      if (a.startUnixNano !== b.startUnixNano) return a.startUnixNano < b.startUnixNano ? -1 : 1
      return idA < idB ? -1 : 1
    })
    .map(([traceId, { chunks }]) => ({ traceId, chunks }))
}

/** Those whose id begins so, or has this short form, which leaves out the zeros before a 64-bit id. */
export function tracesNamed(wanted: string, traces: readonly CollectedTrace[]): readonly CollectedTrace[] {
  const start = wanted.toLowerCase()
  const whole = start.padStart(32, '0')
  return traces.filter(({ traceId }) => traceId.startsWith(start) || traceId === whole)
}
