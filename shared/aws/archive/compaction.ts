import type { CompactedHour } from '../../archive/compact.ts'
import type { CompactedHours } from '../../archive/compact-recent.ts'

/** What the compactor is asked: nothing by its schedule, a range by people. */
export interface CompactionEvent {
  readonly from?: string
  readonly to?: string
}

/** What it answers. */
export type CompactionAnswer = CompactionSum | { readonly state: 'refused'; readonly error: RefusalError }

interface RefusalError {
  readonly code: string
  readonly message: string
  readonly hint: string
}

const COUNTS = ['merged', 'written', 'deleted', 'bytesMerged', 'bytesWritten'] as const

export interface CompactionSum extends Pick<CompactedHour, (typeof COUNTS)[number] | 'failures'> {
  readonly state: 'done'
  /** Hours there was no time for: ask again. */
  readonly left: number
  readonly tooLarge: readonly string[]
}

/** Failures that are named. */
const MAX_FAILURES = 1_000

/** Adds up what became of all hours. */
export function compactionAnswer({ hours, left, tooLarge }: CompactedHours): CompactionSum {
  const sum = (name: (typeof COUNTS)[number]) => hours.reduce((total, hour) => total + hour[name], 0)
  return {
    state: 'done',
    merged: sum('merged'),
    written: sum('written'),
    deleted: sum('deleted'),
    bytesMerged: sum('bytesMerged'),
    bytesWritten: sum('bytesWritten'),
    left,
    tooLarge,
    failures: hours.flatMap(({ failures }) => failures).slice(0, MAX_FAILURES),
  }
}
