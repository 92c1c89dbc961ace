import { setImmediate as turn } from 'node:timers/promises'

/** How long work goes on before requests that wait for the process have a turn. */
const SLICE_MS = 10

/** Takes all steps of some work, which are short, and lets requests have the process in between. */
export async function inSlices<Result>(work: Generator<void, Result>): Promise<Result> {
  let startedMs = performance.now()
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
    if (performance.now() - startedMs < SLICE_MS) continue
    await turn()
    startedMs = performance.now()
  }
}
