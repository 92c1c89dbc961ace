import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { ObjectStore, StoredObject } from '../archive/object-store.ts'
import { MARKER_KEY } from './buffer-items.ts'
import { inParallel } from './cut.ts'
import { type DynamoTable, deleteItems, queryPages } from './dynamo-requests.ts'
import { REPLAYS_PREFIX } from './replay-runs.ts'
import { SIGNALS_PREFIX } from './s3-archive.ts'

/** What a stack kept of traces beside their spans, and no longer does. */
export interface ForgottenBeside {
  readonly signals: number
  /** Chunks, markers and parts of either. */
  readonly items: number
  /** Reports of replays, and what their workers found. */
  readonly reports: number
}

const OBJECTS_AT_ONCE = 16
/** Signals of one batch of traces, inflated. */
const MOST_SIGNAL_BYTES = 512 * 1024 * 1024
/** Sort keys of items lie between these. */
const ALL_ITEMS = { from: ' ', to: '~' }

/** Removes the signals of traces, reports that tell of them, and what waits or waited to be judged of them. */
export async function forgetBeside(
  store: ObjectStore,
  table: DynamoTable,
  traceIds: readonly string[],
): Promise<ForgottenBeside> {
  const ids = new Set(traceIds)
  if (ids.size === 0) return { signals: 0, items: 0, reports: 0 }
  const items = await inParallel(traceIds, OBJECTS_AT_ONCE, (traceId) => forgetItems(table, traceId))
  const signals = await inParallel(await store.list(SIGNALS_PREFIX), OBJECTS_AT_ONCE, (object) =>
    forgetSignals(store, object, ids),
  )
  const reports = await inParallel(await store.list(REPLAYS_PREFIX), OBJECTS_AT_ONCE, (object) =>
    forgetReport(store, object, ids),
  )
  return { signals: sum(signals), items: sum(items), reports: sum(reports) }
}

/** Items removed by hand are no expired ones: the evaluator does not hear of them. The marker goes last. */
async function forgetItems(table: DynamoTable, traceId: string): Promise<number> {
  const keys: string[] = []
  const options = { ProjectionExpression: '#item' }
  for await (const page of queryPages(table, traceId, ALL_ITEMS.from, ALL_ITEMS.to, options)) {
    keys.push(...page.flatMap(({ item }) => item?.S ?? []))
  }
  const markers = keys.filter((key) => key === MARKER_KEY)
  for (const some of [keys.filter((key) => key !== MARKER_KEY), markers]) {
    await deleteItems(
      table,
      some.map((key) => [traceId, key]),
    )
  }
  return keys.length
}

/** Writes an object of signals anew without those of the traces; returns how many these were. */
async function forgetSignals(store: ObjectStore, object: StoredObject, ids: ReadonlySet<string>): Promise<number> {
  const bytes = await store.open(object).read(0, object.byteLength)
  const lines = gunzipSync(bytes, { maxOutputLength: MOST_SIGNAL_BYTES }).toString().split('\n')
  const all = lines.filter((line) => line !== '')
  const kept = all.filter((line) => !ids.has((JSON.parse(line) as { readonly subject: string }).subject))
  if (kept.length === all.length) return 0
  if (kept.length > 0) {
    const text = `${kept.join('\n')}\n`
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
    await store.put(`${object.key.slice(0, object.key.lastIndexOf('/'))}/${digest}.jsonl.gz`, gzipSync(text))
  }
  await store.delete(object.key)
  return all.length - kept.length
}

async function forgetReport(store: ObjectStore, object: StoredObject, ids: ReadonlySet<string>): Promise<number> {
  const text = (await store.open(object).read(0, object.byteLength)).toString()
  if (![...ids].some((id) => text.includes(id))) return 0
  await store.delete(object.key)
  return 1
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
