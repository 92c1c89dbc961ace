import { HOUR_MS, parseObjectKey } from './object-key.ts'
import type { StoredObject } from './object-store.ts'

/** Objects of span files by the hour they are filed in (milliseconds since 1970), oldest first. */
export interface ObjectsByHour {
  readonly hours: readonly (readonly [hourMs: number, objects: readonly StoredObject[]])[]
  /** Keys that BeTrace does not write. */
  readonly foreign: readonly string[]
}

/** Groups objects by hour, those of hours that overlap the range; `toMs` is exclusive. */
export function objectsByHour(
  listed: readonly StoredObject[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): ObjectsByHour {
  const hours = new Map<number, StoredObject[]>()
  const foreign: string[] = []
  for (const object of listed) {
    const hourMs = parseObjectKey(object.key)?.hourMs
    if (hourMs === undefined) foreign.push(object.key)
    else if (hourMs < toMs && hourMs + HOUR_MS > fromMs) {
      const before = hours.get(hourMs)
      if (before === undefined) hours.set(hourMs, [object])
      else before.push(object)
    }
  }
  return { hours: [...hours].sort(([a], [b]) => a - b), foreign }
}
