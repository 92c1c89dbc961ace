import { inParallel } from '../concurrency/in-parallel.ts'
import { cutBatches, indexSources, readBatch, type UnreadableSource } from './compaction-batches.ts'
import { currentObjects, type HourObjects } from './current-objects.ts'
import { hourPrefix, objectKey, parseObjectKey } from './object-key.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { type ByteSource, type ObjectFooter, readFooter } from './read-footer.ts'
import { cutSlices } from './slice.ts'
import { openWriter } from './write-object.ts'

export interface CompactionLimits {
  /** Objects are split by trace above this; engines read objects of some 100 MB best. */
  readonly targetBytes: number
  /** Spans decoded and held at a time. */
  readonly mostSpans: number
  /** Objects already compacted are left alone until what is new is at least this share of them. */
  readonly leastNewShare: number
}

export const COMPACTION_LIMITS: CompactionLimits = {
  targetBytes: 128 * 1024 * 1024,
  mostSpans: 100_000,
  leastNewShare: 0.1,
}

/** How long readers may go on with a plan made before their objects were taken over. */
export const GRACE_MS = 3_600_000

/** One run of the compactor. */
export interface CompactionRun {
  readonly nowMs: number
  /** A text no other run ever has: it may take back what it wrote, and must never take back what another did. */
  readonly token: string
}

/** What became of an hour. */
export interface CompactedHour {
  readonly hourMs: number
  /** Objects merged, and the objects they became. */
  readonly merged: number
  readonly written: number
  readonly bytesMerged: number
  readonly bytesWritten: number
  /** Objects deleted because they had been taken over long enough ago, or never finished. */
  readonly deleted: number
  /** Objects that cannot be read; they stay as they are. */
  readonly failures: readonly { readonly key: string; readonly reason: string }[]
}

/** An object of the hour, with its footer where that can be read. */
export interface OpenedObject {
  readonly stored: StoredObject
  readonly source: ByteSource
  readonly footer: ObjectFooter | undefined
  readonly summary: ObjectFooter['summary'] | undefined
  readonly failure: string | undefined
}

const FOOTERS_AT_ONCE = 16

/**
 * Merges the small objects of an hour and drops what is there twice. Needs no lock: what it writes replaces the objects
 * it read only once all of it is there, and these are deleted an hour later, by a run after this one. Cut short at any
 * point, or run twice at once, it loses nothing and shows nothing twice.
 */
export async function compactHour(
  store: ObjectStore,
  hourMs: number,
  run: CompactionRun,
  limits: CompactionLimits = COMPACTION_LIMITS,
): Promise<CompactedHour> {
  const hour = currentObjects(await openHour(store, hourMs))
  const deleted = await deleteOld(store, hour, run.nowMs)
  const failures = hour.current.flatMap(({ stored, failure }) => {
    return failure === undefined ? [] : [{ key: stored.key, reason: failure }]
  })
  const nothing = { hourMs, deleted, failures, merged: 0, written: 0, bytesMerged: 0, bytesWritten: 0 }
  let sources = hour.current.filter(isReadable)
  while (isWorthwhile(sources, limits)) {
    const id = failures.length === 0 ? run.token : `${run.token} without ${failures.length}`
    const written = await merge(store, hourMs, sources, hour, id, limits)
    if (written === undefined) return nothing
    if (!('unreadable' in written)) {
      return { ...nothing, ...written, merged: sources.length, bytesMerged: sumBytes(sources) }
    }
    const { stored, reason } = written.unreadable
    failures.push({ key: stored.key, reason })
    sources = sources.filter((source) => source.stored !== stored)
  }
  return nothing
}

/** Lists the objects of an hour and reads their footers. */
export async function openHour(store: ObjectStore, hourMs: number): Promise<readonly OpenedObject[]> {
  const listed = await store.list(hourPrefix(hourMs))
  const ours = listed.filter(({ key }) => parseObjectKey(key) !== undefined)
  return inParallel(ours, FOOTERS_AT_ONCE, async (stored): Promise<OpenedObject> => {
    const source = store.open(stored)
    try {
      const footer = await readFooter(source)
      return { stored, source, footer, summary: footer.summary, failure: undefined }
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      return { stored, source, footer: undefined, summary: undefined, failure }
    }
  })
}

export type ReadableObject = OpenedObject & { readonly footer: ObjectFooter }

export function isReadable(object: OpenedObject): object is ReadableObject {
  return object.footer !== undefined
}

/** Readers that planned before an object was taken over have an hour to finish. */
async function deleteOld(
  store: ObjectStore,
  { current, replaced, unfinished }: HourObjects<OpenedObject>,
  nowMs: number,
): Promise<number> {
  const replacedSince = new Map<string, number>()
  for (const { summary, stored } of [...current, ...replaced]) {
    for (const key of summary?.replaces ?? []) {
      replacedSince.set(key, Math.max(stored.storedAtMs, replacedSince.get(key) ?? 0))
    }
  }
  const old = [
    ...replaced.filter(({ stored }) => (replacedSince.get(stored.key) ?? nowMs) <= nowMs - GRACE_MS),
    ...unfinished.filter(({ stored }) => stored.storedAtMs <= nowMs - GRACE_MS),
  ]
  await inParallel(old, FOOTERS_AT_ONCE, ({ stored }) => store.delete(stored.key))
  return old.length
}

function isWorthwhile(sources: readonly ReadableObject[], { leastNewShare }: CompactionLimits): boolean {
  if (sources.length < 2) return false
  const fresh = sources.filter(({ summary }) => summary?.set === undefined)
  const sets = new Set(sources.map(({ summary }) => summary?.set?.id))
  const isNew = fresh.length > 0 && sumBytes(fresh) >= leastNewShare * (sumBytes(sources) - sumBytes(fresh))
  // Two runs at once leave two sets of the same traces.
  return isNew || (fresh.length === 0 && sets.size > 1)
}

function sumBytes(objects: readonly OpenedObject[]): number {
  return objects.reduce((sum, { stored }) => sum + stored.byteLength, 0)
}

/**
 * Writes the set that takes over the sources; nothing is left of it where a source went away meanwhile (undefined) or
 * turns out to be damaged.
 */
async function merge(
  store: ObjectStore,
  hourMs: number,
  sources: readonly ReadableObject[],
  hour: HourObjects<OpenedObject>,
  id: string,
  limits: CompactionLimits,
): Promise<{ readonly written: number; readonly bytesWritten: number } | UnreadableSource | undefined> {
  const indexed = await indexSources(sources)
  if ('unreadable' in indexed) return indexed
  const sourceKeys = sources.map(({ stored }) => stored.key)
  const parts = Math.ceil(sumBytes(sources) / limits.targetBytes)
  const batches = cutBatches(indexed, parts * limits.mostSpans)
  const replaces = [...new Set([...sourceKeys, ...hour.replaced.map(({ stored }) => stored.key)])].sort()
  const keys: string[] = []
  const redact = await store.redacted()
  let bytesWritten = 0
  const takeBack = async () => {
    for (const key of keys) await store.delete(key)
  }
  for (const [part, slice] of cutSlices(parts).entries()) {
    const writer = openWriter({ slice, replaces, set: { id, part, parts } }, redact)
    for (const batch of batches) {
      const records = await readBatch(indexed, batch, slice)
      if (!('unreadable' in records)) writer.add(records)
      else {
        await takeBack()
        return records
      }
    }
    const { bytes } = writer.finish()
    const key = objectKey(hourMs, bytes, 'compacted')
    await store.put(key, bytes)
    keys.push(key)
    bytesWritten += bytes.length
  }
  if (await allThere(store, hourMs, sourceKeys)) return { written: keys.length, bytesWritten }
  await takeBack()
  return undefined
}

/** A source may be deleted meanwhile because somebody is to be forgotten: then what was read of it must not come back. */
async function allThere(store: ObjectStore, hourMs: number, keys: readonly string[]): Promise<boolean> {
  const listed = new Set((await store.list(hourPrefix(hourMs))).map(({ key }) => key))
  return keys.every((key) => listed.has(key))
}
