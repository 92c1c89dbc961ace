import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { tableKey } from '../../shared/aws/buffer/buffer-items.ts'
import { timerOf } from '../../shared/aws/buffer/timer-message.ts'
import { newChunk } from '../../shared/pipeline/chunk.ts'
import type { TraceTimer } from '../../shared/pipeline/ports.ts'
import { CONTEXT, type LocalStack, START_MS, startLocalStack } from '../emulators/local-stack.ts'
import { streamRecord } from '../emulators/stream-records.ts'

let stack: LocalStack
beforeAll(async () => {
  stack = await startLocalStack({ rules: '// none', judging: { quietPeriodMs: 30_000 } })
})
afterAll(() => stack.stop())
afterEach(() => stack.faults.decide(() => 'served'))

const key = (traceId: string, arrivedInMs: number) =>
  newChunk(traceId, START_MS + arrivedInMs, Buffer.from(traceId), 1).key
const inserted = (traceId: string, chunkKey: string) => streamRecord('INSERT', tableKey(traceId, chunkKey))
const armed = () => stack.queued('timers').map((text) => timerOf(text) as TraceTimer)

describe('inserted chunks', () => {
  test('of a trace share a timer, due a quiet period after the newest arrived', async () => {
    const [first, second, other] = [key('a', 0), key('a', 4_000), key('b', 1_000)]
    const Records = [inserted('a', first), inserted('b', other), inserted('a', second)]
    expect(await stack.functions.timer({ Records }, CONTEXT)).toEqual({ batchItemFailures: [] })
    expect(armed().toSorted((x, y) => (x.traceId < y.traceId ? -1 : 1))).toEqual([
      { kind: 'trace', traceId: 'a', chunkKeys: [first, second], dueAtMs: START_MS + 34_000, attempt: 0 },
      { kind: 'trace', traceId: 'b', chunkKeys: [other], dueAtMs: START_MS + 31_000, attempt: 0 },
    ])
  })

  test('whose timers the queue does not take are delivered again, the others are done', async () => {
    const Records = Array.from({ length: 300 }, (_, i) => inserted(`trace${i}`, key(`trace${i}`, 0)))
    const before = armed().length
    // Two groups of traces, ten timers a call: the last of the larger group's twenty calls is lost.
    stack.faults.decide(({ number }) => (number === 30 ? 'lost' : 'served'))
    const { batchItemFailures } = await stack.functions.timer({ Records }, CONTEXT)
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
    expect(failed.size).toBeGreaterThan(0)
    expect(failed.size).toBeLessThan(300)
    const done = new Set(
      armed()
        .slice(before)
        .map(({ traceId }) => traceId),
    )
    for (let i = 0; i < 300; i++) {
      const id = `trace${i}/${key(`trace${i}`, 0)}`
      if (!failed.has(id)) expect(done).toContain(`trace${i}`)
    }
  })
})
