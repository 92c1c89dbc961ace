import { Worker } from 'node:worker_threads'
import type { Finding, Outcome } from './fuzz.ts'

export interface ThreadTask {
  readonly target: string
  readonly seed: number
  readonly first: number
  readonly cases: number
  readonly seconds: number
  readonly input: Uint8Array | undefined
}

/** What became of a thread; `death` where it did not come to its end. */
export interface ThreadOutcome {
  readonly cases: number
  readonly findings: readonly Finding[]
  readonly worst: Outcome['worst'] | undefined
  readonly death: { readonly case: number | undefined; readonly message: string } | undefined
  readonly peakRssBytes: number
}

/** Two numbers that the thread writes and its watcher reads: the case under way, and when it began. */
export const PROGRESS_CASE = 0
export const PROGRESS_SINCE = 1

export type FromThread = { readonly finding: Finding } | { readonly outcome: Outcome }

/** A case that takes longer hangs: its bound is a few seconds at most. */
const HANG_MS = 60_000
const HEAP_MB = 768
/** All of the process, which holds buffers beside the heap. */
const MOST_RSS_BYTES = 2 * 1024 ** 3
const LOOK_MS = 50

/**
 * Runs cases in a thread of their own, so that one that hangs, or takes all memory, is found out as well: the thread is
 * ended, and the case it was at is reported.
 */
export function runInThread(
  task: ThreadTask & { readonly onProgress: (done: number, found: number) => void },
): Promise<ThreadOutcome> {
  const { onProgress, ...workerData } = task
  const shared = new Float64Array(new SharedArrayBuffer(16))
  const findings: Finding[] = []
  let peakRssBytes = 0
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { ...workerData, progress: shared },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  })
  const done = () => Math.max(0, (shared[PROGRESS_CASE] ?? 0) - task.first)
  return new Promise((resolve) => {
    const end = (outcome: Outcome | undefined, message?: string) => {
      clearInterval(watch)
      void worker.terminate()
      const index = done() + task.first
      const death = message === undefined ? undefined : { case: task.input === undefined ? index : undefined, message }
      const all = outcome?.findings ?? findings
      resolve({ cases: outcome?.cases ?? done(), findings: all, worst: outcome?.worst, death, peakRssBytes })
    }
    const watch = setInterval(() => {
      const rss = process.memoryUsage.rss()
      peakRssBytes = Math.max(peakRssBytes, rss)
      onProgress(done(), findings.length)
      const since = shared[PROGRESS_SINCE] ?? 0
      if (since > 0 && Date.now() - since > HANG_MS) end(undefined, `hangs: no end after ${HANG_MS / 1000} s`)
      else if (rss > MOST_RSS_BYTES) end(undefined, `takes too much memory: ${Math.round(rss / 1024 ** 2)} MB`)
    }, LOOK_MS)
    worker.on('message', (message: FromThread) => {
      if ('finding' in message) findings.push(message.finding)
      else end(message.outcome)
    })
    worker.on('error', (error: Error) => end(undefined, `ends the process: ${error.stack ?? error.message}`))
  })
}
