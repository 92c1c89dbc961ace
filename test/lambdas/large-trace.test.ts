import { afterEach, beforeEach, vi } from 'vitest'
import { type LocalStack, START_MS, startLocalStack } from '../emulators/local-stack.ts'
import { largeTraceContract, RULES, SETTINGS } from '../pipeline/contract/large-trace.ts'
import { tracesData } from '../pipeline/traces.ts'
import { captureTold, type Told } from './told.ts'

let told: Told
let stack: LocalStack
beforeEach(async () => {
  told = captureTold()
  const environment = { POWERTOOLS_METRICS_DISABLED: 'false' }
  stack = await startLocalStack({ rules: RULES, judging: SETTINGS, environment })
})
afterEach(async () => {
  await stack.stop()
  vi.restoreAllMocks()
})

largeTraceContract('on AWS', async () => ({
  nowMs: START_MS,
  async send(spans) {
    await stack.send(tracesData(spans))
    vi.setSystemTime(Date.now() + 10)
  },
  settle: () => stack.settle(),
  archive: stack.archive,
  signals: () => stack.published().map(({ data }) => ({ signal: data.signal, complete: data.complete })),
  counted: async () => ({ tracesTruncated: sumOf('TracesTruncated'), spansNotJudged: sumOf('SpansNotJudged') }),
}))

/** The sum of a metric over all that the functions published. */
function sumOf(name: string): number {
  return [...told.text().matchAll(new RegExp(`"${name}":(\\d+)`, 'g'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )
}
