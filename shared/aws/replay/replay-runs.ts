import type { ObjectStore } from '../../archive/object-store.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import type { ReplayPlan } from '../../replay/plan.ts'
import type { ReplayRange } from '../../replay/range.ts'
import type { Published, Replayed } from '../../replay/replayer.ts'
import type { ReplayReport } from '../../replay/report.ts'
import type { ReplayMode } from '../../replay/request.ts'
import type { Share } from '../../replay/shares.ts'
import { readTally, writeTally } from '../../replay/tally-json.ts'
import type { RunRules } from './replay-rules.ts'

/*
 * The files of a replay, while it runs and after, under replays/RUN/ in the archive's bucket: run.json is what was
 * asked for; plan.json what there is to read; plan.jsonl a share a line; manifest.jsonl where each line stands, small
 * enough to be handed from state to state; tallies/N.json the results of share N; report.json the results of the whole.
 */
export const REPLAYS_PREFIX = 'replays/'

/** What was asked for. */
export interface ReplayRun {
  readonly id: string
  readonly range: ReplayRange
  readonly rules: RunRules
  readonly mode: ReplayMode
  readonly sampleLimit: number
}

/** What a plan is about, apart from its items. */
export interface PlanTotals extends Omit<ReplayPlan, 'items'> {
  readonly shares: number
}

/** A share as the manifest names it: bytes of plan.jsonl. */
export interface ShareLine {
  readonly share: number
  readonly start: number
  readonly end: number
}

/** The result of a run. */
export interface RunReport {
  readonly run: string
  readonly mode: ReplayMode
  readonly report: ReplayReport
  /** Where signals were sent. */
  readonly published?: Published
  /** Why the run ended before its end; what it found until then is in the report. */
  readonly failed?: string
}

/** Keys named in a report that BeTrace does not write. */
const MAX_FOREIGN = 1_000

export function manifestKey(id: string): string {
  return `${REPLAYS_PREFIX}${id}/manifest.jsonl`
}

export function reportKey(id: string): string {
  return `${REPLAYS_PREFIX}${id}/report.json`
}

/** A run's id, in the order of time; `random` are 8 hex digits. */
export function newRunId(nowMs: number, random: string): string {
  return `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${random}`
}

export async function writeRun(store: ObjectStore, run: ReplayRun): Promise<void> {
  await writeJson(store, `${REPLAYS_PREFIX}${run.id}/run.json`, run)
}

export function readRun(store: ObjectStore, id: string): Promise<ReplayRun> {
  return requireJson(store, `${REPLAYS_PREFIX}${id}/run.json`)
}

/** Writes a divided plan; resolves when all of it is there. */
export async function writePlan(
  store: ObjectStore,
  id: string,
  { items, foreign, ...rest }: ReplayPlan,
  shares: readonly Share[],
): Promise<PlanTotals> {
  const lines = shares.map((share) => Buffer.from(`${JSON.stringify(share)}\n`))
  let end = 0
  const manifest = lines.map((line, share): ShareLine => {
    const start = end
    end += line.length
    return { share, start, end }
  })
  const totals: PlanTotals = { ...rest, foreign: foreign.slice(0, MAX_FOREIGN), shares: shares.length }
  await store.put(planKey(id), Buffer.concat(lines))
  await store.put(manifestKey(id), Buffer.from(manifest.map((line) => `${JSON.stringify(line)}\n`).join('')))
  await writeJson(store, `${REPLAYS_PREFIX}${id}/plan.json`, totals)
  return totals
}

/** Undefined where planning never came to its end. */
export function readPlan(store: ObjectStore, id: string): Promise<PlanTotals | undefined> {
  return readJson(store, `${REPLAYS_PREFIX}${id}/plan.json`)
}

export async function readManifest(store: ObjectStore, id: string): Promise<readonly ShareLine[]> {
  const text = (await readObject(store, manifestKey(id)))?.toString() ?? ''
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

export async function readShare(store: ObjectStore, id: string, { start, end }: ShareLine): Promise<Share> {
  const source = store.open({ key: planKey(id), byteLength: Number.MAX_SAFE_INTEGER, storedAtMs: 0 })
  return JSON.parse((await source.read(start, end)).toString())
}

/** Writing the results of the same share again changes nothing, except that signals are sent again. */
export async function writeReplayed(
  store: ObjectStore,
  id: string,
  share: number,
  { tally, published }: Replayed,
): Promise<void> {
  const text = `{"tally":${writeTally(tally)},"published":${JSON.stringify(published)}}`
  await store.put(`${talliesPrefix(id)}${share}.json`, Buffer.from(text))
}

/** Undefined where nobody came to the end of the share. */
export async function readReplayed(
  store: ObjectStore,
  id: string,
  share: number,
  ruleCount: number,
): Promise<Replayed | undefined> {
  const bytes = await readObject(store, `${talliesPrefix(id)}${share}.json`)
  if (bytes === undefined) return undefined
  const { tally, published } = JSON.parse(bytes.toString())
  return { tally: readTally(JSON.stringify(tally), ruleCount), published }
}

/** How many shares are done. */
export async function countReplayed(store: ObjectStore, id: string): Promise<number> {
  return (await store.list(talliesPrefix(id))).length
}

export async function writeReport(store: ObjectStore, report: RunReport): Promise<void> {
  await writeJson(store, reportKey(report.run), report)
}

/** Undefined where the run is still under way, or there never was one. */
export function readReport(store: ObjectStore, id: string): Promise<RunReport | undefined> {
  return readJson(store, reportKey(id))
}

function planKey(id: string): string {
  return `${REPLAYS_PREFIX}${id}/plan.jsonl`
}

function talliesPrefix(id: string): string {
  return `${REPLAYS_PREFIX}${id}/tallies/`
}

async function writeJson(store: ObjectStore, key: string, value: object): Promise<void> {
  await store.put(key, Buffer.from(JSON.stringify(value)))
}

async function requireJson<Value>(store: ObjectStore, key: string): Promise<Value> {
  const value = await readJson<Value>(store, key)
  if (value !== undefined) return value
  throw new StorageError('corrupt', `${key} is not there`, { hint: 'start the replay again' })
}

async function readJson<Value>(store: ObjectStore, key: string): Promise<Value | undefined> {
  const bytes = await readObject(store, key)
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as Value)
}

async function readObject(store: ObjectStore, key: string): Promise<Buffer | undefined> {
  const object = (await store.list(key)).find((each) => each.key === key)
  return object === undefined ? undefined : store.open(object).read(0, object.byteLength)
}
