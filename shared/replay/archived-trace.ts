import { ArchivedSpan, type SpanColumns } from '../archive/archived-span.ts'
import { isComplete } from '../trace/assemble.ts'
import { byIdentity } from '../trace/identity.ts'
import type { Span, Trace } from '../trace/span.ts'

/** Rows of one trace that lie together: one record of an object. */
export interface RowRun {
  readonly columns: SpanColumns
  readonly start: number
  readonly end: number
}

/**
 * The trace of one record, as it was judged live; its columns are read only as far as somebody asks. A class for the same
 * reason as its spans: there are millions.
 */
export class ArchivedTrace implements Trace {
  readonly spans: readonly Span[]
  private readonly run: RowRun

  constructor(run: RowRun) {
    const { columns, start, end } = run
    const spans: Span[] = new Array(end - start)
    for (let row = start; row < end; row++) spans[row - start] = new ArchivedSpan(columns, row)
    this.spans = spans
    this.run = run
  }

  get traceId(): string {
    const { codes, entries } = this.run.columns.group.dictionary('trace_id')
    return (entries[codes[this.run.start] as number] as Buffer).toString('hex')
  }

  get complete(): boolean {
    return this.run.columns.group.booleans('complete')[this.run.start] === 1
  }

  get truncated(): boolean {
    return this.run.columns.group.booleans('truncated')[this.run.start] === 1
  }
}

/**
 * The trace whose highest revision lies in `wholes` (several where it was archived more than once) and whose spans that
 * came too late to be judged lie in `late`: these count now, unless the trace was cut off for its size.
 */
export function mergedTrace(wholes: readonly RowRun[], late: readonly RowRun[]): Trace {
  const judged = wholes.map((run) => new ArchivedTrace(run))
  const truncated = judged.some((trace) => trace.truncated)
  const parts = truncated ? judged : [...judged, ...late.map((run) => new ArchivedTrace(run))]
  const spans = distinct(parts.flatMap((part) => part.spans))
  const completed = parts.length > judged.length && isComplete(spans)
  return {
    traceId: parts[0]?.traceId ?? '',
    spans,
    truncated,
    complete: completed || judged.some(({ complete }) => complete),
  }
}

/** Of spans that are the same one, the one that ends latest; by start, then span id. */
function distinct(spans: readonly Span[]): readonly Span[] {
  const kept: Span[] = []
  for (const span of [...spans].sort(byIdentity)) {
    const last = kept.at(-1)
    if (last === undefined || byIdentity(last, span) !== 0) kept.push(span)
    else if (span.endUnixNano > last.endUnixNano) kept[kept.length - 1] = span
  }
  return kept
}
