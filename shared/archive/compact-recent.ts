import { COMPACTION_LIMITS, type CompactedHour, type CompactionLimits, compactHour, GRACE_MS } from './compact.ts'
import { dayPrefix, HOUR_MS } from './object-key.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { objectsByHour } from './objects-by-hour.ts'

/** One run over the hours of some days. */
export interface CompactionOfHours {
  readonly store: ObjectStore
  /** Hours that begin in the range, milliseconds since 1970; `toMs` is exclusive. */
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
  /** Texts that no other run ever has. */
  readonly newToken: () => string
  /** Look also at hours to which nothing came for a while. */
  readonly all: boolean
  readonly limits?: CompactionLimits
  /** Hours with more than this are left as they are: they would not be done in time. */
  readonly mostBytes: number
  /** False: begin no other hour. */
  readonly hasTime: () => boolean
}

/** What became of them. */
export interface CompactedHours {
  readonly hours: readonly CompactedHour[]
  /** Hours for which there was no time. */
  readonly left: number
  /** Hours with more than `mostBytes`, as their prefixes say them: `2025-10-01T09`. */
  readonly tooLarge: readonly string[]
}

const DAY_MS = 24 * HOUR_MS
/** A trace may be hours under way before it is judged; what is younger is compacted by a later run. */
const SETTLED_MS = 10 * 60_000
/** How long after its last object an hour is still looked at: until the objects that were merged are deleted. */
const RECENT_MS = 3 * GRACE_MS

/** Compacts hours with several objects, oldest first, as far as time allows. Needs no lock, see `compactHour`. */
export async function compactHours(run: CompactionOfHours): Promise<CompactedHours> {
  const hours: CompactedHour[] = []
  const tooLarge: string[] = []
  let left = 0
  for (const [hourMs, objects] of await openHours(run)) {
    if (bytesOf(objects) > run.mostBytes) tooLarge.push(new Date(hourMs).toISOString().slice(0, 13))
    else if (left > 0 || !run.hasTime()) left++
    else {
      const one = { nowMs: run.nowMs, token: run.newToken() }
      hours.push(await compactHour(run.store, hourMs, one, run.limits ?? COMPACTION_LIMITS))
    }
  }
  return { hours, left, tooLarge }
}

/** The hours of the range that may have something to do, by what their keys and times say. */
async function openHours(run: CompactionOfHours): Promise<readonly (readonly [number, readonly StoredObject[]])[]> {
  const toMs = Math.min(run.toMs, run.nowMs - HOUR_MS - SETTLED_MS)
  const firstMs = Math.ceil(run.fromMs / HOUR_MS) * HOUR_MS
  const hours: (readonly [number, readonly StoredObject[]])[] = []
  for (let dayMs = Math.floor(run.fromMs / DAY_MS) * DAY_MS; dayMs < toMs; dayMs += DAY_MS) {
    const range = { fromMs: Math.max(firstMs, dayMs), toMs }
    hours.push(...objectsByHour(await run.store.list(dayPrefix(dayMs)), range).hours)
  }
  return hours.filter(([, objects]) => objects.length > 1 && (run.all || isRecent(objects, run.nowMs)))
}

function isRecent(objects: readonly StoredObject[], nowMs: number): boolean {
  return objects.some(({ storedAtMs }) => storedAtMs > nowMs - RECENT_MS)
}

function bytesOf(objects: readonly StoredObject[]): number {
  return objects.reduce((sum, { byteLength }) => sum + byteLength, 0)
}
