import { parentPort, workerData } from 'node:worker_threads'
import type { WorkItem } from '../../shared/replay/plan.ts'
import type { ReplayRange } from '../../shared/replay/range.ts'
import { newWorker, workOn } from '../../shared/replay/work.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { folderStore } from '../archive/folder-store.ts'

/** What a worker thread gets when it starts. */
export interface WorkerTask {
  readonly folder: string
  readonly rules: readonly CheckedRule[]
  readonly range: ReplayRange
  readonly sampleLimit: number
}

const { folder, rules, range, sampleLimit }: WorkerTask = workerData
const worker = newWorker(folderStore(folder), compileRules(rules), range, sampleLimit)

/** One item in, one tally out. */
parentPort?.on('message', async (item: WorkItem) => {
  parentPort?.postMessage(await workOn(worker, item))
})
