import { currentObjects, type SummarisedObject } from '../archive/current-objects.ts'
import { dayPrefix, HOUR_MS, hourPrefix, parseObjectKey } from '../archive/object-key.ts'
import type { ObjectStore, StoredObject } from '../archive/object-store.ts'
import { objectsByHour } from '../archive/objects-by-hour.ts'
import { readFooter } from '../archive/read-footer.ts'
import { ALL_TRACES, cutSlices, overlaps, type Slice } from '../archive/slice.ts'
import { inParallel } from '../concurrency/in-parallel.ts'
import type { ReplayRange } from './range.ts'

/** Objects of one hour that are judged together, because traces may be spread over them. */
export interface WorkItem {
  readonly hourMs: number
  readonly objects: readonly StoredObject[]
  /** Only traces of this slice belong to the item. */
  readonly slice: Slice
}

/** What a replay has to look at, before any rule is asked. */
export interface ReplayPlan {
  readonly items: readonly WorkItem[]
  readonly objects: number
  readonly bytes: number
  /** Objects that others have taken over, or that are not yet all there: they are not read. */
  readonly replaced: number
  /** Keys under `spans/` that are no objects of ours. */
  readonly foreign: readonly string[]
}

export interface PlanLimits {
  /** Items over this are cut into slices of the trace ids, each reading all of the item's objects. */
  readonly mostItemBytes: number
}

const LISTS_AT_ONCE = 16
const FOOTERS_AT_ONCE = 32
/** Each may be as many objects as the limit before counting ends. */
const COUNTED_AT_ONCE = 8
const DAY_MS = 24 * HOUR_MS

/** Lists what a range holds and groups it into items that can be worked on apart, oldest first. */
export async function planReplay(store: ObjectStore, range: ReplayRange, limits: PlanLimits): Promise<ReplayPlan> {
  const listed = (await inParallel(daysOf(range), LISTS_AT_ONCE, (dayMs) => store.list(dayPrefix(dayMs)))).flat()
  const { hours, foreign } = objectsByHour(listed, range)
  const placed = await inParallel(hours, LISTS_AT_ONCE, ([hourMs, objects]) => planHour(store, hourMs, objects))
  const clusters = placed.flatMap((hour) => hour.items)
  const objects = clusters.flatMap((item) => item.objects)
  return {
    items: clusters.flatMap((item) => cutItem(item, limits)),
    objects: objects.length,
    bytes: objects.reduce((sum, { byteLength }) => sum + byteLength, 0),
    replaced: placed.reduce((sum, hour) => sum + hour.replaced, 0),
    foreign,
  }
}

/** What lies in the days of a range, as far as it was counted. */
export interface RangeSize {
  readonly objects: number
  readonly bytes: number
  /** False: there is more than the limits, and counting ended there. */
  readonly isWhole: boolean
}

/** Counts objects of the range, those too that others have taken over, until there are more than the limits. */
export async function measureRange(
  store: ObjectStore,
  range: ReplayRange,
  limits: { readonly objects: number; readonly bytes: number },
): Promise<RangeSize> {
  let [objects, bytes] = [0, 0]
  for (const prefixes of inGroups(prefixesOf(range), COUNTED_AT_ONCE)) {
    const list = (prefix: string) => store.list(prefix, limits.objects)
    const listed = (await inParallel(prefixes, COUNTED_AT_ONCE, list)).flat()
    objects += listed.length
    bytes += listed.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (objects > limits.objects || bytes > limits.bytes) return { objects, bytes, isWhole: false }
  }
  return { objects, bytes, isWhole: true }
}

/** Days that lie in range as a whole, hours of the others: all below these is in range, to the hour. */
function prefixesOf(range: ReplayRange): readonly string[] {
  return daysOf(range).flatMap((dayMs) => {
    if (dayMs >= range.fromMs && dayMs + DAY_MS <= range.toMs) return [dayPrefix(dayMs)]
    const hours = Array.from({ length: 24 }, (_, hour) => dayMs + hour * HOUR_MS)
    return hours.filter((hourMs) => hourMs < range.toMs && hourMs + HOUR_MS > range.fromMs).map(hourPrefix)
  })
}

function inGroups<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
}

/** The item as it has to be worked on now, after one of its objects was found to be gone. */
export async function replanItem(store: ObjectStore, item: WorkItem): Promise<WorkItem> {
  const listed = await store.list(hourPrefix(item.hourMs))
  const { items } = await planHour(
    store,
    item.hourMs,
    listed.filter(({ key }) => parseObjectKey(key) !== undefined),
  )
  const objects = items.filter(({ slice }) => overlaps(slice, item.slice)).flatMap((each) => each.objects)
  return { ...item, objects }
}

/** Plans one hour from the list of its objects, and lists nothing itself. */
export async function planListedHour(
  store: ObjectStore,
  hourMs: number,
  objects: readonly StoredObject[],
  limits: PlanLimits,
): Promise<readonly WorkItem[]> {
  const { items } = await planHour(store, hourMs, objects)
  return items.flatMap((item) => cutItem(item, limits))
}

function daysOf({ fromMs, toMs }: ReplayRange): readonly number[] {
  const days: number[] = []
  for (let day = Math.floor(fromMs / DAY_MS) * DAY_MS; day < toMs; day += DAY_MS) days.push(day)
  return days
}

async function planHour(store: ObjectStore, hourMs: number, objects: readonly StoredObject[]) {
  const summarised = await inParallel(objects, FOOTERS_AT_ONCE, async (stored): Promise<SummarisedObject> => {
    if (parseObjectKey(stored.key)?.origin !== 'compacted') return { stored, summary: undefined }
    // Where it cannot be read, whoever works on the item meets the same failure and reports it.
    const footer = await readFooter(store.open(stored)).catch(() => undefined)
    return { stored, summary: footer?.summary }
  })
  const { current, replaced, unfinished } = currentObjects(summarised)
  return { items: cluster(hourMs, current), replaced: replaced.length + unfinished.length }
}

/** Puts objects together whose slices overlap. */
function cluster(hourMs: number, objects: readonly SummarisedObject[]): readonly WorkItem[] {
  const items: { hourMs: number; objects: StoredObject[]; slice: Slice }[] = []
  const placed = objects.map(({ stored, summary }) => ({ stored, slice: summary?.slice ?? ALL_TRACES }))
  for (const { stored, slice } of placed.sort((a, b) => a.slice.from - b.slice.from)) {
    const last = items.at(-1)
    if (last === undefined || !overlaps(last.slice, slice)) items.push({ hourMs, objects: [stored], slice })
    else {
      last.objects.push(stored)
      last.slice = { from: last.slice.from, to: Math.max(last.slice.to, slice.to) }
    }
  }
  return items
}

function cutItem(item: WorkItem, { mostItemBytes }: PlanLimits): readonly WorkItem[] {
  const bytes = item.objects.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const parts = Math.ceil(bytes / mostItemBytes)
  if (parts <= 1 || item.objects.length === 1) return [item]
  return cutSlices(parts)
    .filter((slice) => overlaps(slice, item.slice))
    .map((slice) => ({
      ...item,
      slice: { from: Math.max(slice.from, item.slice.from), to: Math.min(slice.to, item.slice.to) },
    }))
}
