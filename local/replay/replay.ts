import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { planReplay, type ReplayPlan, type WorkItem } from '../../shared/replay/plan.ts'
import type { ReplayRange } from '../../shared/replay/range.ts'
import { type ReplayReport, reportOf } from '../../shared/replay/report.ts'
import { addTally, newTally, type Tally } from '../../shared/replay/tally.ts'
import { newWorker, workOn } from '../../shared/replay/work.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { folderStore } from '../archive/folder-store.ts'
import type { WorkerTask } from './replay-worker.ts'

/** What to replay, and where. */
export interface LocalReplay extends WorkerTask {
  readonly plan: ReplayPlan
  /** Stops the workers; the replay then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Unless told: as many as there are cores, none where the work is done sooner than a thread is up. */
  readonly threads?: number
  /** Called after each item with how many are done. */
  readonly onProgress?: (done: number, sum: Tally) => void
}

/** An item holds at most this much of the archive, so that a worker keeps within some 500 MB. */
const MAX_ITEM_BYTES = 256 * 1024 * 1024

/** Lists what the archive in the folder has in range. */
export function planLocalReplay(folder: string, range: ReplayRange): Promise<ReplayPlan> {
  return planReplay(folderStore(folder), range, { mostItemBytes: MAX_ITEM_BYTES })
}

/** A thread takes half a second to start and warm up; in that time one core judges so much. */
const BYTES_WORTH_A_THREAD = 8 * 1024 * 1024

/** Judges the planned items in worker threads on all cores; small ones in this thread. */
export async function replayLocally(replay: LocalReplay): Promise<ReplayReport> {
  const { plan, rules, range, sampleLimit } = replay
  const sum = newTally(rules.length)
  let done = 0
  const onTally = (tally: Tally) => {
    addTally(sum, tally, sampleLimit)
    replay.onProgress?.(++done, sum)
  }
  const worthwhile = Math.floor(plan.bytes / BYTES_WORTH_A_THREAD)
  const threads = Math.min(replay.threads ?? Math.min(worthwhile, availableParallelism()), plan.items.length)
  if (threads === 0) await runHere(replay, onTally)
  const waiting = [...plan.items]
  await Promise.all(Array.from({ length: threads }, () => runThread(replay, waiting, onTally)))
  return reportOf(range, plan, rules, sum)
}

async function runHere(replay: LocalReplay, onTally: (tally: Tally) => void): Promise<void> {
  const { folder, rules, range, sampleLimit, signal, plan } = replay
  const worker = newWorker(folderStore(folder), compileRules(rules), range, sampleLimit)
  for (const item of plan.items) {
    signal?.throwIfAborted()
    onTally(await workOn(worker, item))
  }
}

/** Extension of the worker's file: the sources run as they are, the package is compiled. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'))

/** One thread, fed with an item at a time until none waits. */
function runThread(replay: LocalReplay, waiting: WorkItem[], onTally: (tally: Tally) => void): Promise<void> {
  const { folder, rules, range, sampleLimit, signal } = replay
  const workerData: WorkerTask = { folder, rules, range, sampleLimit }
  const thread = new Worker(new URL(`./replay-worker${EXTENSION}`, import.meta.url), { workerData })
  return new Promise<void>((resolve, reject) => {
    const stop = () => reject(signal?.reason)
    const feed = () => {
      const item = waiting.shift()
      if (item === undefined) resolve()
      else thread.postMessage(item)
    }
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop, { once: true })
    thread.on('message', (tally: Tally) => {
      onTally(tally)
      feed()
    })
    thread.on('error', reject)
    feed()
  }).finally(() => thread.terminate())
}
