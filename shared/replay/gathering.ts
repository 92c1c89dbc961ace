import type { RowGroup } from '../archive/row-group.ts'
import { holds, type Slice } from '../archive/slice.ts'
import type { RowRun } from './archived-trace.ts'
import { detachedRun } from './detached-run.ts'
import type { Occurrence } from './trace-table.ts'

/** A trace whose parts lie in several records. */
export interface GatheredTrace {
  /** An object that holds a part of it. */
  readonly key: string
  readonly wholes: readonly RowRun[]
  readonly late: readonly RowRun[]
}

/** Traces that wait for the rest of their parts, apart from the row groups these lie in. */
export interface TraceGathering {
  take(traceId: Buffer, run: RowRun, late: boolean, of: Occurrence, key: string): void
  /** Traces that have become whole since the last call. */
  whole(): readonly GatheredTrace[]
  /** Copies what waits out of its row group, so that this can go; `reopen` opens the row group again. */
  detach(group: RowGroup, reopen: () => RowGroup): Promise<void>
  /** Traces with parts that were not found, because they could not be read. */
  rest(): readonly GatheredTrace[]
}

interface WaitingTrace extends GatheredTrace {
  readonly wholes: RowRun[]
  readonly late: RowRun[]
}

/** What putting parts together asks for. */
const MERGED_BY = [
  'span_id',
  'parent_span_id',
  'kind',
  'start_time',
  'start_nanos',
  'end_time',
  'end_nanos',
  'complete',
  'truncated',
  'trace_start',
] as const

/** Gathers the traces of a slice. */
export function newGathering(slice: Slice): TraceGathering {
  const waiting = new Map<string, WaitingTrace>()
  let whole: GatheredTrace[] = []
  let attached = new Set<WaitingTrace>()
  return {
    take(traceId, run, late, of, key) {
      if (!holds(slice, traceId)) return
      const id = traceId.toString('latin1')
      const trace = waiting.get(id) ?? { key, wholes: [], late: [] }
      const parts = late ? trace.late : trace.wholes
      parts.push(run)
      waiting.set(id, trace)
      attached.add(trace)
      if (trace.wholes.length < of.wholes || trace.late.length < of.lateParts) return
      waiting.delete(id)
      attached.delete(trace)
      whole.push(trace)
    },
    whole() {
      const ready = whole
      whole = []
      return ready
    },
    async detach(group, reopen) {
      if (attached.size === 0) return
      await group.load(MERGED_BY)
      const apart = (run: RowRun) => (run.columns.group === group ? detachedRun(run, reopen) : run)
      for (const { wholes, late } of attached) {
        for (const parts of [wholes, late]) parts.splice(0, parts.length, ...parts.map(apart))
      }
      attached = new Set()
    },
    rest: () => [...waiting.values()],
  }
}
