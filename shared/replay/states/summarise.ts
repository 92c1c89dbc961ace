import { HOUR_MS } from '../../archive/object-key.ts'
import type { ObjectStore } from '../../archive/object-store.ts'
import { replaceState } from '../../archive/state-objects.ts'
import type { CheckedRule } from '../../rules/ast.ts'
import type { ReplayRange } from '../range.ts'
import { MAX_SUMMARY_RULES, writeHourSummary } from './hour-summary.ts'
import type { JudgeHour } from './judge-hour.ts'
import { type HourRead, readHours } from './read-hours.ts'

/** Closed hours that have a summary; a state over a day reads these, and judges the running hour. */
const SUMMARISED_HOURS = 24
/** A trace may be minutes under way before it is judged and archived. */
const SETTLED_MS = 10 * 60_000

/** The last closed hours: those that get a summary. An hour is closed ten minutes after its end. */
export function closedHours(nowMs: number): ReplayRange {
  const toMs = Math.floor((nowMs - SETTLED_MS) / HOUR_MS) * HOUR_MS
  return { fromMs: toMs - SUMMARISED_HOURS * HOUR_MS, toMs }
}

/** One run over the closed hours of an archive. */
export interface SummaryRun {
  readonly store: ObjectStore
  readonly range: ReplayRange
  /** The rules in force; those beyond 10,000 are left out. */
  readonly rules: readonly CheckedRule[]
  readonly judge: JudgeHour
  /** False: begin no other hour. */
  readonly hasTime: () => boolean
}

interface SummarisedHours {
  readonly hours: readonly HourRead[]
  readonly left: number
}

/**
 * Writes the summaries of a range: of hours that have none, to which something came since (a late span, a compaction), or
 * whose summary lacks the present revision of a rule. Returns the hours of the range it got to, newest first, and how many
 * are left for a later run. Two runs at once do the same work twice, and either result is right.
 */
export async function summariseHours(run: SummaryRun): Promise<SummarisedHours> {
  let left = 0
  const onProgress = (done: number, all: number) => {
    left = all - done
  }
  const hours: HourRead[] = []
  const rules = run.rules.slice(0, MAX_SUMMARY_RULES)
  for await (const hour of readHours({ ...run, rules, onProgress })) {
    if (hour.isFresh) await replaceState(run.store, hour.hourMs, writeHourSummary(hour))
    hours.push(hour)
  }
  return { hours, left }
}
