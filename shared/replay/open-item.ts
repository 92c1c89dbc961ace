import { ObjectGone, type ObjectStore, type StoredObject } from '../archive/object-store.ts'
import type { ObjectSummary } from '../archive/object-summary.ts'
import { type ByteSource, type ObjectFooter, readFooter } from '../archive/read-footer.ts'
import { inParallel } from '../concurrency/in-parallel.ts'
import { StorageError } from '../pipeline/storage-error.ts'
import type { WorkItem } from './plan.ts'
import type { ReplayRange } from './range.ts'
import type { Relevance } from './relevance.ts'
import type { Failure, Tally } from './tally.ts'

/** An object whose footer is read. */
export interface OpenObject {
  readonly stored: StoredObject
  readonly source: ByteSource
  readonly footer: ObjectFooter
}

const FOOTERS_AT_ONCE = 16

/**
 * Opens the objects of an item that its traces are to be read from; an object that no rule can concern is
 * counted from its footer and left out. Throws ObjectGone.
 */
export async function openItem(
  store: ObjectStore,
  item: WorkItem,
  range: ReplayRange,
  relevance: Relevance,
  tally: Tally,
): Promise<readonly OpenObject[]> {
  const opened = await openAll(store, item.objects, tally.failures)
  const inRange = opened.filter(({ footer }) => {
    return footer.summary.firstStartMs < range.toMs && footer.summary.lastStartMs >= range.fromMs
  })
  for (const { footer } of inRange) {
    const last = Math.min(footer.summary.lastStartMs, range.toMs - 1)
    tally.archivedThroughMs = Math.max(tally.archivedThroughMs, last)
  }
  return dropIdle(inRange, item, range, relevance, tally)
}

async function openAll(
  store: ObjectStore,
  objects: readonly StoredObject[],
  failures: Failure[],
): Promise<readonly OpenObject[]> {
  const opened = await inParallel(objects, FOOTERS_AT_ONCE, async (stored): Promise<OpenObject | undefined> => {
    const source = store.open(stored)
    try {
      return { stored, source, footer: await readFooter(source) }
    } catch (error) {
      failures.push(readFailureOf(stored.key, error))
      return undefined
    }
  })
  return opened.filter((object) => object !== undefined)
}

/** What kept an object from being read; rethrows what asks for a new plan (ObjectGone), or is transient. */
export function readFailureOf(key: string, error: unknown): Failure {
  if (error instanceof ObjectGone || (error instanceof StorageError && error.transient)) throw error
  return { key, reason: error instanceof Error ? error.message : String(error) }
}

/**
 * Where some trace has a revision beyond the first or a late part, footers count it more than once and its spans may be
 * spread over objects: then all objects are read. In other cases each object can be left out alone.
 */
function dropIdle(
  objects: readonly OpenObject[],
  item: WorkItem,
  range: ReplayRange,
  relevance: Relevance,
  tally: Tally,
): readonly OpenObject[] {
  const spread = objects.some(({ footer }) => footer.summary.revised)
  return objects.filter((object) => {
    const { summary } = object.footer
    const countable = !spread && summary.firstStartMs >= range.fromMs && summary.lastStartMs < range.toMs
    if (!countable || relevance.mayMatter([summary.names])) return true
    if (countsHere(item, summary)) skip(object, tally)
    return false
  })
}

/** An object that several items read slices of counts in one of them. */
export function countsHere({ slice }: WorkItem, summary: ObjectSummary): boolean {
  return summary.slice.from >= slice.from && summary.slice.from < slice.to
}

function skip({ stored, footer }: OpenObject, tally: Tally): void {
  const { spans, traces } = footer.summary
  tally.traces += traces
  tally.objects.skipped++
  tally.objects.spansSkipped += spans
  tally.objects.bytesSkipped += stored.byteLength
}
