import * as v from 'valibot'
import type { ObjectStore } from '../../archive/object-store.ts'
import { InputError } from '../../errors.ts'
import type { Clock } from '../../pipeline/ports.ts'
import { estimateReplay } from '../../replay/estimate.ts'
import { measureRange, planReplay, type RangeSize, type ReplayPlan } from '../../replay/plan.ts'
import type { ReplayRange } from '../../replay/range.ts'
import { type Published, type Publishing, replayItems } from '../../replay/replayer.ts'
import { type ReplayReport, reportOf } from '../../replay/report.ts'
import { parseReplayRequest, type ReplayRequest } from '../../replay/request.ts'
import type { RulesBucket } from '../rules/rule-sets.ts'
import { describeExecution, type ReplayMachine, startExecution } from './replay-execution.ts'
import { type FoundRules, findRules } from './replay-rules.ts'
import {
  countReplayed,
  newRunId,
  type ReplayRun,
  type RunReport,
  readPlan,
  readReport,
  reportKey,
  writeReport,
  writeRun,
} from './replay-runs.ts'

/** What the replay function answers; what is wrong with a request is an answer too. */
export type ReplayAnswer =
  | {
      readonly state: 'refused'
      readonly error: { readonly code: string; readonly message: string; readonly hint?: string }
    }
  | ({ readonly state: 'estimated' } & ReplaySize)
  | ({ readonly state: 'started' } & StartedRun)
  | ({ readonly state: 'running'; readonly done: number; readonly shares: number | undefined } & StartedRun)
  | ({ readonly state: 'failed'; readonly reason: string } & Partial<FinishedRun> & Pick<StartedRun, 'run'>)
  | ({ readonly state: 'done' } & FinishedRun)

interface ReplaySize {
  readonly from: string
  readonly to: string
  readonly objects: number
  readonly bytes: number
  readonly spans: number
  readonly seconds: number
  /** It would be answered at once. */
  readonly atOnce: boolean
}

interface StartedRun {
  readonly run: string
  readonly reportAt: string
  readonly executionArn?: string
  readonly rejectedRules?: number
}

interface FinishedRun {
  readonly run: string
  readonly reportAt: string
  readonly report: ReplayReport
  readonly published?: Published
  readonly rejectedRules?: number
  /** The report at `reportAt` has samples and hours; with them it is more than a function may answer. */
  readonly shortened?: true
}

export interface ReplayService {
  readonly store: ObjectStore
  readonly archiveBucket: string
  readonly rules: RulesBucket
  readonly machine: ReplayMachine
  readonly publishing: Omit<Publishing, 'runId'>
  readonly clock: Clock
  readonly pause: (ms: number) => Promise<unknown>
  /** 8 hex digits. */
  readonly random: () => string
}

/** What one function judges while its caller waits: some seconds. An hour not yet compacted is some thousand objects. */
const AT_ONCE = { objects: 2_000, bytes: 48 * 1024 * 1024 }
/** What a plan can hold; a month of 10 billion spans a day, compacted, is a fifth of it. */
export const MAX_OBJECTS = 500_000
/** An item of more is cut, so that a worker keeps within its memory. */
export const PLAN_LIMITS = { mostItemBytes: 256 * 1024 * 1024 }
/** Samples held by all rules together, at up to 8 KiB. */
const MAX_SAMPLES = 20_000
const ITEMS_AT_ONCE = 8
/** The workers of a state machine, as good as at once. */
const WORKERS = 100
const MAX_ANSWER_BYTES = 5 * 1024 * 1024

const statusSchema = v.strictObject({ run: v.pipe(v.string(), v.regex(/^[0-9TZ]{16}-[0-9a-f]{8}$/)) })

/** Answers a request for a replay, or ({run}) the question for the state of one. Failures of AWS are thrown. */
export async function answerReplay(service: ReplayService, given: unknown): Promise<ReplayAnswer> {
  try {
    const status = v.safeParse(statusSchema, given)
    if (status.success) return await statusOf(service, status.output.run)
    const request = parseReplayRequest(given, service.clock())
    return await begin(service, request)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const { code, message, hint } = error
    return { state: 'refused', error: { code, message, ...(hint !== undefined && { hint }) } }
  }
}

async function begin(service: ReplayService, request: ReplayRequest): Promise<ReplayAnswer> {
  const { store, clock } = service
  const found = await findRules(service.rules, request.rules)
  const size = await measureRange(store, request.range, AT_ONCE)
  const atOnce = size.objects <= AT_ONCE.objects && size.bytes <= AT_ONCE.bytes
  if (request.dryRun) return estimate(service, request, atOnce)
  const run: ReplayRun = {
    id: newRunId(clock(), service.random()),
    range: request.range,
    rules: found.run,
    mode: request.mode,
    sampleLimit: Math.min(request.limit, Math.max(1, Math.floor(MAX_SAMPLES / found.rules.length))),
  }
  const plan = atOnce ? await planReplay(store, run.range, PLAN_LIMITS) : undefined
  return plan === undefined ? start(service, run, found) : replayAtOnce(service, run, found, plan)
}

async function estimate(service: ReplayService, { range }: ReplayRequest, atOnce: boolean): Promise<ReplayAnswer> {
  const { objects, bytes } = await measurePlannable(service, range)
  const plan = { objects, bytes, items: [], replaced: 0, foreign: [] }
  const { spans, seconds } = estimateReplay(plan, atOnce ? 1 : WORKERS)
  const times = { from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString() }
  return { state: 'estimated', ...times, objects, bytes, spans, seconds, atOnce }
}

async function measurePlannable({ store }: Pick<ReplayService, 'store'>, range: ReplayRange): Promise<RangeSize> {
  const size = await measureRange(store, range, { objects: MAX_OBJECTS, bytes: Number.POSITIVE_INFINITY })
  requirePlannable(size.objects)
  return size
}

/** Throws an InputError where there are more objects than a plan can hold. */
export function requirePlannable(objects: number): void {
  if (objects <= MAX_OBJECTS) return
  throw new InputError({
    code: 'range-too-large',
    message: `the range holds more than ${MAX_OBJECTS} objects`,
    hint: 'replay it in several runs, or wait until its hours are compacted',
  })
}

async function start(service: ReplayService, run: ReplayRun, found: FoundRules): Promise<ReplayAnswer> {
  await measurePlannable(service, run.range)
  await writeRun(service.store, run)
  const executionArn = await startExecution(service.machine, run.id)
  return { state: 'started', run: run.id, executionArn, ...locate(service, run.id), ...rejectedOf(found) }
}

async function replayAtOnce(
  service: ReplayService,
  run: ReplayRun,
  found: FoundRules,
  plan: ReplayPlan,
): Promise<ReplayAnswer> {
  const { store, pause } = service
  const publishing = run.mode === 'publish' ? { ...service.publishing, runId: run.id } : undefined
  const replayer = { ...run, store, rules: found.rules, publishing, pause }
  const { tally, published } = await replayItems(replayer, plan.items, ITEMS_AT_ONCE)
  const report = reportOf(run.range, plan, found.rules, tally)
  const finished: RunReport = { run: run.id, mode: run.mode, report, ...(publishing !== undefined && { published }) }
  await writeReport(store, finished)
  return { state: 'done', ...fitting(answerOf(service, finished)), ...rejectedOf(found) }
}

async function statusOf(service: ReplayService, run: string): Promise<ReplayAnswer> {
  const { store, machine } = service
  const execution = await describeExecution(machine, run)
  if (execution?.state === 'running') {
    const [plan, done] = [await readPlan(store, run), await countReplayed(store, run)]
    return { state: 'running', run, ...locate(service, run), done, shares: plan?.shares }
  }
  const finished = await readReport(store, run)
  if (finished?.failed !== undefined) {
    return { state: 'failed', reason: finished.failed, ...fitting(answerOf(service, finished)) }
  }
  if (finished !== undefined) return { state: 'done', ...fitting(answerOf(service, finished)) }
  if (execution !== undefined) {
    return { state: 'failed', run, reason: execution.state === 'failed' ? execution.reason : 'it left no report' }
  }
  throw new InputError({
    code: 'no-such-run',
    message: `no replay has the id ${run}`,
    hint: 'reports are kept for 30 days; start it again',
  })
}

function locate({ archiveBucket }: ReplayService, id: string): { readonly reportAt: string } {
  return { reportAt: `s3://${archiveBucket}/${reportKey(id)}` }
}

function rejectedOf({ rejected }: FoundRules): { readonly rejectedRules?: number } {
  return rejected === 0 ? {} : { rejectedRules: rejected }
}

function answerOf(service: ReplayService, { run, report, published }: RunReport): FinishedRun {
  return { run, ...locate(service, run), report, ...(published !== undefined && { published }) }
}

function fitting(answer: FinishedRun): FinishedRun {
  if (Buffer.byteLength(JSON.stringify(answer)) <= MAX_ANSWER_BYTES) return answer
  const { report } = answer
  const rules = report.rules.map((rule) => ({ ...rule, hours: [], samples: [] }))
  return { ...answer, report: { ...report, rules, failures: report.failures.slice(0, 100) }, shortened: true }
}
