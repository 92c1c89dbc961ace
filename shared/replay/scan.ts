import { spanColumns } from '../archive/archived-span.ts'
import { recordStarts } from '../archive/read-records.ts'
import type { RowGroup } from '../archive/row-group.ts'
import { holds, type Slice } from '../archive/slice.ts'
import { type RowRun, traceOf } from './archived-trace.ts'
import { type Judging, judgeOne, type Violation, whenLoaded } from './judge-archived.ts'
import type { Occurrences } from './occurrences.ts'
import type { ReplayRange } from './range.ts'
import type { Relevance } from './relevance.ts'

/** Which traces of an object are to be judged. */
export interface Selection {
  readonly hourMs: number
  readonly slice: Slice
  /** Undefined where all traces of the object lie in range. */
  readonly range: ReplayRange | undefined
  readonly occurrences: Occurrences | undefined
  readonly relevance: Relevance
  /** Takes a record whose trace has other parts, to be judged when all are known. */
  readonly gather: (traceId: Buffer, run: RowRun, late: boolean) => void
}

/**
 * Judges the traces of a row group whose columns of `judging.columns` are loaded; others are loaded when a rule turns
 * out to need them. Returns the violations that are to be explained.
 */
export async function scanRowGroup(
  group: RowGroup,
  selection: Selection,
  judging: Judging,
): Promise<readonly Violation[]> {
  const walk = openWalk(group, selection, judging)
  await whenLoaded(
    () => {
      while (walk.next());
    },
    (column) => judging.columns.add(column),
  )
  return walk.violations
}

interface Walk {
  readonly violations: readonly Violation[]
  /** Deals with the next record; false at the end. What throws has changed nothing and can be repeated. */
  next(): boolean
}

function openWalk(group: RowGroup, selection: Selection, judging: Judging): Walk {
  const columns = spanColumns(group)
  const { codes, entries } = group.dictionary('trace_id')
  const concerned = concernedRows(group, selection.relevance)
  const ends = selection.occurrences === undefined ? undefined : recordEnds(group)
  const violations: Violation[] = []
  let start = 0
  let record = 0

  /** Where the record ends, and whether some rule has to be asked about it. */
  function measure(): { readonly end: number; readonly isConcerned: boolean } {
    let isConcerned = concerned(start)
    let end = start + 1
    const stop = ends === undefined ? group.rows : (ends[record] as number)
    const code = codes[start]
    for (; end < stop && codes[end] === code; end++) isConcerned ||= concerned(end)
    return { end, isConcerned }
  }

  function judgeRecord(run: RowRun, isConcerned: boolean): void {
    const traceId = entries[codes[run.start] as number] as Buffer
    if (!isSelected(group, run.start, traceId, selection)) return
    const part =
      selection.occurrences === undefined ? 'whole' : partOf(group, run.start, traceId, selection.occurrences)
    if (part === 'outdated') return
    if (part !== 'whole') selection.gather(traceId, run, part === 'late')
    else if (!isConcerned) judging.tally.traces++
    else violations.push(...judgeOne(judging, traceOf(run), selection.hourMs, () => filedAtMs(group, run.start)))
  }

  return {
    violations,
    next() {
      if (start >= group.rows) return false
      const { end, isConcerned } = measure()
      judgeRecord({ columns, start, end }, isConcerned)
      start = end
      record++
      return true
    },
  }
}

function recordEnds(group: RowGroup): readonly number[] {
  return [...recordStarts(group).slice(1), group.rows]
}

/** Tells by the code of its name whether a span concerns some rule: no name is looked at twice. */
function concernedRows(group: RowGroup, { everyTrace, concerns }: Relevance): (row: number) => boolean {
  if (everyTrace) return () => true
  const { codes, entries } = group.dictionary('name')
  const byCode = Uint8Array.from(entries, (name) => (concerns(name.toString()) ? 1 : 0))
  return (row) => byCode[codes[row] as number] === 1
}

function isSelected(group: RowGroup, row: number, traceId: Buffer, { slice, range }: Selection): boolean {
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
  traceId: Buffer,
  occurrences: Occurrences,
): 'whole' | 'shared' | 'late' | 'outdated' {
  const occurrence = occurrences.get(traceId.toString('latin1'))
  if (occurrence === undefined) return 'outdated'
  const reasons = group.dictionary('reason')
  if (reasons.entries[reasons.codes[row] as number]?.toString() === 'late') return 'late'
  const revisions = group.numbers('revision')
  if (revisions.entries[revisions.codes[row] as number] !== occurrence.revision) return 'outdated'
  return occurrence.wholes === 1 && occurrence.lateParts === 0 ? 'whole' : 'shared'
}
