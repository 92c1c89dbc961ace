import { type Experiment, type ExperimentWindow, windowOf } from '../pipeline/experiment.ts'
import type { CalendarSettings } from '../pipeline/experiment-calendar.ts'
import { experimentsBetween, settleMs } from '../pipeline/experiment-calendar.ts'
import type { ExperimentStore, KeptVerdict } from '../pipeline/experiment-store.ts'
import { hash } from '../pipeline/hash.ts'
import type { Clock, Log, Metrics, SignalPublisher } from '../pipeline/ports.ts'
import type { VerdictEvent } from '../pipeline/signal.ts'
import { StorageError } from '../pipeline/storage-error.ts'
import type { CheckedRule } from '../rules/ast.ts'
import { giveExperimentVerdict, type Replay, subjectOf } from './verdict.ts'

/** All that verdicts on experiments need. */
export interface ExperimentSweep {
  readonly experiments: ExperimentStore
  readonly publisher: SignalPublisher
  readonly rules: () => Promise<readonly CheckedRule[]>
  readonly replay: Replay
  readonly settings: CalendarSettings & { readonly source: string }
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
}

/** Windows that ended longer ago than this get no verdict by themselves, and no revision; `betrace verify` judges them. */
const LOOK_BACK_MS = 2 * 86_400_000
/** After a late trace, time for others and for the archive. */
const REVISION_DELAY_MS = 60_000

/**
 * Gives the verdicts that are due: on experiments whose window is over and whose traces have had their time, and again
 * where something has changed since. Each is kept before it is published, and published until that was done. Returns
 * how many were given.
 */
export async function giveDueVerdicts(sweep: ExperimentSweep): Promise<number> {
  const nowMs = sweep.clock()
  const { maxExperimentMs } = sweep.settings
  const experiments = await experimentsBetween(sweep.experiments, nowMs - LOOK_BACK_MS, nowMs, maxExperimentMs)
  let given = 0
  for (const experiment of experiments) {
    try {
      if (await giveVerdictIfDue(sweep, experiment, nowMs)) given++
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      sweep.log('error', 'no verdict on an experiment; trying again', {
        experiment: experiment.id,
        reason: String(error),
      })
    }
  }
  return given
}

async function giveVerdictIfDue(sweep: ExperimentSweep, experiment: Experiment, nowMs: number): Promise<boolean> {
  const { settings, experiments } = sweep
  const window = windowOf(experiment, nowMs, settings.maxExperimentMs)
  if (window === undefined || window.state === 'running') return false
  if (nowMs < window.toMs + settleMs(settings) || nowMs > window.toMs + LOOK_BACK_MS) return false
  const { kept, lateMs } = await experiments.stateOf(experiment.id)
  const basis = basisOf(experiment, window, lateMs)
  const settled = nowMs >= lateMs + REVISION_DELAY_MS
  if (kept !== undefined && (kept.basis === basis || !settled)) {
    const unpublished = kept.published ? undefined : await experiments.readVerdict(experiment.id)
    if (unpublished !== undefined) await publish(sweep, unpublished)
    return false
  }
  const rules = await sweep.rules()
  const verdict = await giveExperimentVerdict(
    {
      range: { fromMs: window.fromMs, toMs: window.toMs },
      rules,
      services: experiment.services,
      expected: experiment.rules,
      tolerated: new Map(Object.entries(experiment.tolerate)),
      ...baselineOf(experiment, window),
      experiment: subjectOf(experiment, window),
    },
    sweep.replay,
  )
  const next: KeptVerdict = { sequence: (kept?.sequence ?? 0) + 1, basis, published: false, verdict }
  if (!(await experiments.keepVerdict(experiment.id, next))) return false
  sweep.metrics.add('verdicts', { outcome: verdict.outcome })
  await publish(sweep, next)
  return true
}

/** The window that it is compared with: one that would reach into it is moved before it. */
function baselineOf({ baselineAgoMs }: Experiment, { fromMs, toMs }: ExperimentWindow): { baselineFromMs?: number } {
  return baselineAgoMs === undefined ? {} : { baselineFromMs: fromMs - Math.max(baselineAgoMs, toMs - fromMs) }
}

/** What a verdict follows from, save for the rules: those in force when it was first due. */
function basisOf(experiment: Experiment, { fromMs, toMs, state, cut }: ExperimentWindow, lateMs: number): string {
  const { services, rules, outcome = '', tolerate, baselineAgoMs } = experiment
  const asked = { services, rules, outcome, ...(Object.keys(tolerate).length > 0 && { tolerate }), baselineAgoMs }
  return hash(['basis', JSON.stringify({ fromMs, toMs, state, cut, lateMs, ...asked })])
}

async function publish({ publisher, experiments, settings, clock }: ExperimentSweep, kept: KeptVerdict): Promise<void> {
  const id = kept.verdict.experiment?.id ?? ''
  const failed = await publisher.publish([verdictEvent(id, kept, settings.source, clock())])
  if (failed[0] !== undefined) throw new StorageError('unavailable', `verdict could not be sent: ${failed[0].reason}`)
  await experiments.keepVerdict(id, { ...kept, published: true })
}

function verdictEvent(id: string, { sequence, verdict }: KeptVerdict, source: string, nowMs: number): VerdictEvent {
  return {
    specversion: '1.0',
    id: `${hash(['verdict', id])}.${sequence}`,
    source,
    type: 'dev.betrace.experiment.verdict',
    subject: id,
    time: new Date(nowMs).toISOString(),
    datacontenttype: 'application/json',
    mode: 'replay',
    sequence,
    data: verdict,
  }
}
