import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { driveReplay } from '../../shared/replay/drive.ts'
import { planReplay, type ReplayPlan, type WorkItem } from '../../shared/replay/plan.ts'
import type { ReplayRange } from '../../shared/replay/range.ts'
import { type ReplayReport, reportOf } from '../../shared/replay/report.ts'
import type { Tally } from '../../shared/replay/tally.ts'
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
  const { plan, rules, range, sampleLimit, signal, onProgress } = replay
  const worthwhile = Math.floor(plan.bytes / BYTES_WORTH_A_THREAD)
  const threads = Math.min(replay.threads ?? Math.min(worthwhile, availableParallelism()), plan.items.length)
  const judges = threads === 0 ? inThisThread(replay) : inThreads(replay, threads)
  const { items } = plan
  const drive = { items, ruleCount: rules.length, sampleLimit, itemsAtOnce: Math.max(threads, 1), signal, onProgress }
  try {
    return reportOf(range, plan, rules, await driveReplay({ ...drive, judgeItem: judges.judgeItem }))
  } finally {
    await judges.close()
  }
}

/** Who judges items: at most as many at once as it was made for. */
interface Judges {
  readonly judgeItem: (item: WorkItem) => Promise<Tally>
  readonly close: () => Promise<unknown>
}

function inThisThread({ folder, rules, range, sampleLimit }: LocalReplay): Judges {
  const worker = newWorker(folderStore(folder), compileRules(rules), range, sampleLimit)
  return { judgeItem: (item) => workOn(worker, item), close: async () => {} }
}

/** Extension of the worker's file: the sources run as they are, the package is compiled. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'))

function inThreads({ folder, rules, range, sampleLimit, signal }: LocalReplay, count: number): Judges {
  const workerData: WorkerTask = { folder, rules, range, sampleLimit }
  const file = new URL(`./replay-worker${EXTENSION}`, import.meta.url)
  const all = Array.from({ length: count }, () => new Worker(file, { workerData }))
  const idle = [...all]
  return {
    async judgeItem(item) {
      const thread = idle.pop() as Worker
      const tally = await answerOf(thread, item, signal)
      idle.push(thread)
      return tally
    },
    close: () => Promise.all(all.map((thread) => thread.terminate())),
  }
}

/** Rejects where the thread fails, and at once where the replay is stopped. */
function answerOf(thread: Worker, item: WorkItem, signal: AbortSignal | undefined): Promise<Tally> {
  return new Promise<Tally>((resolve, reject) => {
    const stop = () => reject(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    thread.once('error', reject)
    thread.once('message', (tally: Tally) => {
      thread.off('error', reject)
      signal?.removeEventListener('abort', stop)
      resolve(tally)
    })
    thread.postMessage(item)
  })
}
