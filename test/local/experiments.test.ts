import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Runtime } from '../../local/runtime.ts'
import type { ExperimentDetail } from '../../shared/experiments/api.ts'
import { CHARGE, metric, runtimes, VALIDATION } from './harness.ts'

const { newHome, now, pass, send, start, stop } = runtimes()

const MINUTE_MS = 60_000
/** The wait for incomplete traces, and the margin. */
const SETTLE_MS = 15_000 + 5_000
const traceId = (number: number) => number.toString(16).padStart(32, '0')

async function post(runtime: Runtime, body: unknown, headers: Record<string, string> = {}) {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
  const response = await fetch(`${runtime.url}/v1/experiments`, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function get(runtime: Runtime, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${runtime.url}${path}`, { headers })
  return { status: response.status, body: await response.json() }
}

async function verdictOn(runtime: Runtime, id: string) {
  const { body } = await get(runtime, `/v1/experiments/${id}`)
  return (body as ExperimentDetail).verdict
}

describe('signals of traces', () => {
  test('that ran during an experiment carry its id, those before and after do not', async () => {
    const runtime = await start(newHome())
    await send(runtime, [CHARGE], traceId(1))
    await pass(runtime, 1_000)
    await post(runtime, { action: 'start', id: 'drill', at: now() })
    await send(runtime, [CHARGE], traceId(2))
    await pass(runtime, 1_000)
    await post(runtime, { action: 'stop', id: 'drill', at: now() })
    await send(runtime, [CHARGE], traceId(3))
    await pass(runtime, 10_000)
    const labelled = runtime.signals.find({}).map(({ event }) => [event.data.traceId, event.data.experiments])
    expect(labelled.sort()).toEqual([
      [traceId(1), undefined],
      [traceId(2), ['drill']],
      [traceId(3), undefined],
    ])
  })

  test('that ran during two experiments carry both, unless the service is another', async () => {
    const runtime = await start(newHome())
    await post(runtime, { action: 'start', id: 'b', at: now() })
    await post(runtime, { action: 'start', id: 'a', at: now(), services: ['payments'] })
    await post(runtime, { action: 'start', id: 'c', at: now(), services: ['inventory'] })
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    expect(runtime.signals.find({})[0]?.event.data.experiments).toEqual(['a', 'b'])
  })
})

describe('the verdict on an experiment', () => {
  async function drill(runtime: Runtime, spans: readonly (typeof CHARGE)[], trace = 1) {
    await post(runtime, { action: 'start', id: 'drill', at: now() })
    await send(runtime, spans, traceId(trace))
    await pass(runtime, MINUTE_MS)
    await post(runtime, { action: 'stop', id: 'drill', at: now() })
  }

  test('is given when its traces have had their time, and shown once', async () => {
    const screen = new PassThrough()
    const runtime = await start(newHome(), {}, { screen }, true)
    await drill(runtime, [CHARGE, VALIDATION])
    await pass(runtime, SETTLE_MS - 1)
    expect(await verdictOn(runtime, 'drill')).toBeNull()
    await pass(runtime, 1)
    await pass(runtime, 1)
    expect(await verdictOn(runtime, 'drill')).toMatchObject({
      revision: 1,
      outcome: 'held',
      traces: 1,
      signals: 0,
      rules: [{ rule: 'PAYMENT_INVARIANT_VIOLATION', verdict: 'held', exercised: 1, violated: 0 }],
    })
    expect(String(screen.read()).match(/invariants held/g)).toHaveLength(1)
  })

  test('tells new violations from those the window before had', async () => {
    const runtime = await start(newHome(), {}, {}, true)
    await send(runtime, [CHARGE, VALIDATION], traceId(9))
    await pass(runtime, 10_000)
    await drill(runtime, [CHARGE])
    await pass(runtime, SETTLE_MS)
    expect(await verdictOn(runtime, 'drill')).toMatchObject({
      outcome: 'violated',
      signals: 1,
      rules: [
        {
          verdict: 'violated',
          violated: 1,
          before: { exercised: 1, violated: 0 },
          change: 'new',
          samples: [{ traceId: traceId(1) }],
        },
      ],
    })
  })

  test('tolerates the share that the experiment allows, and compares with the window that it names', async () => {
    const runtime = await start(newHome(), {}, {}, true)
    await send(runtime, [CHARGE, VALIDATION], traceId(9))
    await pass(runtime, 10 * MINUTE_MS)
    const allowed = { tolerate: { PAYMENT_INVARIANT_VIOLATION: 0.5 }, baseline: '-10m' }
    await post(runtime, { action: 'start', id: 'drill', at: now(), ...allowed })
    await send(runtime, [CHARGE], traceId(1))
    await send(runtime, [CHARGE, VALIDATION], traceId(2))
    await pass(runtime, MINUTE_MS)
    await post(runtime, { action: 'stop', id: 'drill', at: now() })
    await pass(runtime, SETTLE_MS)
    expect(await verdictOn(runtime, 'drill')).toMatchObject({
      outcome: 'held',
      before: { traces: 1 },
      rules: [{ verdict: 'held', violated: 1, tolerated: 0.5, before: { exercised: 1 } }],
    })
  })

  test('is revised when a span comes late, and when the end is reported again', async () => {
    const screen = new PassThrough()
    const runtime = await start(newHome(), {}, { screen }, true)
    const startedMs = now()
    await drill(runtime, [CHARGE])
    await pass(runtime, SETTLE_MS)
    expect(await verdictOn(runtime, 'drill')).toMatchObject({ revision: 1, outcome: 'violated' })
    await send(runtime, [{ ...VALIDATION, startMs: startedMs }], traceId(1))
    await pass(runtime, 10_000)
    expect(await verdictOn(runtime, 'drill')).toMatchObject({ revision: 1 })
    await pass(runtime, MINUTE_MS)
    expect(await verdictOn(runtime, 'drill')).toMatchObject({ revision: 2, outcome: 'held', signals: 0 })
    await post(runtime, { action: 'stop', id: 'drill', at: startedMs + 2 * MINUTE_MS })
    await pass(runtime, 1)
    expect(await verdictOn(runtime, 'drill')).toMatchObject({
      revision: 3,
      to: new Date(startedMs + 2 * MINUTE_MS).toISOString(),
    })
    expect(String(screen.read()).match(/experiment drill/g)).toHaveLength(3)
  })

  test('says where nobody told its end, and which of the expected rules is not in force', async () => {
    const runtime = await start(newHome(), { maxExperimentMs: MINUTE_MS }, {}, true)
    await post(runtime, { action: 'start', id: 'drill', at: now(), rules: ['PAYMENT_INVARIANT_VIOLATION', 'GONE'] })
    await send(runtime, [CHARGE, VALIDATION])
    await pass(runtime, MINUTE_MS + SETTLE_MS)
    expect(await verdictOn(runtime, 'drill')).toMatchObject({
      outcome: 'not-exercised',
      unknownRules: ['GONE'],
      experiment: { state: 'abandoned' },
      rules: [{ verdict: 'held', expected: true }],
    })
  })

  test('survives a restart, as the experiment does', async () => {
    const home = newHome()
    const first = await start(home, {}, {}, true)
    await drill(first, [CHARGE, VALIDATION])
    await stop(first)
    const second = await start(home, {}, {}, true)
    await pass(second, SETTLE_MS)
    expect(await verdictOn(second, 'drill')).toMatchObject({ outcome: 'held', traces: 1 })
  })
})

describe('POST /v1/experiments', () => {
  test('answers 202 to what is new and 200 to what was known', async () => {
    const runtime = await start(newHome())
    const event = { action: 'start', id: 'drill', at: now() }
    expect((await post(runtime, event)).status).toBe(202)
    expect(await post(runtime, event)).toMatchObject({ status: 200, body: { id: 'drill', state: 'running' } })
  })

  test('takes the webhooks of Gremlin', async () => {
    const runtime = await start(newHome())
    const attack = { attackId: 'a1', attackType: 'latency', attackStatus: 'Finished', stage: 'Successful', time: now() }
    expect((await post(runtime, attack)).body).toMatchObject({ id: 'gremlin-a1', state: 'start-unknown' })
    const running = { ...attack, attackStatus: 'Running', stage: 'Running', time: now() - MINUTE_MS }
    expect((await post(runtime, running)).body).toMatchObject({ state: 'ended', outcome: 'Successful' })
  })

  test('refuses what it cannot use with a typed error that says what to do', async () => {
    const runtime = await start(newHome())
    const { status, body } = await post(runtime, { action: 'stop' })
    expect(status).toBe(400)
    expect(body).toMatchObject({
      error: { code: 'bad-experiment', message: expect.any(String), hint: expect.any(String) },
    })
    expect((await get(runtime, '/v1/experiments/none')).status).toBe(404)
    expect((await get(runtime, '/v1/experiments/%zz')).status).toBe(404)
    expect((await post(runtime, { pad: 'x'.repeat(70_000) })).status).toBe(413)
    expect((await post(runtime, {}, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await fetch(`${runtime.url}/v1/experiments`, { method: 'DELETE' })).status).toBe(405)
  })

  test('takes a body of 64 KB and 200 events of an experiment, and no more', async () => {
    const runtime = await start(newHome())
    const send = async (bytes: number) => {
      const body = JSON.stringify({ action: 'start', id: 'large' })
      const headers = { 'content-type': 'application/json' }
      return (await fetch(`${runtime.url}/v1/experiments`, { method: 'POST', headers, body: body.padEnd(bytes) }))
        .status
    }
    expect([await send(64 * 1024), await send(64 * 1024 + 1)]).toEqual([202, 413])
    const stop = (n: number) => post(runtime, { action: 'stop', id: 'busy', at: now() + n })
    for (let n = 1; n <= 200; n++) expect((await stop(n)).status).toBe(202)
    expect(await stop(201)).toMatchObject({ status: 409, body: { error: { code: 'too-many-events' } } })
    expect((await stop(200)).status).toBe(200)
  })

  test('finds an experiment by its id, however a client writes that into the path', async () => {
    const runtime = await start(newHome())
    await post(runtime, { action: 'start', id: 'ci:7.1', at: now() })
    expect((await get(runtime, '/v1/experiments/ci:7.1')).status).toBe(200)
    expect((await get(runtime, `/v1/experiments/${encodeURIComponent('ci:7.1')}`)).status).toBe(200)
  })

  test('lists those of a range, newest first', async () => {
    const runtime = await start(newHome())
    await post(runtime, { action: 'start', id: 'old', at: now() - 10 * MINUTE_MS })
    await post(runtime, { action: 'stop', id: 'old', at: now() - 9 * MINUTE_MS })
    await post(runtime, { action: 'start', id: 'new', at: now() })
    const ids = async (query: string) => {
      const { body } = await get(runtime, `/v1/experiments${query}`)
      return (body as { experiments: { id: string }[] }).experiments.map(({ id }) => id)
    }
    expect(await ids('')).toEqual(['new', 'old'])
    expect(await ids('?from=-5m')).toEqual(['new'])
    expect((await get(runtime, '/v1/experiments?from=-900d')).status).toBe(400)
  })
})

test('with keys, everything below /v1 asks for one, and health checks and metrics do not', async () => {
  const key = 'a-key-of-sixteen-or-more'
  const runtime = await start(newHome(), { apiKeys: [key] })
  expect(await send(runtime, [CHARGE])).toBe(401)
  expect((await post(runtime, { action: 'start' })).status).toBe(401)
  expect((await get(runtime, '/v1/invariants/health')).status).toBe(401)
  expect((await post(runtime, { action: 'start' }, { 'x-api-key': 'another-key-that-is-wrong' })).status).toBe(401)
  expect((await post(runtime, { action: 'start' }, { 'x-api-key': key })).status).toBe(202)
  expect((await get(runtime, '/v1/invariants/health', { authorization: `Bearer ${key}` })).status).toBe(200)
  expect((await fetch(`${runtime.url}/healthz`)).status).toBe(200)
  expect(await metric(runtime, 'betrace_requests_total{status="401"}')).toEqual([
    'betrace_requests_total{status="401"} 4',
  ])
})

describe('GET /v1/invariants/health', () => {
  test('is 503 while a rule of the severity fired in the window, with what fired, and 200 after', async () => {
    const runtime = await start(newHome())
    expect(await get(runtime, '/v1/invariants/health?severity=critical&window=60s')).toMatchObject({
      status: 200,
      body: { status: 'ok', firing: [] },
    })
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    expect(await get(runtime, '/v1/invariants/health')).toMatchObject({
      status: 503,
      body: {
        status: 'firing',
        firing: [{ signal: 'PAYMENT_INVARIANT_VIOLATION', severity: 'critical', service: 'payments' }],
        more: 0,
      },
    })
    expect((await get(runtime, '/v1/invariants/health?rules=OTHER,ANOTHER')).status).toBe(200)
    expect((await get(runtime, '/v1/invariants/health?rules=PAYMENT_INVARIANT_VIOLATION')).status).toBe(503)
    await pass(runtime, 60_001)
    expect((await get(runtime, '/v1/invariants/health')).status).toBe(200)
    expect((await get(runtime, '/v1/invariants/health?window=5m')).status).toBe(503)
  })

  test('a signal that was retracted does not stop an experiment', async () => {
    const runtime = await start(newHome())
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    await send(runtime, [VALIDATION])
    await pass(runtime, 5_000)
    expect((await get(runtime, '/v1/invariants/health')).status).toBe(200)
  })

  test('of two severities the least one given counts', async () => {
    const runtime = await start(newHome('// Signal: LOW_ONE (low)\npayment.charge\n'))
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    expect((await get(runtime, '/v1/invariants/health?severity=medium')).status).toBe(200)
    expect((await get(runtime, '/v1/invariants/health?severity=low')).status).toBe(503)
  })

  test('a question that it does not know is refused', async () => {
    const runtime = await start(newHome())
    expect((await get(runtime, '/v1/invariants/health?severity=fatal')).status).toBe(400)
    expect((await get(runtime, '/v1/invariants/health?window=2h')).status).toBe(400)
    expect((await get(runtime, '/v1/invariants/health?window=60')).status).toBe(400)
  })
})
