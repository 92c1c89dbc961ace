import type { ObjectStore } from '../../archive/object-store.ts'
import { ruleSetOfRead } from '../../pipeline/rule-set.ts'
import { hourJudge } from '../../replay/states/judge-hour.ts'
import { closedHours, summariseHours } from '../../replay/states/summarise.ts'
import { findCurrentSet, type RulesBucket, readSet } from './rule-sets.ts'

/** The longest that a part of an hour takes to be judged by all rules; with less time left none is begun. */
const PART_MS = 2 * 60_000
/** With less time left no hour is begun: an hour that is cut short stays so. */
const HOUR_MS_LEFT = 5 * 60_000

interface StackSummaryRun {
  readonly store: ObjectStore
  readonly rulesBucket: RulesBucket
  readonly nowMs: number
  /** Time left, milliseconds. */
  readonly leftMs: () => number
  /** Parts of an hour beyond this are left out of its summary. */
  readonly mostHourBytes: number
}

/** Summarises what the rules in force of a stack found in the closed hours of the last day; see `summariseHours`. */
export async function summariseOnAws(run: StackSummaryRun) {
  const { store, rulesBucket, nowMs, leftMs, mostHourBytes } = run
  const set = await findCurrentSet(rulesBucket)
  const { rules } = ruleSetOfRead(readSet(set?.files ?? []))
  const range = closedHours(nowMs)
  const judge = hourJudge(store, range, { mostBytes: mostHourBytes, hasTime: () => leftMs() > PART_MS })
  return summariseHours({ store, range, rules, judge, hasTime: () => leftMs() > HOUR_MS_LEFT })
}
