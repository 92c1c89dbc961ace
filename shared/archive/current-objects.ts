import type { StoredObject } from './object-store.ts'
import type { ObjectSummary } from './object-summary.ts'

/** An object and what it says of itself; undefined where that cannot be read. */
export interface SummarisedObject {
  readonly stored: StoredObject
  readonly summary: ObjectSummary | undefined
}

/** Which objects of an hour hold what it holds. */
export interface HourObjects<Each extends SummarisedObject> {
  /** Together they hold every trace of the hour. */
  readonly current: readonly Each[]
  /** Taken over by others that are all there. */
  readonly replaced: readonly Each[]
  /** Parts of a set that is not all there: a compaction at work, or one that was cut short. */
  readonly unfinished: readonly Each[]
}

/**
 * Tells them apart by what they say of one another: a set of objects replaces others only when all its parts are there.
 * A part that is missing while the objects which the set replaces are gone too is lost or cannot be read: the others are all
 * there is of their traces. Takes all objects of the hour, those that cannot be read among them.
 */
export function currentObjects<Each extends SummarisedObject>(objects: readonly Each[]): HourObjects<Each> {
  const parts = new Map<string, Set<number>>()
  for (const { summary } of objects) {
    if (summary?.set === undefined) continue
    const { id, part } = summary.set
    parts.set(id, (parts.get(id) ?? new Set()).add(part))
  }
  const isFinished = ({ summary }: Each) => {
    return summary?.set === undefined || parts.get(summary.set.id)?.size === summary.set.parts
  }
  const present = new Set(objects.map(({ stored }) => stored.key))
  const isOrphaned = ({ summary }: Each) => summary?.replaces.some((key) => !present.has(key)) === true
  const replaced = new Set(objects.filter(isFinished).flatMap(({ summary }) => summary?.replaces ?? []))
  const isReplaced = ({ stored }: Each) => replaced.has(stored.key)
  return {
    current: objects.filter((object) => (isFinished(object) || isOrphaned(object)) && !isReplaced(object)),
    replaced: objects.filter(isReplaced),
    unfinished: objects.filter((object) => !(isFinished(object) || isOrphaned(object)) && !isReplaced(object)),
  }
}
