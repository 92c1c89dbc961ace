import { recordStarts } from '../archive/read-records.ts'
import { openRowGroup, type RowGroup } from '../archive/row-group.ts'
import { holds, type Slice } from '../archive/slice.ts'
import { type OpenObject, readFailureOf } from './open-item.ts'
import type { Failure } from './tally.ts'
import { type Occurrences, type Part, TraceTable } from './trace-table.ts'

const ID_COLUMNS = ['trace_id', 'revision', 'reason'] as const

/**
 * Reads the trace ids of the objects, where traces may lie in more than one object or revision; undefined where every
 * trace is there once. An object that cannot be read is a failure, and is left out of what is returned with it.
 */
export async function findOccurrences(
  objects: readonly OpenObject[],
  slice: Slice,
  failures: Failure[],
): Promise<{ readonly readable: readonly OpenObject[]; readonly occurrences: Occurrences | undefined }> {
  if (objects.length <= 1 && objects.every(({ footer }) => !footer.summary.revised)) {
    return { readable: objects, occurrences: undefined }
  }
  const traces = new TraceTable()
  const readable: OpenObject[] = []
  for (const object of objects) {
    try {
      for (const parts of await readParts(object)) {
        for (const part of parts) if (holds(slice, part.traceId)) traces.add(part)
      }
      readable.push(object)
    } catch (error) {
      failures.push(readFailureOf(object.stored.key, error))
    }
  }
  return { readable, occurrences: traces }
}

async function readParts({ source, footer }: OpenObject): Promise<readonly (readonly Part[])[]> {
  const { revised } = footer.summary
  const parts: (readonly Part[])[] = []
  for (const layout of footer.rowGroups) {
    const group = openRowGroup(source, layout)
    await group.load(revised ? ID_COLUMNS : ['trace_id'])
    parts.push(revised ? revisedParts(group) : firstParts(group))
  }
  return parts
}

/** Every trace is there once, whole, in its first revision. */
function firstParts(group: RowGroup): readonly Part[] {
  return group.dictionary('trace_id').entries.map((traceId) => ({ traceId, revision: 1, late: false }))
}

function revisedParts(group: RowGroup): readonly Part[] {
  const traceIds = group.dictionary('trace_id')
  const revisions = group.numbers('revision')
  const reasons = group.dictionary('reason')
  return recordStarts(group).map((row) => ({
    traceId: traceIds.entries[traceIds.codes[row] as number] as Buffer,
    revision: revisions.entries[revisions.codes[row] as number] as number,
    late: reasons.entries[reasons.codes[row] as number]?.toString() === 'late',
  }))
}
