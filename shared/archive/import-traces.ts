import { InputError } from '../errors.ts'
import { assembleTrace } from '../trace/assemble.ts'
import { type Filing, fileTrace } from '../trace/filing.ts'
import { summaryOf, type TraceSummary } from '../trace/summary.ts'
import { isReadable, openHour } from './compact.ts'
import { currentObjects } from './current-objects.ts'
import { HOUR_MS, objectKey } from './object-key.ts'
import type { ObjectStore } from './object-store.ts'
import { readRecords } from './read-records.ts'
import type { SpanRow } from './span-row.ts'
import { type TraceRecord, traceRecords, traceToArchive } from './trace-record.ts'
import { writeObject } from './write-object.ts'

/** A trace to import, with the chunks (TracesData) that hold its spans. */
export interface TraceToImport {
  /** Lower-case hex, 32 digits. */
  readonly traceId: string
  readonly chunks: readonly Uint8Array[]
}

/** What an import did to one hour of the archive. */
export interface ImportedHour {
  readonly hourMs: number
  /** Traces written, with all their spans or with those that the archive did not have. */
  readonly traces: number
  readonly spans: number
  /** Traces that the archive had already, with all their spans. */
  readonly known: number
  readonly objects: number
  readonly bytes: number
}

/** An object holds at most about this many spans. */
const MAX_OBJECT_SPANS = 500_000

interface FiledTrace extends TraceToImport {
  readonly summary: TraceSummary
  readonly filing: Filing
}

/**
 * Writes traces of the past into an archive, an hour after the other, each trace under its own start. What the archive has
 * already is left out, so that an import may be repeated, or gone on with after it was stopped. A trace that is there gets
 * the spans that it lacks as a late part. Throws an InputError where an object of the hour cannot be read.
 */
export async function* importTraces(
  store: ObjectStore,
  traces: readonly TraceToImport[],
  nowMs: number,
): AsyncGenerator<ImportedHour> {
  const filed = traces.map((trace): FiledTrace => {
    const summary = summaryOf(assembleTrace(trace.traceId, trace.chunks))
    // An import is of the past whatever its age.
    return { ...trace, summary, filing: fileTrace(summary.time, nowMs, 0) }
  })
  const byHour = Map.groupBy(filed, ({ filing }) => Math.floor(filing.atMs / HOUR_MS) * HOUR_MS)
  for (const hourMs of [...byHour.keys()].sort((a, b) => a - b)) {
    yield await importHour(store, hourMs, byHour.get(hourMs) ?? [])
  }
}

async function importHour(store: ObjectStore, hourMs: number, traces: readonly FiledTrace[]): Promise<ImportedHour> {
  const there = await archivedAmong(store, hourMs, new Set(traces.map(({ traceId }) => traceId)))
  const sum = { hourMs, traces: 0, spans: 0, known: 0, objects: 0, bytes: 0 }
  let records: TraceRecord[] = []
  let spans = 0
  const flush = async () => {
    if (records.length === 0) return
    const { bytes } = writeObject(records, await store.redacted())
    await store.put(objectKey(hourMs, bytes, 'written'), bytes)
    sum.objects++
    sum.bytes += bytes.length
    records = []
    spans = 0
  }
  for (const trace of traces) {
    const made = recordsOf(trace, there.get(trace.traceId))
    const count = made.reduce((total, record) => total + record.spans.length, 0)
    if (count === 0) {
      sum.known++
      continue
    }
    records.push(...made)
    spans += count
    sum.traces++
    sum.spans += count
    if (spans >= MAX_OBJECT_SPANS) await flush()
  }
  await flush()
  return sum
}

/** What an archive has of a trace. */
interface Archived {
  revision: number
  readonly spans: Set<string>
}

async function archivedAmong(store: ObjectStore, hourMs: number, ids: ReadonlySet<string>) {
  const archived = new Map<string, Archived>()
  const { current } = currentObjects(await openHour(store, hourMs))
  for (const object of current) {
    if (!isReadable(object)) throw unreadable(object.stored.key)
    const isWanted = (traceId: Buffer) => ids.has(traceId.toString('hex'))
    for await (const { traceId, revision, spans } of readRecords(object.source, object.footer, isWanted)) {
      const id = Buffer.from(traceId).toString('hex')
      const known = archived.get(id) ?? { revision: 1, spans: new Set() }
      known.revision = Math.max(known.revision, revision)
      for (const span of spans) known.spans.add(identityOf(span))
      archived.set(id, known)
    }
  }
  return archived
}

function recordsOf({ chunks, summary, filing }: FiledTrace, archived: Archived | undefined): readonly TraceRecord[] {
  const revision = archived?.revision ?? 1
  const parts = chunks.map((bytes) => ({ bytes }))
  const records = traceRecords(traceToArchive({ trace: summary, chunks: parts, filing, revision, reason: 'history' }))
  if (archived === undefined) return records
  const missing = records.flatMap(({ spans }) => spans.filter((span) => !archived.spans.has(identityOf(span))))
  return missing.length === 0 ? [] : [{ ...(records[0] as TraceRecord), reason: 'late', spans: missing }]
}

/** Spans that agree in these are one span. */
function identityOf({ spanId, kind, name, startUnixNano }: SpanRow): string {
  return `${Buffer.from(spanId).toString('hex')} ${kind} ${startUnixNano} ${name}`
}

function unreadable(key: string): InputError {
  return new InputError({
    code: 'unreadable-object',
    message: `${key} cannot be read, so it is not known which traces the archive has`,
    hint: 'see what the runbook says of a damaged archive',
  })
}
