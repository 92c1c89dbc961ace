import { ArchiveObjectError } from './errors.ts'
import { byTrace } from './merge-records.ts'
import type { StoredObject } from './object-store.ts'
import type { ByteSource, ObjectFooter, RowGroupLayout } from './read-footer.ts'
import { readRecords } from './read-records.ts'
import { openRowGroup } from './row-group.ts'
import { holds, type Slice } from './slice.ts'
import type { TraceRecord } from './trace-record.ts'

/** An object to be merged with others. */
interface Source {
  readonly stored: StoredObject
  readonly source: ByteSource
  readonly footer: ObjectFooter
}

/** The row groups of a source, each with its least and greatest trace id, and some of its ids. */
export interface IndexedSource extends Source {
  readonly groups: readonly IndexedGroup[]
}

interface IndexedGroup {
  readonly layout: RowGroupLayout
  readonly first: Buffer
  readonly last: Buffer
  readonly sample: readonly Buffer[]
}

/** Damage found in a source while it was read. */
export interface UnreadableSource {
  readonly unreadable: { readonly stored: StoredObject; readonly reason: string }
}

/** Trace ids from `from` (undefined: the least) to `to` (exclusive; undefined: the greatest). */
export interface Batch {
  readonly from: Buffer | undefined
  readonly to: Buffer | undefined
}

/** One in this many trace ids is remembered, to cut batches of similar size whatever the ids start with. */
const SAMPLED = 32

/** Reads the trace ids of the sources: row groups hold them in order, so that a batch needs few of them. */
export async function indexSources(sources: readonly Source[]): Promise<readonly IndexedSource[] | UnreadableSource> {
  const indexed: IndexedSource[] = []
  for (const each of sources) {
    const groups = await readable(each, async () => {
      const found: IndexedGroup[] = []
      for (const layout of each.footer.rowGroups) found.push(await indexGroup(each.source, layout))
      return found
    })
    if ('unreadable' in groups) return groups
    indexed.push({ ...each, groups })
  }
  return indexed
}

async function indexGroup(source: ByteSource, layout: RowGroupLayout): Promise<IndexedGroup> {
  const group = openRowGroup(source, layout)
  await group.load(['trace_id'])
  const { entries } = group.dictionary('trace_id')
  let [first, last] = [entries[0] ?? Buffer.alloc(0), entries[0] ?? Buffer.alloc(0)]
  const sample: Buffer[] = []
  entries.forEach((traceId, index) => {
    if (traceId.compare(first) < 0) first = traceId
    if (traceId.compare(last) > 0) last = traceId
    if (index % SAMPLED === 0) sample.push(Buffer.from(traceId))
  })
  return { layout, first: Buffer.from(first), last: Buffer.from(last), sample }
}

/** Cuts all trace ids into batches of about the given number of spans; all spans of a trace are in one batch. */
export function cutBatches(sources: readonly IndexedSource[], mostSpans: number): readonly Batch[] {
  const spans = sources.reduce((sum, { footer }) => sum + footer.summary.spans, 0)
  const count = Math.max(1, Math.ceil(spans / mostSpans))
  const ids = sources.flatMap(({ groups }) => groups.flatMap(({ sample }) => sample)).sort(Buffer.compare)
  const cuts = Array.from({ length: count - 1 }, (_, i) => ids[Math.floor(((i + 1) * ids.length) / count)])
  return Array.from({ length: count }, (_, i) => ({ from: cuts[i - 1], to: cuts[i] }))
}

/** The records of a batch that belong to the slice, by trace. */
export async function readBatch(
  sources: readonly IndexedSource[],
  { from, to }: Batch,
  slice: Slice,
): Promise<readonly TraceRecord[] | UnreadableSource> {
  const isWanted = (traceId: Buffer) => {
    return (from === undefined || traceId.compare(from) >= 0) && (to === undefined || traceId.compare(to) < 0)
  }
  const records: TraceRecord[] = []
  for (const each of sources) {
    const near = each.groups.filter(({ first, last }) => {
      return (to === undefined || first.compare(to) < 0) && (from === undefined || last.compare(from) >= 0)
    })
    const rowGroups = near.map(({ layout }) => layout)
    const found = await readable(each, async () => {
      const wanted = (traceId: Buffer) => isWanted(traceId) && holds(slice, traceId)
      const read: TraceRecord[] = []
      for await (const record of readRecords(each.source, { rowGroups }, wanted)) read.push(record)
      return read
    })
    if ('unreadable' in found) return found
    for (const record of found) records.push(record)
  }
  return records.sort(byTrace)
}

async function readable<Result extends object>(
  { stored }: Source,
  read: () => Promise<Result>,
): Promise<Result | UnreadableSource> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof ArchiveObjectError)) throw error
    return { unreadable: { stored, reason: error.message } }
  }
}
