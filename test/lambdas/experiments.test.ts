import type { APIGatewayProxyResult, Context } from 'aws-lambda'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ExperimentDetail } from '../../shared/experiments/api.ts'
import type { ExperimentVerdict } from '../../shared/pipeline/experiment-verdict.ts'
import { CONTEXT, type LocalStack, START_MS, startLocalStack } from '../emulators/local-stack.ts'
import { type TestSpan, tracesData } from '../pipeline/traces.ts'

const RULES = `
// Signal: CHARGE_WITHOUT_VALIDATION (critical)
trace.has(payment.charge) and not trace.has(cart.validate)
`
const MINUTE_MS = 60_000
const traceId = (number: number) => number.toString(16).padStart(32, '0')

type Handler<Result> = (event: object, context: Context) => Promise<Result>
let stack: LocalStack
let experiments: Handler<APIGatewayProxyResult>
let verdicts: Handler<void>

beforeEach(async () => {
  stack = await startLocalStack({ rules: RULES })
  experiments = (await import('../../lambdas/experiments.ts')).handler as never
  verdicts = (await import('../../lambdas/verdicts.ts')).handler as never
})
afterEach(() => stack.stop())

async function ask(httpMethod: string, path: string, body?: unknown, query: Record<string, string> = {}) {
  const given = { headers: { 'Content-Type': 'application/json' }, queryStringParameters: query, isBase64Encoded: true }
  const encoded = body === undefined ? null : Buffer.from(JSON.stringify(body)).toString('base64')
  const answer = await experiments({ httpMethod, path, body: encoded, ...given }, CONTEXT)
  return { status: answer.statusCode, body: JSON.parse(Buffer.from(answer.body, 'base64').toString()) as unknown }
}

function stateChange(status: string, atMs: number) {
  const id = 'EXPaBCD1efg2HIJkL3'
  return {
    'detail-type': 'FIS Experiment State Change',
    source: 'aws.fis',
    time: new Date(atMs).toISOString(),
    detail: { 'experiment-id': id, 'experiment-template-id': 'EXT1', 'new-state': { status, reason: '' } },
  }
}

const CHARGE: TestSpan = { name: 'payment.charge', id: 1, service: 'payments' }
const VALIDATION: TestSpan = { name: 'cart.validate', id: 2, parent: 1 }

/** A trace that starts now and is judged. */
async function serve(number: number, spans: readonly TestSpan[]): Promise<void> {
  const now = Date.now()
  await stack.send(
    tracesData(
      spans.map((span) => ({ ...span, startMs: now, endMs: now + 5 })),
      traceId(number),
    ),
  )
  await stack.settle()
}

const published = () =>
  stack.published() as unknown as readonly { type: string; subject: string; data: ExperimentVerdict }[]
const verdictEvents = () => published().filter(({ type }) => type === 'dev.betrace.experiment.verdict')

describe('an experiment of AWS FIS', () => {
  test('labels the signals of its traces, and gets a verdict on the topic when they are quiet', async () => {
    await experiments(stateChange('running', START_MS), CONTEXT)
    await serve(1, [CHARGE])
    vi.setSystemTime(START_MS + 10 * MINUTE_MS)
    await experiments(stateChange('completed', START_MS + 5 * MINUTE_MS), CONTEXT)
    expect(stack.published()[0]?.data.experiments).toEqual(['fis-EXPaBCD1efg2HIJkL3'])
    await verdicts({}, CONTEXT)
    await verdicts({}, CONTEXT)
    expect(verdictEvents().map(({ subject, data }) => [subject, data.outcome])).toEqual([
      ['fis-EXPaBCD1efg2HIJkL3', 'violated'],
    ])
    const { body } = await ask('GET', '/v1/experiments/fis-EXPaBCD1efg2HIJkL3')
    expect((body as ExperimentDetail).verdict).toMatchObject({
      revision: 1,
      traces: 1,
      rules: [{ verdict: 'violated', exercised: 1, violated: 1, change: 'new', samples: [{ traceId: traceId(1) }] }],
    })
  })

  test('whose events come twice and in the wrong order gets the same verdict', async () => {
    vi.setSystemTime(START_MS + 10 * MINUTE_MS)
    for (const [status, atMs] of [
      ['completed', START_MS + MINUTE_MS],
      ['running', START_MS],
      ['initiating', START_MS - 5_000],
      ['completed', START_MS + MINUTE_MS],
      ['running', START_MS],
    ] as const) {
      await experiments(stateChange(status, atMs), CONTEXT)
    }
    await verdicts({}, CONTEXT)
    expect(verdictEvents()[0]?.data).toMatchObject({
      outcome: 'not-exercised',
      from: new Date(START_MS).toISOString(),
      to: new Date(START_MS + MINUTE_MS).toISOString(),
      experiment: { state: 'ended', outcome: 'completed' },
    })
  })

  test('that cannot be stored throws, so that Lambda tries again', async () => {
    stack.faults.decide(() => 'lost')
    await expect(experiments(stateChange('running', START_MS), CONTEXT)).rejects.toThrow('cannot write')
  })
})

describe('a verdict', () => {
  test('is revised when a late span completes the trace', async () => {
    await ask('POST', '/v1/experiments', { action: 'start', id: 'drill', at: START_MS })
    await serve(1, [CHARGE])
    await ask('POST', '/v1/experiments', { action: 'stop', id: 'drill', at: START_MS + 1_000 })
    vi.setSystemTime(START_MS + 5 * MINUTE_MS)
    await verdicts({}, CONTEXT)
    await stack.send(tracesData([{ ...VALIDATION, startMs: START_MS, endMs: START_MS }], traceId(1)))
    await stack.settle()
    vi.setSystemTime(Date.now() + 2 * MINUTE_MS)
    await verdicts({}, CONTEXT)
    expect(verdictEvents().map(({ data }) => data.outcome)).toEqual(['violated', 'held'])
  })

  test('that could not be sent is sent the next time', async () => {
    await ask('POST', '/v1/experiments', { action: 'start', id: 'drill', at: START_MS })
    await ask('POST', '/v1/experiments', { action: 'stop', id: 'drill', at: START_MS + 1_000 })
    vi.setSystemTime(START_MS + 5 * MINUTE_MS)
    stack.faults.decide(({ action }) => (action === 'POST /' ? 'lost' : 'served'))
    await verdicts({}, CONTEXT)
    expect(verdictEvents()).toEqual([])
    stack.faults.decide(() => 'served')
    await verdicts({}, CONTEXT)
    await verdicts({}, CONTEXT)
    expect(verdictEvents()).toHaveLength(1)
  })

  test('is worked out by one function at a time', async () => {
    await ask('POST', '/v1/experiments', { action: 'start', id: 'drill', at: START_MS })
    await ask('POST', '/v1/experiments', { action: 'stop', id: 'drill', at: START_MS + 1_000 })
    vi.setSystemTime(START_MS + 5 * MINUTE_MS)
    await Promise.all([verdicts({}, CONTEXT), verdicts({}, CONTEXT), verdicts({}, CONTEXT)])
    expect(verdictEvents()).toHaveLength(1)
  })
})

describe('the API behind the gateway', () => {
  test('takes what is posted, lists and shows it', async () => {
    const started = await ask('POST', '/v1/experiments', { action: 'start', id: 'drill', at: START_MS })
    expect(started).toMatchObject({ status: 202, body: { id: 'drill', state: 'running' } })
    expect((await ask('POST', '/v1/experiments', { action: 'start', id: 'drill', at: START_MS })).status).toBe(200)
    expect((await ask('GET', '/v1/experiments')).body).toMatchObject({ experiments: [{ id: 'drill' }] })
    expect((await ask('GET', '/v1/experiments/drill')).body).toMatchObject({ id: 'drill', verdict: null })
    expect((await ask('GET', '/v1/experiments/none')).status).toBe(404)
    expect((await ask('POST', '/v1/experiments', { pad: 'x'.repeat(70_000) })).status).toBe(413)
  })

  test('answers 503 while the table cannot be read', async () => {
    stack.faults.decide(() => 'lost')
    expect(await ask('GET', '/v1/experiments/drill')).toMatchObject({
      status: 503,
      body: { error: { code: 'unavailable' } },
    })
  })
})

test('the health check is 503 while a critical rule fires, with the rule, and 200 after', async () => {
  expect((await ask('GET', '/v1/invariants/health')).status).toBe(200)
  await serve(1, [CHARGE])
  expect(await ask('GET', '/v1/invariants/health', undefined, { severity: 'critical', window: '60s' })).toMatchObject({
    status: 503,
    body: { firing: [{ signal: 'CHARGE_WITHOUT_VALIDATION', traceId: traceId(1), service: 'payments' }] },
  })
  expect((await ask('GET', '/v1/invariants/health', undefined, { rules: 'OTHER' })).status).toBe(200)
  vi.setSystemTime(Date.now() + 61_000)
  expect((await ask('GET', '/v1/invariants/health')).status).toBe(200)
})
