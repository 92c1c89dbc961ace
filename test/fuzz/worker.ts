import { parentPort, workerData } from 'node:worker_threads'
import { fuzz, type Outcome, problemWith } from './fuzz.ts'
import type { OpenTarget } from './target.ts'
import { TARGETS } from './targets.ts'
import { type FromThread, PROGRESS_CASE, PROGRESS_SINCE, type ThreadTask } from './thread.ts'

const SHRINK_MS = 10_000
const task = workerData as ThreadTask & { readonly progress: Float64Array }
const target = await TARGETS.find(({ name }) => name === task.target)?.open()
if (target !== undefined) tell({ outcome: await run(target) })
await target?.close?.()

async function run(target: OpenTarget): Promise<Outcome> {
  const { input, seed, first, cases, seconds, progress } = task
  if (input !== undefined) {
    const message = await problemWith(target, input)
    const findings = message === undefined ? [] : [{ case: undefined, message, input, shrunken: input }]
    return { cases: 1, findings, worst: { ms: 0, case: 0 } }
  }
  const endMs = performance.now() + seconds * 1000
  return fuzz(target, {
    seed,
    first,
    cases,
    isOver: () => performance.now() > endMs,
    shrinkMs: SHRINK_MS,
    onStart(index) {
      progress[PROGRESS_CASE] = index
      progress[PROGRESS_SINCE] = Date.now()
    },
    onFinding: (finding) => tell({ finding }),
  })
}

function tell(message: FromThread): void {
  parentPort?.postMessage(message)
}
