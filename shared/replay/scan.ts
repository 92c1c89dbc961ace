import { spanColumns } from '../archive/archived-span.ts'
import { recordStarts } from '../archive/read-records.ts'
import type { RowGroup } from '../archive/row-group.ts'
import { holds, type Slice } from '../archive/slice.ts'
import { ArchivedTrace, type RowRun } from './archived-trace.ts'
import { countShape, type Judging, judgeOne, whenLoaded } from './judge-archived.ts'
import type { ReplayRange } from './range.ts'
import type { Relevance } from './relevance.ts'
import type { Occurrence, Occurrences } from './trace-table.ts'

/** Which traces of an object are to be judged. */
export interface TraceSelection {
  readonly hourMs: number
  readonly slice: Slice
  /** Undefined where all traces of the object lie in range. */
  readonly range: ReplayRange | undefined
  readonly occurrences: Occurrences | undefined
  readonly relevance: Relevance
  /** Takes a record whose trace has other parts, to be judged when all are known. */
  readonly gather: (traceId: Buffer, run: RowRun, late: boolean, of: Occurrence) => void
  /** Traces that lie in one part were judged before. */
  readonly onlyGather: boolean
}

/** Needed to tell in how many parts a trace lies. */
export const PART_COLUMNS = ['revision', 'reason'] as const

/**
 * Judges the traces of a row group whose columns of `judging.columns` are loaded; others are loaded when a rule turns
 * out to need them.
 */
export async function scanRowGroup(group: RowGroup, selection: TraceSelection, judging: Judging): Promise<void> {
  const next = openWalk(group, selection, judging)
  await whenLoaded(
    () => {
      while (next());
    },
    (column) => judging.columns.add(column),
  )
}

/** Deals with the next record; false at the end. What throws has changed nothing and can be repeated. */
type NextRecord = () => boolean

function openWalk(group: RowGroup, selection: TraceSelection, judging: Judging): NextRecord {
  const { hourMs, occurrences } = selection
  const { shapes } = judging
  const columns = spanColumns(group)
  const { codes, entries } = group.dictionary('trace_id')
  const names = group.dictionary('name')
  const numbers = Int32Array.from(names.entries, (name) => shapes.numberOf(name.toString()))
  const isConcerned = concernedNames(names.entries, selection.relevance)
  const ends = occurrences === undefined ? undefined : recordEnds(group)
  let start = 0
  let record = 0

  /** Where the record ends, and whether some rule has to be asked about it. */
  function measure(): { readonly end: number; readonly concerned: boolean } {
    const stop = ends === undefined ? group.rows : (ends[record] as number)
    const code = codes[start]
    let concerned = 0
    let end = start
    for (; end < stop && codes[end] === code; end++) {
      concerned |= isConcerned[names.codes[end] as number] as number
    }
    return { end, concerned: concerned !== 0 }
  }

  function judgeRecord(run: RowRun, concerned: boolean): void {
    const traceId = entries[codes[run.start] as number] as Buffer
    if (!isSelected(group, run.start, traceId, selection)) return
    const of = occurrences?.of(traceId)
    const part = of === undefined ? 'whole' : partOf(group, run.start, of)
    if (part === 'outdated') return
    if (of !== undefined && part !== 'whole') {
      selection.gather(traceId, run, part === 'late', of)
      return
    }
    if (selection.onlyGather) return
    if (!concerned) {
      judging.tally.traces++
      return
    }
    const filed = { hourMs, atMs: () => filedAtMs(group, run.start) }
    const known = shapes.verdicts(names.codes, numbers, run.start, run.end)
    if (known === undefined) judgeOne(judging, new ArchivedTrace(run), filed)
    else countShape(judging, known, () => new ArchivedTrace(run), filed)
  }

  return () => {
    if (start >= group.rows) return false
    const { end, concerned } = measure()
    judgeRecord({ columns, start, end }, concerned)
    start = end
    record++
    return true
  }
}

function recordEnds(group: RowGroup): readonly number[] {
  return [...recordStarts(group).slice(1), group.rows]
}

/** Whether a span of each name concerns some rule, 0 or 1: no name is looked at twice. */
function concernedNames(names: readonly Buffer[], { everyTrace, concerns }: Relevance): Uint8Array {
  return Uint8Array.from(names, (name) => (everyTrace || concerns(name.toString()) ? 1 : 0))
}

function isSelected(group: RowGroup, row: number, traceId: Buffer, { slice, range }: TraceSelection): boolean {
  if (!holds(slice, traceId)) return false
  if (range === undefined) return true
  const atMs = filedAtMs(group, row)
  return atMs >= range.fromMs && atMs < range.toMs
}

/** When the trace of the row is filed, milliseconds since 1970. */
export function filedAtMs(group: RowGroup, row: number): number {
  const { codes, entries } = group.longs('trace_start')
  return Number((entries[codes[row] as number] as bigint) / 1000n)
}

/** `whole`: nothing else of the trace counts; `shared` and `late`: it counts with others. */
function partOf(
  group: RowGroup,
  row: number,
  { revision, wholes, lateParts }: Occurrence,
): 'whole' | 'shared' | 'late' | 'outdated' {
  const reasons = group.dictionary('reason')
  if (reasons.entries[reasons.codes[row] as number]?.toString() === 'late') return 'late'
  const revisions = group.numbers('revision')
  if (revisions.entries[revisions.codes[row] as number] !== revision) return 'outdated'
  return wholes === 1 && lateParts === 0 ? 'whole' : 'shared'
}
