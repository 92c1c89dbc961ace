import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { recordedBodies, shopBodies } from '../../../bench/load/bodies.ts'
import { splitByTrace } from '../../../shared/otlp/split.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'

const STARTED_MS = 1_795_000_000_000

function tracesOf(body: Buffer) {
  return splitByTrace(body).chunks.map(({ traceId, bytes }) => assembleTrace(traceId, [bytes]))
}

test('each body holds whole traces of its own, from the moment it is asked for', () => {
  const bodies = shopBodies({ traces: 10, spansOfATrace: 20, services: 8, spansOfARequest: 100 })
  const next = () => bodies.next(STARTED_MS)
  const first = tracesOf(next().body)
  const again = [next(), next()].flatMap(({ body }) => tracesOf(body))

  expect(first.map(({ spans }) => spans.length)).toEqual([20, 20, 20, 20, 20])
  expect(new Set([...first, ...again].map(({ traceId }) => traceId)).size).toBe(15)
  const starts = first.flatMap(({ spans }) => spans.map(({ startUnixNano }) => Number(startUnixNano / 1_000_000n)))
  expect(Math.min(...starts)).toBe(STARTED_MS)
  expect(Math.max(...starts)).toBeLessThan(STARTED_MS + 1_000)
})

test('traces of a file are sent whole under new ids, from the moment they are asked for, and keep how far apart times are', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-bodies-'))
  const file = join(folder, 'traces.jsonl')
  const span = (traceId: string, spanId: string, startMs: number, more: object = {}) => ({
    traceId,
    spanId,
    name: 'GET /cart',
    startTimeUnixNano: `${startMs}000123`,
    endTimeUnixNano: `${startMs + 5}000456`,
    ...more,
  })
  const lines = [
    [span('a'.repeat(32), '01'.repeat(8), 1_000, { events: [{ name: 'x', timeUnixNano: '1002000000' }] })],
    [span('b'.repeat(32), '02'.repeat(8), 2_000), span('a'.repeat(32), '03'.repeat(8), 1_500)],
  ].map((spans) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }))
  writeFileSync(file, lines.join('\n'))

  const bodies = await recordedBodies([file], 100)
  const { body, spans } = bodies.next(STARTED_MS)
  rmSync(folder, { recursive: true })

  expect([spans, bodies.spansOfARequest]).toEqual([3, 3])
  const traces = tracesOf(body)
  expect(traces.map((trace) => trace.spans.length).sort()).toEqual([1, 2])
  expect(traces.map(({ traceId }) => traceId)).not.toContain('a'.repeat(32))
  const [first, second] = traces.find((trace) => trace.spans.length === 2)?.spans ?? []
  const startNano = BigInt(STARTED_MS) * 1_000_000n
  expect(first?.startUnixNano).toBe(startNano)
  expect(first?.endUnixNano).toBe(startNano + 5_000_333n)
  expect(first?.events()[0]?.timeUnixNano).toBe(startNano + 1_999_877n)
  expect(second?.startUnixNano).toBe(startNano + 500_000_000n)
  await expect(recordedBodies([], 100)).rejects.toThrow('no spans')
})
