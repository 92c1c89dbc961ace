import { HOUR_MS, parseObjectKey, SPANS_PREFIX } from '../../shared/archive/object-key.ts'
import type { ObjectStore } from '../../shared/archive/object-store.ts'

/** Hours to look at, milliseconds since 1970; `toMs` is exclusive. */
export interface HourRange {
  readonly fromMs: number
  readonly toMs: number
}

/** The hours of the range that the archive has objects of, oldest first. */
export async function archivedHours(store: ObjectStore, { fromMs, toMs }: HourRange): Promise<readonly number[]> {
  const hours = new Set<number>()
  for (const { key } of await store.list(SPANS_PREFIX)) {
    const hourMs = parseObjectKey(key)?.hourMs
    if (hourMs !== undefined && hourMs < toMs && hourMs + HOUR_MS > fromMs) hours.add(hourMs)
  }
  return [...hours].sort((a, b) => a - b)
}
