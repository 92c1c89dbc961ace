import { expect, test } from 'vitest'
import type { Span, Trace } from '../../shared/trace/span.ts'
import { summaryOf, timeOf } from '../../shared/trace/summary.ts'

const spanAt = (startUnixNano: bigint, endUnixNano: bigint) => ({ startUnixNano, endUnixNano }) as Span

test('a trace runs from its first start to its last end, in whole milliseconds', () => {
  const spans = [spanAt(5_999_999n, 9_000_000n), spanAt(7_000_000n, 8_000_000n)]
  expect(timeOf({ spans })).toEqual({ startMs: 5, lastStartMs: 7, endMs: 9 })
})

test('a summary counts the spans and holds none of them', () => {
  const trace: Trace = { traceId: 'a', spans: [], complete: false, truncated: true }
  expect(summaryOf(trace)).toEqual({
    traceId: 'a',
    complete: false,
    truncated: true,
    spans: { length: 0 },
    time: undefined,
  })
})
