import { parentPort, workerData } from 'node:worker_threads'
import { goBy, type SkewedClock } from './soak/clock.ts'

/* One function in a thread of its own: the bundle as synthesized, and no environment but the one the stack gives it. */

interface Invocation {
  readonly id: number
  readonly event: unknown
  readonly timeoutMs: number
}

const { module, clock } = workerData as { readonly module: string; readonly clock?: SkewedClock }
// Before the bundle is loaded: it keeps what it finds then.
if (clock !== undefined) goBy(clock)
const { handler } = (await import(module)) as {
  readonly handler: (event: unknown, context: object) => Promise<unknown>
}

parentPort?.on('message', async (message: Invocation | 'end') => {
  if (message === 'end') process.exit()
  const { id, event, timeoutMs } = message
  const endMs = Date.now() + timeoutMs
  const context = {
    awsRequestId: `request-${id}`,
    functionName: 'function',
    getRemainingTimeInMillis: () => endMs - Date.now(),
  }
  try {
    parentPort?.postMessage({ id, result: await handler(event, context) })
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
  }
})
parentPort?.postMessage({ id: 0 })
