import type { ObjectStore } from '../../archive/object-store.ts'
import { inParallel } from '../../concurrency/in-parallel.ts'
import { measureRange, planReplay } from '../../replay/plan.ts'
import { addPublished, failedTally, NOTHING_PUBLISHED, type Publishing, replayItems } from '../../replay/replayer.ts'
import { reportOf } from '../../replay/report.ts'
import { divide } from '../../replay/shares.ts'
import { addTally, newTally } from '../../replay/tally.ts'
import type { CheckedRule } from '../../rules/ast.ts'
import type { RulesBucket } from '../rules/rule-sets.ts'
import { rulesOfRun } from './replay-rules.ts'
import {
  manifestKey,
  type PlanTotals,
  REPLAYS_PREFIX,
  type ReplayRun,
  readManifest,
  readPlan,
  readReplayed,
  readRun,
  readShare,
  type ShareLine,
  writePlan,
  writeReplayed,
  writeReport,
} from './replay-runs.ts'
import { MAX_OBJECTS, PLAN_LIMITS, requirePlannable } from './replay-service.ts'

/*
 * The states of a large replay: plan, then a worker for each share, then the report. Each can be run again at any time;
 * everything else lies in the archive's bucket; only keys and numbers go from state to state.
 */

/** What they share. */
export interface ReplayDependencies {
  readonly store: ObjectStore
  readonly rules: RulesBucket
  readonly publishing: Omit<Publishing, 'runId'>
  readonly pause: (ms: number) => Promise<unknown>
}

/** What the plan hands on. */
export interface Planned {
  readonly shares: number
  readonly manifest: string
  /** Where Step Functions may put what it knows of each worker. */
  readonly results: string
}

/** What went wrong in a state, as Step Functions has it. */
interface StateFailure {
  readonly Error?: string
  readonly Cause?: string
}

/** Plans a run: what there is to read, cut into shares. */
export async function planRun({ store }: ReplayDependencies, { run }: { readonly run: string }): Promise<Planned> {
  const { range } = await readRun(store, run)
  const limits = { objects: MAX_OBJECTS, bytes: Number.POSITIVE_INFINITY }
  requirePlannable((await measureRange(store, range, limits)).objects)
  const plan = await planReplay(store, range, PLAN_LIMITS)
  const { shares } = await writePlan(store, run, plan, divide(plan))
  return { shares, manifest: manifestKey(run), results: `${REPLAYS_PREFIX}${run}/results` }
}

export interface ShareEvent {
  readonly run: string
  readonly share: ShareLine
  /** Workers failed at it, again and again: say so, and do not try once more. */
  readonly failure?: StateFailure
}

/** A share is worked through item by item: many shares run at the same time, so nothing waits. */
const ITEMS_AT_ONCE = 4

/** Judges a share and stores its results in the bucket. */
export async function workOnShare(parts: ReplayDependencies, { run: id, share, failure }: ShareEvent): Promise<void> {
  const { store, pause } = parts
  const [run, items] = [await readRun(store, id), await readShare(store, id, share)]
  const rules = await rulesOfRun(parts.rules, run.rules)
  const publishing = run.mode === 'publish' ? { ...parts.publishing, runId: id } : undefined
  const replayed =
    failure === undefined
      ? await replayItems({ ...run, store, rules, publishing, pause }, items, ITEMS_AT_ONCE)
      : { tally: failedTally(rules, items, reasonOf(failure)), published: NOTHING_PUBLISHED }
  await writeReplayed(store, id, share.share, replayed)
}

export interface ReportEvent {
  readonly run: string
  /** Planning failed, or the workers could not be started. */
  readonly failure?: StateFailure
}

const READ_AT_ONCE = 32

/** Adds up the results of all shares; the objects of a share without results are named one by one. */
export async function reportRun(parts: ReplayDependencies, { run: id, failure }: ReportEvent): Promise<void> {
  const { store } = parts
  const run = await readRun(store, id)
  const rules = await rulesOfRun(parts.rules, run.rules)
  const plan = (await readPlan(store, id)) ?? NO_PLAN
  const { tally, published } = await addAll(store, run, rules)
  await writeReport(store, {
    run: id,
    mode: run.mode,
    report: reportOf(run.range, { ...plan, items: [] }, rules, tally),
    ...(run.mode === 'publish' && { published }),
    ...(failure !== undefined && { failed: reasonOf(failure) }),
  })
}

const NO_PLAN: PlanTotals = { objects: 0, bytes: 0, replaced: 0, foreign: [], shares: 0 }

async function addAll(store: ObjectStore, { id, sampleLimit }: ReplayRun, rules: readonly CheckedRule[]) {
  const tally = newTally(rules.length)
  let published = NOTHING_PUBLISHED
  await inParallel(await readManifest(store, id), READ_AT_ONCE, async (line) => {
    const replayed = await readReplayed(store, id, line.share, rules.length)
    if (replayed === undefined) {
      const reason = 'nobody reported on it; see the execution'
      return addTally(tally, failedTally(rules, await readShare(store, id, line), reason), sampleLimit)
    }
    addTally(tally, replayed.tally, sampleLimit)
    published = addPublished(published, replayed.published)
  })
  return { tally, published }
}

function reasonOf({ Error: name = 'failed', Cause = '' }: StateFailure): string {
  const message = /"errorMessage":"((?:[^"\\]|\\.)*)"/.exec(Cause)?.[1] ?? Cause
  return message === '' ? name : `${name}: ${message.slice(0, 500)}`
}
