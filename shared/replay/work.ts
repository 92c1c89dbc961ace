import type { ObjectStore } from '../archive/object-store.ts'
import { ObjectGone } from '../archive/object-store.ts'
import { openRowGroup } from '../archive/row-group.ts'
import { cutSlices, shareOf } from '../archive/slice.ts'
import { type Blindness, blindnessOf } from '../rules/blind/blindness.ts'
import type { CompiledRules } from '../rules/compile/rule-set.ts'
import { mergedTrace } from './archived-trace.ts'
import { type GatheredTrace, newGathering, type TraceGathering } from './gathering.ts'
import { explainKept, type Judging, judgeOne, type OnViolation, whenLoaded } from './judge-archived.ts'
import { findOccurrences } from './occurrences.ts'
import { countsHere, type OpenObject, openItem, readFailureOf } from './open-item.ts'
import { replanItem, type WorkItem } from './plan.ts'
import type { ReplayRange } from './range.ts'
import { type Relevance, relevanceOf } from './relevance.ts'
import { filedAtMs, PART_COLUMNS, scanRowGroup, type TraceSelection } from './scan.ts'
import { newShapes, type Shapes } from './shapes.ts'
import { newTally, type Tally } from './tally.ts'
import type { Occurrences } from './trace-table.ts'

/** All that the work on an item needs; made once and used for many. */
export interface Worker {
  readonly store: ObjectStore
  readonly set: CompiledRules
  readonly relevance: Relevance
  readonly orderOf: ReadonlyMap<string, number>
  readonly shapes: Shapes
  readonly blindness: Blindness
  readonly range: ReplayRange
  /** Most violations of each rule that come with evidence. */
  readonly sampleLimit: number
  readonly onViolation?: OnViolation | undefined
  readonly columns: Set<string>
}

/** `onViolation` takes every violation with its evidence; without it the tallies hold samples, the earliest. */
export function newWorker(
  store: ObjectStore,
  set: CompiledRules,
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
    blindness: blindnessOf(set),
    range,
    sampleLimit,
    onViolation,
    columns: new Set(['trace_id', 'name']),
  }
}

/**
 * Spans of traces in several parts that are held at a time, at some 400 bytes each; where there are more, the objects are
 * gone through again for the next.
 */
const MAX_GATHERED_SPANS = 400_000

/** How often an item is planned again because its objects were merged into others while it was read. */
const MAX_PLANS = 4

/**
 * Judges the traces of an item. What cannot be read is named among the failures, and the rest goes on; an object that
 * is gone was merged into another one, so the item is planned again.
 */
export async function workOn(
  worker: Worker,
  item: WorkItem,
  mostGatheredSpans: number = MAX_GATHERED_SPANS,
): Promise<Tally> {
  let planned = item
  for (let plans = 1; ; plans++) {
    try {
      return await attempt(worker, planned, mostGatheredSpans)
    } catch (error) {
      if (!(error instanceof ObjectGone) || plans === MAX_PLANS) throw error
      planned = await replanItem(worker.store, item)
    }
  }
}

async function attempt(worker: Worker, item: WorkItem, mostGatheredSpans: number): Promise<Tally> {
  const tally = newTally(worker.set.rules.length)
  const judging: Judging = { ...worker, tally, kept: new Map() }
  const objects = await openItem(worker.store, item, worker.range, worker.relevance, tally)
  const { readable, occurrences } = await findOccurrences(objects, item.slice, tally.failures)
  const turns = Math.max(1, Math.ceil(gatheredSpans(readable, item, occurrences) / mostGatheredSpans))
  for (const [turn, slice] of cutSlices(turns, item.slice).entries()) {
    const scan: Scan = { worker, item, occurrences, judging, gathering: newGathering(slice), isFirst: turn === 0 }
    for (const object of readable) await scanObject(scan, object)
    for (const trace of scan.gathering.rest()) await judgeGathered(trace, scan)
  }
  return tally
}

/** How many spans lie in traces of several parts. */
function gatheredSpans(
  objects: readonly OpenObject[],
  { slice }: WorkItem,
  occurrences: Occurrences | undefined,
): number {
  const spans = objects.reduce((sum, { footer }) => sum + footer.summary.spans, 0)
  return occurrences === undefined ? 0 : spans * shareOf(slice) * occurrences.spreadShare()
}

/** One going through the objects of an item. */
interface Scan {
  readonly worker: Worker
  readonly item: WorkItem
  readonly occurrences: Occurrences | undefined
  readonly gathering: TraceGathering
  readonly judging: Judging
  /** Later ones only look for traces in several parts. */
  readonly isFirst: boolean
}

async function scanObject(scan: Scan, { stored, source, footer }: OpenObject): Promise<void> {
  const { item, occurrences, judging, gathering } = scan
  const { range, relevance } = scan.worker
  const { objects, failures } = judging.tally
  const { firstStartMs, lastStartMs, spans } = footer.summary
  const isInside = firstStartMs >= range.fromMs && lastStartMs < range.toMs
  let bytes = 0
  for (const [index, layout] of footer.rowGroups.entries()) {
    const group = openRowGroup(source, layout)
    const selection: TraceSelection = {
      hourMs: item.hourMs,
      slice: item.slice,
      range: isInside ? undefined : range,
      occurrences,
      relevance,
      onlyGather: !scan.isFirst,
      gather: (traceId, run, late, of) => gathering.take(traceId, run, late, of, stored.key),
    }
    const attempts = [
      async () => {
        await group.load([...judging.columns, ...(occurrences === undefined ? [] : PART_COLUMNS)])
        await scanRowGroup(group, selection, judging)
      },
      () => explainKept(judging),
      async () => {
        for (const trace of gathering.whole()) await judgeGathered(trace, scan)
      },
      () => gathering.detach(group, () => openRowGroup(source, layout)),
    ]
    for (const attempt of attempts) {
      await attempt().catch((error) => {
        const { key, reason } = readFailureOf(stored.key, error)
        // What a first turn met, later ones meet again.
        if (scan.isFirst)
          failures.push({ key, reason: `row group ${index + 1} of ${footer.rowGroups.length}: ${reason}` })
      })
    }
    bytes += group.bytesRead()
    group.release()
  }
  objects.bytesScanned += bytes
  if (!scan.isFirst || !countsHere(item, footer.summary)) return
  objects.scanned++
  objects.spansScanned += spans
  objects.bytesSkipped += Math.max(0, stored.byteLength - bytes)
}

async function judgeGathered({ key, wholes, late }: GatheredTrace, { item, judging }: Scan): Promise<void> {
  const [first] = wholes.length > 0 ? wholes : late
  if (first === undefined) return
  const { group } = first.columns
  try {
    await whenLoaded(
      () => {
        const trace = mergedTrace(wholes, late)
        judgeOne(judging, trace, { hourMs: item.hourMs, atMs: () => filedAtMs(group, first.start) })
      },
      (column) => judging.columns.add(column),
    )
    await explainKept(judging)
  } catch (error) {
    judging.tally.failures.push(readFailureOf(key, error))
  }
}
