import { expect, test } from 'vitest'
import { shopBodies } from '../../../bench/load/bodies.ts'
import { splitByTrace } from '../../../shared/otlp/split.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'

const STARTED_MS = 1_795_000_000_000

function tracesOf(body: Buffer) {
  return splitByTrace(body).chunks.map(({ traceId, bytes }) => assembleTrace(traceId, [bytes]))
}

test('each body holds whole traces of its own, from the moment it is asked for', () => {
  const bodies = shopBodies({ traces: 10, spansOfATrace: 20, services: 8, spansOfARequest: 100 })
  const first = tracesOf(bodies.next(STARTED_MS))
  const again = [bodies.next(STARTED_MS), bodies.next(STARTED_MS)].flatMap(tracesOf)

  expect(first.map(({ spans }) => spans.length)).toEqual([20, 20, 20, 20, 20])
  expect(new Set([...first, ...again].map(({ traceId }) => traceId)).size).toBe(15)
  const starts = first.flatMap(({ spans }) => spans.map(({ startUnixNano }) => Number(startUnixNano / 1_000_000n)))
  expect(Math.min(...starts)).toBe(STARTED_MS)
  expect(Math.max(...starts)).toBeLessThan(STARTED_MS + 1_000)
})
