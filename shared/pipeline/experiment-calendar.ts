import type { TraceTime } from '../trace/summary.ts'
import {
  type Experiment,
  type ExperimentEvent,
  type ExperimentWindow,
  foldExperiment,
  isDuring,
  windowOf,
} from './experiment.ts'
import type { ExperimentStore } from './experiment-store.ts'
import type { Clock } from './ports.ts'
import type { JudgingSettings } from './settings.ts'

/** The experiments that judging has to know of. */
export interface ExperimentCalendar {
  /** Windows that have some part of the time of a trace, by id; whatever services they are about. */
  overlapping(time: TraceTime | undefined): Promise<readonly ExperimentWindow[]>
  /** Tells that a trace of these windows was judged; a verdict that was given without it is to be revised. */
  judged(windows: readonly ExperimentWindow[]): Promise<void>
}

export type CalendarSettings = Pick<
  JudgingSettings,
  'maxExperimentMs' | 'judgeWindowMs' | 'quietPeriodMs' | 'incompleteWaitMs' | 'verdictMarginMs'
>

/** How long after the end of a window its traces have gone quiet and are archived. */
export function settleMs({ quietPeriodMs, incompleteWaitMs, verdictMarginMs }: CalendarSettings): number {
  return Math.max(quietPeriodMs, incompleteWaitMs) + verdictMarginMs
}

/** Events this far in the future may have been taken. */
const CLOCK_LEAD_MS = 300_000

/** Looks the windows up in the store, at most every `cacheMs` for traces as young as most are. */
export function experimentCalendar(
  store: Pick<ExperimentStore, 'eventsOf' | 'eventsBetween' | 'noteLate'>,
  clock: Clock,
  settings: CalendarSettings,
  cacheMs: number,
): ExperimentCalendar {
  const { maxExperimentMs, judgeWindowMs } = settings
  let recent: { readonly experiments: Promise<readonly Experiment[]>; readonly atMs: number } | undefined
  const recently = (nowMs: number) => {
    // Either way: a clock that was put back must not keep what was read before for hours.
    if (recent === undefined || Math.abs(nowMs - recent.atMs) >= cacheMs) {
      const experiments = experimentsBetween(store, nowMs - judgeWindowMs, nowMs + CLOCK_LEAD_MS, maxExperimentMs)
      recent = { experiments, atMs: nowMs }
      experiments.catch(() => {
        recent = undefined
      })
    }
    return recent.experiments
  }
  return {
    async overlapping(time) {
      if (time === undefined) return []
      const nowMs = clock()
      const young = time.startMs >= nowMs - judgeWindowMs
      const experiments = young
        ? await recently(nowMs)
        : await experimentsBetween(store, time.startMs, time.endMs, maxExperimentMs)
      return experiments
        .map((experiment) => windowOf(experiment, nowMs, maxExperimentMs))
        .filter((window) => window !== undefined)
        .filter((window) => isDuring(time, window))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
    },
    async judged(windows) {
      const nowMs = clock()
      for (const { id, state, toMs } of windows) {
        if (state !== 'running' && nowMs >= toMs + settleMs(settings)) await store.noteLate(id, nowMs)
      }
    },
  }
}

/** A calendar without experiments. */
export const NO_EXPERIMENTS: ExperimentCalendar = { overlapping: async () => [], judged: async () => {} }

/** Experiments whose window may have a part from `fromMs` to `toMs`, by id. */
export async function experimentsBetween(
  store: Pick<ExperimentStore, 'eventsOf' | 'eventsBetween'>,
  fromMs: number,
  toMs: number,
  maxExperimentMs: number,
): Promise<readonly Experiment[]> {
  const events = await store.eventsBetween(fromMs - maxExperimentMs, toMs)
  const groups = Map.groupBy(events, ({ experiment }) => experiment)
  const found = await Promise.all([...groups].map(([id, some]) => wholeExperiment(store, id, some)))
  return found.filter((experiment) => experiment !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Events that are not in range may be missing: where these leave a window open, all are asked for. */
async function wholeExperiment(
  store: Pick<ExperimentStore, 'eventsOf'>,
  id: string,
  some: readonly ExperimentEvent[],
): Promise<Experiment | undefined> {
  const known = foldExperiment(some)
  if (known?.startMs !== undefined && known.endMs !== undefined) return known
  return foldExperiment(await store.eventsOf(id))
}
