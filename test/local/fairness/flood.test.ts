import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Runtime } from '../../../local/runtime.ts'
import type { ArchiveEntry } from '../../../shared/pipeline/ports.ts'
import { encode } from '../../otlp/otlp-proto.ts'
import { tracesData } from '../../pipeline/traces.ts'
import { CHARGE, metric, runtimes } from '../harness.ts'

const { newHome, pass, start } = runtimes()

const FLOODING = 'the-key-of-one-that-floods'
const SMALL = 'the-key-of-a-small-client'
const TRACES = 1_000

const traceId = (number: number) => number.toString(16).padStart(32, '0')

/** One span of each of many traces, in a few kilobytes. */
function floodBody(first: number): Buffer {
  const spans = Array.from({ length: TRACES }, (_, index) => ({
    traceId: Buffer.from(traceId(first + index), 'hex'),
    spanId: Buffer.alloc(8, 1),
    name: 'a',
  }))
  return gzipSync(encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans }] }] }))
}

async function post(runtime: Runtime, key: string, body: Uint8Array, encoding: string): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': encoding, 'x-api-key': key }
  const response = await fetch(`${runtime.url}/v1/traces`, { method: 'POST', headers, body: Buffer.from(body) })
  await response.arrayBuffer()
  if (response.status === 503) expect(response.headers.get('retry-after')).toBe('2')
  return response.status
}

describe('a client that floods', () => {
  test('neither blocks, nor gets refused, nor delays another, and is itself asked to come back later', async () => {
    const judged: string[] = []
    const archive = { write: async ({ trace }: ArchiveEntry) => void judged.push(trace.traceId) }
    const settings = { apiKeys: [FLOODING, SMALL], maxWaitingPerSender: 2 * TRACES, maxRequestTraces: TRACES }
    const runtime = await start(newHome(), settings, { archive })
    const flood = (number: number) => post(runtime, FLOODING, floodBody(number * TRACES), 'gzip')
    const small = (number: number) =>
      post(runtime, SMALL, tracesData([CHARGE], `f${traceId(number).slice(1)}`), 'identity')
    expect(await small(0)).toBe(200)

    const ended: string[] = []
    const flooding = flood(1).then((status) => void ended.push(`flood ${status}`))
    while (runtime.stats().timersWaiting < 200) expect(await small(1)).toBe(200)
    ended.push(`small ${await small(2)}`)
    await flooding
    expect(ended).toEqual(['small 200', 'flood 200'])

    expect([await flood(2), await flood(3), await small(3)]).toEqual([200, 503, 200])
    expect(await metric(runtime, 'betrace_requests_refused_total')).toEqual([
      'betrace_requests_refused_total{reason="sender-waiting"} 1',
    ])
    const health = await (await fetch(`${runtime.url}/healthz`)).json()
    expect(health).toMatchObject({
      status: 'degraded',
      senders: expect.stringMatching(/^answered with 503, .*: API key 1: 2000 traces wait to be judged, 2000 may /),
    })

    await pass(runtime, 5_000)
    expect(judged).toHaveLength(2 * TRACES + 4)
    const last = Math.max(...judged.flatMap((id, index) => (id.startsWith('f') ? [index] : [])))
    expect(last).toBeLessThan(300)
    expect([await flood(3), runtime.stats().signals]).toEqual([200, 4])
  })
})
