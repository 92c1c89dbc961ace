import { SPANS_PREFIX } from '../../shared/archive/object-key.ts'
import type { ObjectStore } from '../../shared/archive/object-store.ts'
import { objectsByHour } from '../../shared/archive/objects-by-hour.ts'

/** Hours to look at, milliseconds since 1970; `toMs` is exclusive. */
export interface HourRange {
  readonly fromMs: number
  readonly toMs: number
}

/** The hours of the range that the archive has objects of, oldest first. */
export async function archivedHours(store: ObjectStore, range: HourRange): Promise<readonly number[]> {
  return objectsByHour(await store.list(SPANS_PREFIX), range).hours.map(([hourMs]) => hourMs)
}
