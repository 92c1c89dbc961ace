import { type Catalogue, HOUR_LIMITS, RANGE_LIMITS } from '../catalogue/catalogue.ts'
import { addCatalogue, newCatalogue } from '../catalogue/grow.ts'
import { inParallel } from '../concurrency/in-parallel.ts'
import { noteRows } from './catalogue-of-rows.ts'
import { isReadable, openHour, type ReadableObject } from './compact.ts'
import { currentObjects } from './current-objects.ts'
import { ArchiveObjectError } from './errors.ts'
import { catalogueIn } from './object-catalogue.ts'
import { dayPrefix, HOUR_MS, hourPrefix } from './object-key.ts'
import { ObjectGone, type ObjectStore } from './object-store.ts'
import { objectsByHour } from './objects-by-hour.ts'
import { readRecords } from './read-records.ts'

/** What was seen in a range of an archive. */
export interface ArchivedCatalogue {
  readonly catalogue: Catalogue
  /** The hours that the archive has spans of, milliseconds since 1970, oldest first. */
  readonly hours: readonly number[]
  /** Objects that cannot be read: what they hold is not in the catalogue. */
  readonly failures: readonly { readonly key: string; readonly reason: string }[]
}

/** Milliseconds since 1970; `toMs` is exclusive. */
interface CatalogueRange {
  readonly fromMs: number
  readonly toMs: number
}

const DAY_MS = 24 * HOUR_MS
const OBJECTS_AT_ONCE = 16
/** Objects that are gone were merged into others or rewritten: the hour is listed again. */
const MAX_ROUNDS = 5

/**
 * Adds up what was seen in the hours that overlap the range; of keys that the store redacts no values, also of objects that
 * were written before. `onHour` is informed of each.
 */
export async function readCatalogue(
  store: ObjectStore,
  range: CatalogueRange,
  onHour: (done: number, hours: number) => void = () => {},
): Promise<ArchivedCatalogue> {
  const hours: number[] = []
  for (let dayMs = Math.floor(range.fromMs / DAY_MS) * DAY_MS; dayMs < range.toMs; dayMs += DAY_MS) {
    hours.push(...objectsByHour(await store.list(dayPrefix(dayMs)), range).hours.map(([hourMs]) => hourMs))
  }
  const redact = await store.redacted()
  const catalogue = newCatalogue(RANGE_LIMITS, redact)
  const failures: { readonly key: string; readonly reason: string }[] = []
  for (const [index, hourMs] of hours.entries()) {
    const hour = await readHour(store, hourMs)
    addCatalogue(catalogue, hour.catalogue)
    failures.push(...hour.failures)
    onHour(index + 1, hours.length)
  }
  return { catalogue, hours, failures }
}

type HourCatalogue = Omit<ArchivedCatalogue, 'hours'>

async function readHour(store: ObjectStore, hourMs: number): Promise<HourCatalogue> {
  for (let round = 1; ; round++) {
    try {
      return await readObjects(store, hourMs)
    } catch (error) {
      if (!(error instanceof ObjectGone) || round === MAX_ROUNDS) throw error
    }
  }
}

async function readObjects(store: ObjectStore, hourMs: number): Promise<HourCatalogue> {
  const { current } = currentObjects(await openHour(store, hourMs))
  const unreadable = current.flatMap(({ stored, failure }) => {
    return failure === undefined ? [] : [{ key: stored.key, reason: failure }]
  })
  await requireThere(store, hourMs, unreadable)
  const failures = [...unreadable]
  const catalogue = newCatalogue(HOUR_LIMITS)
  const readable = current.filter(isReadable)
  for (let at = 0; at < readable.length; at += OBJECTS_AT_ONCE) {
    const some = await inParallel(readable.slice(at, at + OBJECTS_AT_ONCE), OBJECTS_AT_ONCE, catalogueOf)
    for (const each of some) {
      if ('reason' in each) failures.push(each)
      else addCatalogue(catalogue, each)
    }
  }
  return { catalogue, failures }
}

/** Throws ObjectGone where an object could not be read because it was deleted meanwhile. */
async function requireThere(store: ObjectStore, hourMs: number, unreadable: HourCatalogue['failures']): Promise<void> {
  if (unreadable.length === 0) return
  const listed = new Set((await store.list(hourPrefix(hourMs))).map(({ key }) => key))
  const gone = unreadable.find(({ key }) => !listed.has(key))
  if (gone !== undefined) throw new ObjectGone(gone.key)
}

/** The catalogue of an object, or why it cannot be read. */
async function catalogueOf(object: ReadableObject): Promise<Catalogue | HourCatalogue['failures'][number]> {
  try {
    return await readOrMake(object)
  } catch (error) {
    if (!(error instanceof ArchiveObjectError)) throw error
    return { key: object.stored.key, reason: error.message }
  }
}

/** The catalogue that the object holds; of an object of an earlier version it is made of its spans. */
async function readOrMake({ source, footer }: ReadableObject): Promise<Catalogue> {
  const place = footer.catalogue
  if (place !== undefined) return catalogueIn(await source.read(place.start, place.end), place)
  const made = newCatalogue(HOUR_LIMITS)
  for await (const { spans } of readRecords(source, footer)) noteRows(made, spans)
  return made
}
