import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { SkewedClock } from './soak/clock.ts'

/** A deployed function: resolves to what its handler returns, rejects with what it throws. */
export interface DeployedFunction {
  // biome-ignore lint/suspicious/noExplicitAny: each function has a result of its own
  invoke(event: object): Promise<any>
  stop(): Promise<unknown>
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** Starts the bundle in a folder as Lambda would, by the machine's clock or another; resolves when its module is loaded. */
export async function startFunction(
  folder: string,
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
  clock?: SkewedClock,
): Promise<DeployedFunction> {
  const module = pathToFileURL(join(folder, 'index.mjs')).href
  const worker = new Worker(new URL('./function-worker.ts', import.meta.url), { env, workerData: { module, clock } })
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  let invocations = 0
  const loaded = new Promise<void>((resolve, reject) => {
    worker.once('error', reject)
    worker.on('message', ({ id, result, error }: Answer) => {
      if (id === 0) return resolve()
      if (error === undefined) waiting.get(id)?.resolve(result)
      else waiting.get(id)?.reject(new Error(error))
      waiting.delete(id)
    })
  })
  const ended = once(worker, 'exit').catch(() => {})
  worker.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the function was killed'))
    waiting.clear()
  })
  await loaded
  return {
    invoke: (event) =>
      new Promise((resolve, reject) => {
        const id = ++invocations
        waiting.set(id, { resolve, reject })
        worker.postMessage({ id, event, timeoutMs })
      }),
    async stop() {
      // Not terminate(): Node aborts the whole process where it hits a thread that is just making a zlib stream.
      worker.postMessage('end')
      await ended
    },
  }
}
