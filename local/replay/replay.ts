import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { planReplay, type ReplayPlan, type WorkItem } from '../../shared/replay/plan.ts'
import type { ReplayRange } from '../../shared/replay/range.ts'
import { type ReplayReport, reportOf } from '../../shared/replay/report.ts'
import { addTally, newTally, type Tally } from '../../shared/replay/tally.ts'
import { folderStore } from '../archive/folder-store.ts'
import type { WorkerTask } from './replay-worker.ts'

/** What to replay, and where. */
export interface LocalReplay extends WorkerTask {
  readonly plan: ReplayPlan
  /** Stops the workers; the replay then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called after each item with how many are done. */
  readonly onProgress?: (done: number, sum: Tally) => void
}

/** An item holds at most this much of the archive, so that a worker keeps within some 500 MB. */
const MOST_ITEM_BYTES = 256 * 1024 * 1024

/** Lists what the archive in the folder has in range. */
export function planLocalReplay(folder: string, range: ReplayRange): Promise<ReplayPlan> {
  return planReplay(folderStore(folder), range, { mostItemBytes: MOST_ITEM_BYTES })
}

/** Judges the planned items in worker threads on all cores. */
export async function replayLocally(replay: LocalReplay): Promise<ReplayReport> {
  const { plan, rules, range, sampleLimit } = replay
  const sum = newTally(rules.length)
  const waiting = [...plan.items]
  let done = 0
  const threads = Math.min(availableParallelism(), waiting.length)
  const lanes = Array.from({ length: threads }, () =>
    runThread(replay, waiting, (tally) => {
      addTally(sum, tally, sampleLimit)
      replay.onProgress?.(++done, sum)
    }),
  )
  await Promise.all(lanes)
  return reportOf(range, plan, rules, sum)
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
