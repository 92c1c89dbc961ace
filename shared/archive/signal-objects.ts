import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { inParallel } from '../concurrency/in-parallel.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'

/** Where signals lie, beside the traces. */
export const SIGNALS_PREFIX = 'signals/'

/** One signal as JSON on a line, its trace id under `subject`. */
export interface SignalLine {
  /** When it was sent, milliseconds since 1970. */
  readonly atMs: number
  readonly json: string
}

/** A signal as its line, `event` being its CloudEvent. */
export function signalLine(event: { readonly time: string }, shadow: boolean): SignalLine {
  return { atMs: Date.parse(event.time), json: JSON.stringify({ ...event, shadow }) }
}

/** One object an hour, as gzipped JSON lines; keys hash the content, so that writing the same again changes nothing. */
export function signalObjects(
  lines: readonly SignalLine[],
): readonly { readonly key: string; readonly bytes: Buffer }[] {
  const byHour = Map.groupBy(lines, ({ atMs }) => new Date(atMs).toISOString().slice(0, 13))
  return [...byHour].map(([hour, group]) => {
    const [date, hourOfDay] = hour.split('T')
    return signalObject(
      `${SIGNALS_PREFIX}dt=${date}/hour=${hourOfDay}`,
      group.map(({ json }) => json),
    )
  })
}

function signalObject(folder: string, lines: readonly string[]) {
  const text = `${lines.join('\n')}\n`
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
  return { key: `${folder}/${digest}.jsonl.gz`, bytes: gzipSync(text) }
}

const OBJECTS_AT_ONCE = 16
/** Signals of one object, inflated. */
const MAX_SIGNAL_BYTES = 512 * 1024 * 1024

/** Rewrites objects of signals without the signals of the traces; returns how many signals were removed. */
export async function forgetSignals(store: ObjectStore, traceIds: ReadonlySet<string>): Promise<number> {
  const objects = await store.list(SIGNALS_PREFIX)
  const counts = await inParallel(objects, OBJECTS_AT_ONCE, (object) => forgetSome(store, object, traceIds))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function forgetSome(store: ObjectStore, object: StoredObject, traceIds: ReadonlySet<string>): Promise<number> {
  const bytes = await store.open(object).read(0, object.byteLength)
  const lines = gunzipSync(bytes, { maxOutputLength: MAX_SIGNAL_BYTES }).toString().split('\n')
  const all = lines.filter((line) => line !== '')
  const kept = all.filter((line) => !traceIds.has((JSON.parse(line) as { readonly subject: string }).subject))
  if (kept.length === all.length) return 0
  if (kept.length > 0) {
    const { key, bytes: written } = signalObject(object.key.slice(0, object.key.lastIndexOf('/')), kept)
    await store.put(key, written)
  }
  await store.delete(object.key)
  return all.length - kept.length
}
