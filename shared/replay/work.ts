import type { ObjectStore } from '../archive/object-store.ts'
import { ObjectGone } from '../archive/object-store.ts'
import { openRowGroup, type RowGroup } from '../archive/row-group.ts'
import type { RuleSet } from '../rules/plan.ts'
import { mergedTrace, type RowRun } from './archived-trace.ts'
import { explainKept, type Judging, judgeOne, type OnViolation, whenLoaded } from './judge-archived.ts'
import { findOccurrences, type Occurrences } from './occurrences.ts'
import { countsHere, failureOf, type OpenObject, openItem } from './open-item.ts'
import { replanItem, type WorkItem } from './plan.ts'
import type { ReplayRange } from './range.ts'
import { type Relevance, relevanceOf } from './relevance.ts'
import { filedAtMs, scanRowGroup } from './scan.ts'
import { newShapes, type Shapes } from './shapes.ts'
import { newTally, type Tally } from './tally.ts'

/** All that the work on an item needs; made once and used for many. */
export interface Worker {
  readonly store: ObjectStore
  readonly set: RuleSet
  readonly relevance: Relevance
  readonly orderOf: ReadonlyMap<string, number>
  readonly shapes: Shapes
  readonly range: ReplayRange
  /** Most violations of each rule that come with evidence. */
  readonly sampleLimit: number
  readonly onViolation?: OnViolation | undefined
  readonly columns: Set<string>
}

/** `onViolation` takes every violation with its evidence; without it the tallies hold samples, the earliest. */
export function newWorker(
  store: ObjectStore,
  set: RuleSet,
  range: ReplayRange,
  sampleLimit: number,
  onViolation?: OnViolation,
): Worker {
  const orderOf = new Map(set.rules.map((rule, order) => [rule.name, order]))
  return {
    store,
    set,
    relevance: relevanceOf(set),
    orderOf,
    shapes: newShapes(set, orderOf),
    range,
    sampleLimit,
    onViolation,
    columns: new Set(['trace_id', 'name']),
  }
}

/** How often an item is planned anew because its objects were taken over under the reader's feet. */
const MOST_PLANS = 4

/**
 * Judges the traces of an item. What cannot be read is named among the failures, and the rest goes on; an object that
 * is gone was taken over by another one, so that the item is planned anew.
 */
export async function workOn(worker: Worker, item: WorkItem): Promise<Tally> {
  let planned = item
  for (let plans = 1; ; plans++) {
    try {
      return await attempt(worker, planned)
    } catch (error) {
      if (!(error instanceof ObjectGone) || plans === MOST_PLANS) throw error
      planned = await replanItem(worker.store, item)
    }
  }
}

async function attempt(worker: Worker, item: WorkItem): Promise<Tally> {
  const tally = newTally(worker.set.rules.length)
  const judging: Judging = { ...worker, tally, kept: new Map() }
  const objects = await openItem(worker.store, item, worker.range, worker.relevance, tally)
  const { readable, occurrences } = await findOccurrences(objects, item.slice, tally.failures)
  const gathered = new Map<string, Gathered>()
  for (const object of readable) await scanObject(worker, item, object, occurrences, gathered, judging)
  for (const parts of gathered.values()) await judgeGathered(parts, item, judging)
  return tally
}

/** A trace whose parts lie in several records. */
interface Gathered {
  readonly key: string
  readonly wholes: RowRun[]
  readonly late: RowRun[]
}

async function scanObject(
  { relevance, range }: Worker,
  item: WorkItem,
  { stored, source, footer }: OpenObject,
  occurrences: Occurrences | undefined,
  gathered: Map<string, Gathered>,
  judging: Judging,
): Promise<void> {
  const { objects, failures } = judging.tally
  const { firstStartMs, lastStartMs, spans } = footer.summary
  const inside = firstStartMs >= range.fromMs && lastStartMs < range.toMs
  const selection = {
    hourMs: item.hourMs,
    slice: item.slice,
    range: inside ? undefined : range,
    occurrences,
    relevance,
    gather: (traceId: Buffer, run: RowRun, late: boolean) => gather(gathered, stored.key, traceId, run, late),
  }
  const columns = occurrences === undefined ? [] : ['revision', 'reason']
  let bytes = 0
  for (const [index, layout] of footer.rowGroups.entries()) {
    const group = openRowGroup(source, layout)
    const attempts = [
      async () => {
        await group.load([...judging.columns, ...columns])
        await scanRowGroup(group, selection, judging)
      },
      () => explainKept(judging),
    ]
    for (const attempt of attempts) {
      await attempt().catch((error) => {
        const { key, reason } = failureOf(stored.key, error)
        failures.push({ key, reason: `row group ${index + 1} of ${footer.rowGroups.length}: ${reason}` })
      })
    }
    bytes += group.bytesRead()
  }
  objects.bytesScanned += bytes
  if (!countsHere(item, footer.summary)) return
  objects.scanned++
  objects.spansScanned += spans
  objects.bytesSkipped += Math.max(0, stored.byteLength - bytes)
}

function gather(gathered: Map<string, Gathered>, key: string, traceId: Buffer, run: RowRun, late: boolean): void {
  const id = traceId.toString('latin1')
  const known = gathered.get(id)
  const parts = known ?? { key, wholes: [], late: [] }
  if (known === undefined) gathered.set(id, parts)
  if (late) parts.late.push(run)
  else parts.wholes.push(run)
}

async function judgeGathered({ key, wholes, late }: Gathered, { hourMs }: WorkItem, judging: Judging): Promise<void> {
  const [first] = wholes.length > 0 ? wholes : late
  if (first === undefined) return
  const group: RowGroup = first.columns.group
  try {
    const filed = { hourMs, atMs: () => filedAtMs(group, first.start) }
    await whenLoaded(() => judgeOne(judging, mergedTrace(wholes, late), filed))
    await explainKept(judging)
  } catch (error) {
    judging.tally.failures.push(failureOf(key, error))
  }
}
