import { availableParallelism } from 'node:os'
import { driveReplay } from '../../shared/replay/drive.ts'
import { planReplay, type ReplayPlan, type WorkItem } from '../../shared/replay/plan.ts'
import type { ReplayRange } from '../../shared/replay/range.ts'
import { type ReplayReport, reportOf } from '../../shared/replay/report.ts'
import type { Tally } from '../../shared/replay/tally.ts'
import { newWorker, workOn } from '../../shared/replay/work.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { folderStore } from '../archive/folder-store.ts'
import { programBeside, TaskThread } from '../task-thread.ts'
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

/** What of a plan the judging itself needs. */
type LocalPlan = Pick<ReplayPlan, 'items' | 'bytes'>

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
  return reportOf(replay.range, replay.plan, replay.rules, await tallyLocally(replay))
}

/** The same, with the results as they were added up. */
export async function tallyLocally(replay: Omit<LocalReplay, 'plan'> & { readonly plan: LocalPlan }): Promise<Tally> {
  const { plan, rules, sampleLimit, signal, onProgress } = replay
  const worthwhile = Math.floor(plan.bytes / BYTES_WORTH_A_THREAD)
  const threads = Math.min(replay.threads ?? Math.min(worthwhile, availableParallelism()), plan.items.length)
  const judges = threads === 0 ? inThisThread(replay) : inThreads(replay, threads)
  const { items } = plan
  const drive = { items, ruleCount: rules.length, sampleLimit, itemsAtOnce: Math.max(threads, 1), signal, onProgress }
  const stop = () => void judges.close()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await driveReplay({ ...drive, judgeItem: judges.judgeItem })
  } catch (error) {
    // A thread that was stopped says only that it ended.
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
    await judges.close()
  }
}

/** Who judges items: at most as many at once as it was made for. */
interface Judges {
  readonly judgeItem: (item: WorkItem) => Promise<Tally>
  readonly close: () => Promise<unknown>
}

function inThisThread({ folder, rules, range, sampleLimit }: WorkerTask): Judges {
  const worker = newWorker(folderStore(folder), compileRules(rules), range, sampleLimit)
  return { judgeItem: (item) => workOn(worker, item), close: async () => {} }
}

function inThreads({ folder, rules, range, sampleLimit }: WorkerTask, count: number): Judges {
  const data: WorkerTask = { folder, rules, range, sampleLimit }
  const program = { file: programBeside(import.meta.url, 'replay-worker'), name: 'a thread of the replay' }
  const all = Array.from({ length: count }, () => new TaskThread<WorkItem, Tally, WorkerTask>(program))
  const idle = [...all]
  return {
    async judgeItem(item) {
      const thread = idle.pop() as TaskThread<WorkItem, Tally, WorkerTask>
      const tally = await thread.ask(() => ({ task: item, data }))
      idle.push(thread)
      return tally
    },
    close: () => Promise.all(all.map((thread) => thread.close())),
  }
}
