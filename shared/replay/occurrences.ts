import { recordStarts } from '../archive/read-records.ts'
import { openRowGroup, type RowGroup } from '../archive/row-group.ts'
import { holds, type Slice } from '../archive/slice.ts'
import { failureOf, type OpenObject } from './open-item.ts'
import type { Failure } from './tally.ts'

/** In how many parts a trace lies in the objects of an item, and which of them count. */
interface Occurrence {
  /** The highest revision of the whole trace; undefined where there are only late parts. */
  revision: number | undefined
  /** How many times the whole trace is there in that revision: more than once where it was archived twice. */
  wholes: number
  lateParts: number
}

/** By trace id, one character a byte. */
export type Occurrences = ReadonlyMap<string, Occurrence>

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
  const occurrences = new Map<string, Occurrence>()
  const readable: OpenObject[] = []
  for (const object of objects) {
    try {
      for (const parts of await readParts(object)) for (const part of parts) add(occurrences, part, slice)
      readable.push(object)
    } catch (error) {
      failures.push(failureOf(object.stored.key, error))
    }
  }
  return { readable, occurrences }
}

interface Part {
  readonly traceId: Buffer
  readonly revision: number
  readonly late: boolean
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

function add(occurrences: Map<string, Occurrence>, { traceId, revision, late }: Part, slice: Slice): void {
  if (!holds(slice, traceId)) return
  const id = traceId.toString('latin1')
  const known = occurrences.get(id)
  if (known === undefined) {
    occurrences.set(id, { revision: late ? undefined : revision, wholes: late ? 0 : 1, lateParts: late ? 1 : 0 })
  } else if (late) known.lateParts++
  else if (known.revision === revision) known.wholes++
  else if (known.revision === undefined || revision > known.revision) {
    known.revision = revision
    known.wholes = 1
  }
}
