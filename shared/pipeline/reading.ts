import { assembleTrace } from '../trace/assemble.ts'
import { type Filing, fileTrace } from '../trace/filing.ts'
import { summaryOf } from '../trace/summary.ts'
import { arrivalMs, type Chunk, contentOf } from './chunk.ts'
import type { Evaluator } from './evaluator.ts'
import { ranDuring } from './experiment.ts'
import { judgeTrace, type OpenTrace } from './open-trace.ts'
import type { Marker } from './ports.ts'

/** The chunks of a trace as far as the size limits let them in; equal bytes that came twice are here once. */
export interface StoredTrace {
  readonly chunks: readonly Chunk[]
  /** Those of `chunks` whose bytes no verdict took in. */
  readonly unseen: readonly Chunk[]
  /** All keys that no verdict took in, those of repeated bytes among them. */
  readonly unseenKeys: readonly string[]
  /** Chunks beyond the limits exist; they were handed to `onOverflow`. */
  readonly truncated: boolean
  /** Everything that a verdict took in is still among `chunks`. */
  readonly seenReadable: boolean
  /** Puts `chunks` together, once however often it is called. */
  readonly open: () => Promise<OpenTrace>
}

/** Takes chunks beyond the limits, and those within. */
export type OnOverflow = (beyond: readonly Chunk[], within: readonly Chunk[]) => Promise<void>

/**
 * Reads a trace page by page, in order of arrival, after the chunks already `atHand`. Once a limit is reached further
 * chunks are not kept but handed on, a page at a time, so that no trace is too large for the memory.
 */
export async function readTrace(
  evaluator: Evaluator,
  traceId: string,
  marker: Marker | undefined,
  atHand: readonly Chunk[],
  onOverflow: OnOverflow,
): Promise<StoredTrace> {
  const seen = new Set(marker?.seen)
  const seenContents = new Set([...seen].map(contentOf))
  const kept = new Map<string, Chunk>()
  const unseenKeys = new Set<string>()
  const size = { spans: 0, bytes: 0 }
  let truncated = false
  for await (const page of pages(evaluator, traceId, atHand)) {
    const beyond: Chunk[] = []
    for (const chunk of page) {
      const content = contentOf(chunk.key)
      const repeated = kept.has(content)
      truncated ||= !repeated && kept.size > 0 && exceeds(evaluator, kept.size, size, chunk)
      if (truncated && !repeated) {
        beyond.push(chunk)
        continue
      }
      if (!seen.has(chunk.key)) unseenKeys.add(chunk.key)
      if (repeated) continue
      kept.set(content, chunk)
      size.spans += chunk.spanCount
      size.bytes += chunk.bytes.length
    }
    const unseen = beyond.filter((chunk) => !seen.has(chunk.key))
    if (unseen.length > 0) await onOverflow(unseen, [...kept.values()])
  }
  const chunks = [...kept.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  let opened: Promise<OpenTrace> | undefined
  return {
    chunks,
    unseen: chunks.filter((chunk) => !seenContents.has(contentOf(chunk.key))),
    unseenKeys: [...unseenKeys],
    truncated,
    seenReadable: [...seenContents].every((content) => kept.has(content)),
    open() {
      opened ??= openTrace(evaluator, traceId, chunks)
      return opened
    },
  }
}

async function* pages(
  evaluator: Evaluator,
  traceId: string,
  atHand: readonly Chunk[],
): AsyncGenerator<readonly Chunk[]> {
  yield atHand
  yield* evaluator.buffer.readChunks(traceId)
}

/** The chunks in portions, each within the limits of a trace or a single chunk: what is archived at once is in memory. */
export function* portionsOf(evaluator: Evaluator, chunks: readonly Chunk[]): Generator<readonly Chunk[]> {
  let portion: Chunk[] = []
  const size = { spans: 0, bytes: 0 }
  for (const chunk of chunks) {
    if (portion.length > 0 && exceeds(evaluator, portion.length, size, chunk)) {
      yield portion
      portion = []
      size.spans = 0
      size.bytes = 0
    }
    portion.push(chunk)
    size.spans += chunk.spanCount
    size.bytes += chunk.bytes.length
  }
  if (portion.length > 0) yield portion
}

/** Spans in overlapping requests count twice here, not once assembled: hence twice the limit. */
function exceeds(evaluator: Evaluator, count: number, size: { spans: number; bytes: number }, next: Chunk): boolean {
  const { maxTraceSpans, maxTraceBytes, maxTraceChunks } = evaluator.settings
  return (
    count + 1 > maxTraceChunks ||
    size.spans + next.spanCount > 2 * maxTraceSpans ||
    size.bytes + next.bytes.length > maxTraceBytes
  )
}

/** Puts a trace together, within the limits of the settings: here, or elsewhere where it is too large for that. */
export async function openTrace(evaluator: Evaluator, traceId: string, chunks: readonly Chunk[]): Promise<OpenTrace> {
  const large = evaluator.openLarge?.(traceId, chunks)
  if (large !== undefined) return large
  const bytes = chunks.map((chunk) => chunk.bytes)
  const trace = assembleTrace(traceId, bytes, evaluator.settings)
  return {
    summary: summaryOf(trace),
    during: async (windows) => windows.filter((window) => ranDuring(trace, window)),
    judge: async (circumstances) =>
      judgeTrace(await evaluator.rules.current(), trace, circumstances, evaluator.stopwatch),
  }
}

/** What is known of a trace before it is filed. */
type Unfiled = Pick<StoredTrace, 'chunks' | 'open'>

/** Chunks as a trace of their own. */
export function unfiled(evaluator: Evaluator, traceId: string, chunks: readonly Chunk[]): Unfiled {
  return { chunks, open: () => openTrace(evaluator, traceId, chunks) }
}

/** Where the archive files the trace: as at its first verdict, or fixed by the chunks of this one. */
export async function filingOf(
  evaluator: Evaluator,
  traceId: string,
  marker: Marker | undefined,
  stored: Unfiled,
): Promise<Filing> {
  if (marker?.filing !== undefined) return marker.filing
  const [oldest] = stored.chunks
  const arrivedAtMs = oldest === undefined ? evaluator.clock() : arrivalMs(oldest.key)
  const { summary } = await firstJudged(evaluator, traceId, stored)
  return fileTrace(summary.time, arrivedAtMs, evaluator.settings.judgeWindowMs)
}

/**
 * The chunks that a first verdict took in, if it was on time. One that crashed between archive and commit left nothing
 * but what it archived: whoever comes after it, with more chunks, has to file the trace in the same partition.
 * A chunk that was stored after such a verdict and stamped before it, by clocks that differ, is taken for one of them.
 */
async function firstJudged(evaluator: Evaluator, traceId: string, { chunks, open }: Unfiled): Promise<OpenTrace> {
  const { quietPeriodMs, incompleteWaitMs, maxTraceAgeMs } = evaluator.settings
  const arrivals = chunks.map(({ key }) => arrivalMs(key))
  const [firstMs = 0] = arrivals
  for (let end = 1; end < chunks.length; end++) {
    const arrivedAtMs = arrivals[end] as number
    const gapMs = arrivedAtMs - (arrivals[end - 1] as number)
    const isOver = gapMs > incompleteWaitMs || arrivedAtMs - firstMs > maxTraceAgeMs
    if (!isOver && gapMs <= quietPeriodMs) continue
    const first = await openTrace(evaluator, traceId, chunks.slice(0, end))
    if (isOver || first.summary.complete) return first
  }
  return open()
}
