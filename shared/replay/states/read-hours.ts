import { dayPrefix, HOUR_MS } from '../../archive/object-key.ts'
import type { ObjectStore } from '../../archive/object-store.ts'
import { objectsByHour } from '../../archive/objects-by-hour.ts'
import { newestStates, statesDayPrefix } from '../../archive/state-objects.ts'
import type { CheckedRule } from '../../rules/ast.ts'
import type { ReplayRange } from '../range.ts'
import { type HourSummary, isCovered, readHourSummary } from './hour-summary.ts'
import type { JudgeHour, ListedHour } from './judge-hour.ts'

const DAY_MS = 24 * HOUR_MS

/** One hour of the range, with what each rule asked about found there. */
export interface HourRead extends HourSummary {
  readonly hourMs: number
  /** Some rule was judged now: no summary had it with its present revision. */
  readonly isFresh: boolean
}

/** How the hours of a range are read. */
export interface HoursToRead {
  readonly store: ObjectStore
  readonly range: ReplayRange
  readonly rules: readonly CheckedRule[]
  /** Judges what no summary has. */
  readonly judge: JudgeHour
  /** False: judge no other hour; it is left out. */
  readonly hasTime?: () => boolean
  readonly onProgress?: (done: number, hours: number) => void
}

/** The whole hours that overlap a range. */
export function wholeHours({ fromMs, toMs }: ReplayRange): ReplayRange {
  return { fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS, toMs: Math.ceil(toMs / HOUR_MS) * HOUR_MS }
}

/**
 * Gives the archived hours of a range one by one, newest first: as their summaries have them, where these know the present
 * revisions of the rules and nothing came to the hour since; the rest is judged.
 */
export async function* readHours(asked: HoursToRead): AsyncGenerator<HourRead> {
  const { store, range, rules, judge, hasTime = () => true, onProgress } = asked
  const { hours, summaries } = await listHours(store, wholeHours(range))
  onProgress?.(0, hours.length)
  for (const [index, hour] of hours.entries()) {
    const stored = summaries.get(hour.hourMs)
    const known = stored === undefined ? undefined : await readHourSummary(store, stored)
    const summary = known !== undefined && isCovered(known, hour.objects) ? known : undefined
    const found = presentRules(rules, summary)
    const missing = rules.filter(({ name }) => !found.has(name))
    if (missing.length === 0 && summary !== undefined) {
      yield { ...summary, rules: [...found.values()], hourMs: hour.hourMs, isFresh: false }
    } else {
      if (!hasTime()) return
      const judged = await judge(hour, missing)
      const failures = [...judged.failures, ...(summary?.failures ?? [])]
      const traces = summary?.traces ?? judged.traces
      const all = [...found.values(), ...judged.rules]
      yield { ...judged, traces, failures: unique(failures), rules: all, hourMs: hour.hourMs, isFresh: true }
    }
    onProgress?.(index + 1, hours.length)
  }
}

async function listHours(store: ObjectStore, range: ReplayRange) {
  const hours: ListedHour[] = []
  const summaries = new Map<number, Awaited<ReturnType<ObjectStore['list']>>[number]>()
  for (let dayMs = Math.floor(range.fromMs / DAY_MS) * DAY_MS; dayMs < range.toMs; dayMs += DAY_MS) {
    // Spans first: what is stored after this look is not covered by what is judged now.
    const listed = objectsByHour(await store.list(dayPrefix(dayMs)), range).hours
    hours.push(...listed.map(([hourMs, objects]) => ({ hourMs, objects })))
    for (const [hourMs, object] of newestStates(await store.list(statesDayPrefix(dayMs)))) summaries.set(hourMs, object)
  }
  return { hours: hours.toReversed(), summaries }
}

/** What the summary knows of the rules as they are now, by name. */
function presentRules(rules: readonly CheckedRule[], summary: HourSummary | undefined) {
  const revisions = new Map(rules.map(({ name, revision }) => [name, revision]))
  const present = (summary?.rules ?? []).filter(({ rule, revision }) => revisions.get(rule) === revision)
  return new Map(present.map((each) => [each.rule, each]))
}

function unique(failures: HourSummary['failures']): HourSummary['failures'] {
  return [...new Map(failures.map((failure) => [`${failure.key}\0${failure.reason}`, failure])).values()]
}
