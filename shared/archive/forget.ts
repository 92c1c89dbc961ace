import { isReadable, type OpenedObject, openHour, type ReadableObject } from './compact.ts'
import { currentObjects } from './current-objects.ts'
import { ArchiveObjectError } from './errors.ts'
import { archivedResourceAttributes, jsonAttributes, jsonEvents } from './json-attributes.ts'
import { objectKey } from './object-key.ts'
import type { ObjectStore } from './object-store.ts'
import { readRecords } from './read-records.ts'
import { openRowGroup } from './row-group.ts'
import type { SpanRow } from './span-row.ts'
import { deleteStates } from './state-objects.ts'
import type { TraceRecord } from './trace-record.ts'
import { openWriter } from './write-object.ts'

/** What to forget: one trace, or every trace with this text, number or boolean under a key anywhere in it. */
export type Forgotten =
  | { readonly kind: 'trace'; readonly traceId: string }
  | { readonly kind: 'where'; readonly key: string; readonly value: string }

export interface ForgetRun {
  /** A text no other run ever has. */
  readonly token: string
  /** Only say what would be removed. */
  readonly dryRun: boolean
}

/** What was removed from an hour. */
export interface ForgottenHour {
  /** Lower-case hex. */
  readonly traceIds: readonly string[]
  /** Rows, those of every revision. */
  readonly spans: number
  readonly objectsRewritten: number
  readonly objectsDeleted: number
  /** Objects that cannot be read: what they hold of the forgotten is still there. */
  readonly failures: readonly { readonly key: string; readonly reason: string }[]
}

/** Records written at a time. */
const BATCH = 1000

/**
 * Removes traces from an hour: objects that hold any of them are rewritten without them, and deleted immediately, not after
 * the hour that compaction waits; readers plan again. The caller has to look twice (`forgetHour` until it finds
 * nothing), for a compaction may be at work on the same objects.
 */
export async function forgetHour(
  store: ObjectStore,
  hourMs: number,
  forgotten: Forgotten,
  run: ForgetRun,
): Promise<ForgottenHour> {
  const objects = await openHour(store, hourMs)
  const failures = objects.flatMap(({ stored, failure }) => {
    return failure === undefined ? [] : [{ key: stored.key, reason: failure }]
  })
  const { current, replaced, unfinished } = currentObjects(objects)
  const traceIds = new Set<string>()
  const result = { traceIds: [] as readonly string[], spans: 0, objectsRewritten: 0, objectsDeleted: 0, failures }
  /** Does it for each; one that turns out to be damaged is named once, and the others are dealt with. */
  async function forEach(some: readonly OpenedObject[], work: (object: ReadableObject) => Promise<void>) {
    for (const object of some.filter(isReadable)) {
      const { key } = object.stored
      if (failures.some((failure) => failure.key === key)) continue
      await work(object).catch((error) => {
        if (!(error instanceof ArchiveObjectError)) throw error
        failures.push({ key, reason: error.message })
      })
    }
  }
  await forEach(current, (object) => findTraces(object, forgotten, traceIds))
  result.traceIds = [...traceIds].sort()
  if (traceIds.size === 0) return result
  await forEach(current, async (object) => {
    const spans = await countSpans(object, traceIds)
    const isRewritten = spans > 0 && !run.dryRun && (await rewrite(store, hourMs, object, traceIds, run.token))
    result.spans += spans
    if (isRewritten) result.objectsRewritten++
    else if (spans > 0 && !run.dryRun) result.objectsDeleted++
  })
  if (run.dryRun) return result
  await forEach([...replaced, ...unfinished], async (object) => {
    if ((await countSpans(object, traceIds)) === 0) return
    await store.delete(object.stored.key)
    result.objectsDeleted++
  })
  // Last, so that a summary made meanwhile goes too; the next run makes it of what is left.
  await deleteStates(store, hourMs)
  return result
}

async function findTraces(object: ReadableObject, forgotten: Forgotten, found: Set<string>): Promise<void> {
  if (forgotten.kind === 'trace') {
    const spans = await countSpans(object, new Set([forgotten.traceId]))
    if (spans > 0) found.add(forgotten.traceId)
    return
  }
  for await (const record of readRecords(object.source, object.footer)) {
    if (record.spans.some((span) => holds(span, forgotten))) found.add(hexOf(record))
  }
}

/** Reads no more than the trace ids. */
async function countSpans({ source, footer }: ReadableObject, traceIds: ReadonlySet<string>): Promise<number> {
  const { firstTraceId, lastTraceId } = footer.summary
  if (![...traceIds].some((id) => id >= firstTraceId && id <= lastTraceId)) return 0
  let spans = 0
  for (const layout of footer.rowGroups) {
    const group = openRowGroup(source, layout)
    await group.load(['trace_id'])
    const { codes, entries } = group.dictionary('trace_id')
    const concerned = entries.map((entry) => traceIds.has(entry.toString('hex')))
    for (const code of codes) if (concerned[code] === true) spans++
  }
  return spans
}

/** Rewrites the object without the traces, then deletes it; false where nothing of it was left to write. */
async function rewrite(
  store: ObjectStore,
  hourMs: number,
  { stored, source, footer }: ReadableObject,
  traceIds: ReadonlySet<string>,
  token: string,
): Promise<boolean> {
  const { slice, replaces, set } = footer.summary
  const role = {
    slice,
    replaces: [...replaces, stored.key],
    set: set ?? { id: `${token} ${stored.key}`, part: 0, parts: 1 },
  }
  const writer = openWriter(role, await store.redacted())
  let batch: TraceRecord[] = []
  let kept = 0
  for await (const record of readRecords(source, footer)) {
    if (traceIds.has(hexOf(record))) continue
    kept++
    batch.push(record)
    if (batch.length < BATCH) continue
    writer.add(batch)
    batch = []
  }
  writer.add(batch)
  // Without its empty part a set would not be all there.
  const isNeeded = kept > 0 || (set !== undefined && set.parts > 1)
  if (isNeeded) {
    const { bytes } = writer.finish()
    await store.put(objectKey(hourMs, bytes, 'compacted'), bytes)
  }
  await store.delete(stored.key)
  return isNeeded
}

function hexOf({ traceId }: TraceRecord): string {
  return Buffer.from(traceId).toString('hex')
}

function holds(span: SpanRow, { key, value }: { readonly key: string; readonly value: string }): boolean {
  const bytesOf = (json: string | null) => (json === null ? undefined : Buffer.from(json))
  const sources = [
    jsonAttributes(Buffer.from(span.attributes)),
    archivedResourceAttributes(bytesOf(span.resource)),
    ...jsonEvents(bytesOf(span.events)).map(({ attributes }) => attributes),
  ]
  return sources.some((attributes) => {
    const found = attributes.get(key)
    if (typeof found === 'object' || found === undefined) return false
    return String(found) === value
  })
}
