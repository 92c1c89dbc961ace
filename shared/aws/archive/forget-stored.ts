import type { ObjectStore, StoredObject } from '../../archive/object-store.ts'
import { forgetSignals } from '../../archive/signal-objects.ts'
import { inParallel } from '../../concurrency/in-parallel.ts'
import { MARKER_KEY } from '../buffer/buffer-items.ts'
import { type DynamoTable, deleteItems, queryPages } from '../dynamo-requests.ts'
import { REPLAYS_PREFIX } from '../replay/replay-runs.ts'

/** What a stack kept of traces beside their spans, and no longer does. */
export interface ForgottenBeside {
  readonly signals: number
  /** Chunks, markers and parts of either. */
  readonly items: number
  /** Reports of replays, and what their workers found. */
  readonly reports: number
}

const OBJECTS_AT_ONCE = 16
/** Sort keys of items lie between these. */
const ALL_ITEMS = { from: ' ', to: '~' }

/** Removes the signals of traces, the reports that mention them, and their chunks and markers. */
export async function forgetBeside(
  store: ObjectStore,
  table: DynamoTable,
  traceIds: readonly string[],
): Promise<ForgottenBeside> {
  const ids = new Set(traceIds)
  if (ids.size === 0) return { signals: 0, items: 0, reports: 0 }
  const items = await inParallel(traceIds, OBJECTS_AT_ONCE, (traceId) => forgetItems(table, traceId))
  const signals = await forgetSignals(store, ids)
  const reports = await inParallel(await store.list(REPLAYS_PREFIX), OBJECTS_AT_ONCE, (object) =>
    forgetReport(store, object, ids),
  )
  return { signals, items: sum(items), reports: sum(reports) }
}

/** Items removed by hand are not expired ones: the evaluator is not called for them. The marker goes last. */
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

async function forgetReport(store: ObjectStore, object: StoredObject, ids: ReadonlySet<string>): Promise<number> {
  const text = (await store.open(object).read(0, object.byteLength)).toString()
  if (![...ids].some((id) => text.includes(id))) return 0
  await store.delete(object.key)
  return 1
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
