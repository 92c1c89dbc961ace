import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { deflateSync, gzipSync } from 'node:zlib'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { SFNClient } from '@aws-sdk/client-sfn'
import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { dynamoClient } from '../../shared/aws/clients.ts'
import { ENVIRONMENT, MAX_REQUEST_BYTES } from '../../shared/aws/deployment.ts'
import { keyDigest } from '../../shared/aws/keys/api-keys.ts'
import { startExecution } from '../../shared/aws/replay/replay-execution.ts'
import { writeRun } from '../../shared/aws/replay/replay-runs.ts'
import { CONTEXT, type LocalStack, START_MS, startLocalStack } from '../emulators/local-stack.ts'
import { anyRunId, startReplayStack } from '../emulators/replay-stack.ts'
import { encode } from '../otlp/otlp-proto.ts'
import { CONTENT, captureTold, SECRET, type Told } from './told.ts'

const RULES = `
// Signal: CHARGED (critical)
trace.has("${CONTENT}.charge").where(card == "${CONTENT}-card") and not trace.has("${CONTENT}.validate")
// Signal: NEAR_MISS (low)
trace.has("${CONTENT}.charge").where(amount > 5) and not trace.has("${CONTENT}.charge").where(card == other)
`

/** Enough for a function to give up what it was about. */
const CALLS_LOST = 12

let told: Told
let stack: LocalStack

beforeAll(async () => {
  told = captureTold()
  stack = await startLocalStack({
    rules: RULES,
    judging: { maxAttempts: 2, retryDelayMs: 1_000, maxTransientAttempts: 2 },
    environment: {
      AWS_SECRET_ACCESS_KEY: `${SECRET}-access-key`,
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
      POWERTOOLS_METRICS_DISABLED: 'false',
    },
  })
})
afterAll(async () => {
  await stack.stop()
  vi.restoreAllMocks()
})

let traces = 0
const newTraceId = () => (0xdef000 + ++traces).toString(16).padStart(32, '0')
const attribute = (key: string, value = `${CONTENT}-${key}`) => ({ key, value: { stringValue: value } })

/** A request whose names, keys and values all hold the marker. */
function request(traceId: string, name: string, startMs = START_MS): Uint8Array {
  const span = {
    traceId: Buffer.from(traceId, 'hex'),
    spanId: Buffer.from(name.padEnd(8).slice(0, 8)),
    name: `${CONTENT}.${name}`,
    traceState: `${CONTENT}=1`,
    startTimeUnixNano: String(BigInt(startMs) * 1_000_000n),
    endTimeUnixNano: String(BigInt(startMs + 5) * 1_000_000n),
    attributes: [attribute('card'), attribute(CONTENT), { key: 'amount', value: { intValue: 7 } }],
    events: [{ timeUnixNano: '1', name: `${CONTENT}-event`, attributes: [attribute('exception.message')] }],
    status: { code: 2, message: `${CONTENT}-status` },
  }
  const resource = { attributes: [attribute('service.name'), attribute('host.name')] }
  const scope = { name: `${CONTENT}-scope`, version: CONTENT }
  return encode('TracesData', { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }] })
}

/** Replaces what is stored of a trace by bytes that are no spans, in the form that chunks have. */
async function replaceStored(traceId: string, bytes: Uint8Array): Promise<void> {
  for (const item of await stack.items(traceId)) {
    if (item.item?.S?.startsWith('c#') !== true) continue
    await dynamoClient().send(new PutItemCommand({ TableName: 'buffer', Item: { ...item, p: { B: bytes } } }))
  }
}

describe('no log line or metric of a function has anything of a span', () => {
  test('when all is well: judged, late, retracted, rescued', async () => {
    const traceId = newTraceId()
    await stack.send(request(traceId, 'charge'))
    await stack.settle()
    expect(stack.published().length).toBeGreaterThan(0)
    await stack.send(request(traceId, 'validate'))
    await stack.settle()
    await stack.send(request(traceId, 'late', START_MS - 30 * 3_600_000))
    await stack.settle()
    const expired = newTraceId()
    await stack.send(request(expired, 'charge'))
    await stack.expire(expired)
    expect(stack.published().some(({ data }) => data.traceId === expired)).toBe(true)
    told.expectNothing()
  })

  test('when a request is refused: no OTLP, cut off, too large, of an unknown type or encoding', async () => {
    const body = request(newTraceId(), 'charge')
    const json = { 'content-type': 'application/json' }
    const protobuf = { 'content-type': 'application/x-protobuf' }
    const answers = await Promise.all([
      stack.send(Buffer.from(`{"resourceSpans": ["${CONTENT}"`), json),
      stack.send(
        Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: CONTENT }] }] }] })),
        json,
      ),
      stack.send(body.subarray(0, body.length - 3)),
      stack.send(Buffer.concat([gzipSync(body).subarray(0, 60)]), { ...protobuf, 'content-encoding': 'gzip' }),
      stack.send(body, { 'content-type': CONTENT }),
      stack.send(body, { ...protobuf, 'content-encoding': CONTENT }),
      stack.send(Buffer.alloc(MAX_REQUEST_BYTES + 1, CONTENT)),
    ])
    for (const { statusCode } of answers) expect([400, 413, 415, 200]).toContain(statusCode)
    expect(answers.filter(({ statusCode }) => statusCode >= 400).length).toBeGreaterThan(4)
    told.expectNothing()
  })

  test('when AWS fails at any call', async () => {
    for (const action of [/Batch/, /UpdateItem/, /Query/, /GetItem/, /PUT \/archive/, /SendMessage/, /^POST \/$/]) {
      const traceId = newTraceId()
      let left = CALLS_LOST
      stack.faults.decide((call) => (action.test(call.action) && left-- > 0 ? 'lost' : 'served'))
      await stack.send(request(traceId, 'charge'))
      await stack.settle()
    }
    expect(told.text()).toContain('timer failed')
    told.expectNothing()
  })

  test('when stored chunks cannot be read, or are not a trace', async () => {
    const content = Buffer.from(`${CONTENT} `.repeat(50))
    for (const bytes of [
      content,
      Buffer.concat([Buffer.from([1]), content]),
      Buffer.concat([Buffer.from([1]), deflateSync(content)]),
    ]) {
      const traceId = newTraceId()
      await stack.send(request(traceId, 'charge'))
      await replaceStored(traceId, bytes)
      await stack.settle()
    }
    expect(stack.queued('dead').length).toBeGreaterThan(0)
    told.expectNothing()
  })
})

describe('no log line of a replay has anything of a span, nor of its rules', () => {
  test('when it judges, is refused, or meets an object that is damaged', async () => {
    const replay = await startReplayStack(stack.s3, CONTEXT)
    onTestFinished(() => replay.stop())
    await stack.send(request(newTraceId(), 'charge'))
    await stack.settle()
    const range = { from: '2026-01-31T00:00Z', to: '2026-02-03T00:00Z', limit: 10 }
    expect(await replay.invoke({ ...range, mode: 'publish' })).toMatchObject({
      state: 'done',
      report: { failures: [] },
    })
    const bad = `// Signal: BAD (low)\n"${CONTENT}" >> "${SECRET}`
    for (const rules of [bad, [`${CONTENT}`]]) await replay.invoke({ ...range, rules }).catch(() => undefined)
    await replay.invoke({ run: CONTENT }).catch(() => undefined)
    const [first] = await stack.archive.list('spans/')
    await stack.archive.put(first?.key ?? '', Buffer.from(`PAR1 ${CONTENT} PAR1`))
    expect(await replay.invoke(range)).toMatchObject({ report: { failures: [{ key: first?.key }] } })
    told.expectNothing()
  })
})

describe('no log line of a large replay has anything of a span', () => {
  test('when its steps work, meet a damaged object, or lose calls to AWS', async () => {
    const replay = await startReplayStack(stack.s3, CONTEXT)
    onTestFinished(() => replay.stop())
    vi.setSystemTime(START_MS)
    stack.faults.decide(() => 'served')
    await stack.send(request(newTraceId(), 'charge'))
    await stack.settle()
    const sfn = new SFNClient({})
    onTestFinished(() => sfn.destroy())
    const run = async () => {
      const id = anyRunId()
      const range = { fromMs: START_MS - 86_400_000, toMs: START_MS + 86_400_000 }
      const rules = { files: [{ file: 'a.rules', text: RULES }] }
      await writeRun(stack.archive, { id, range, rules, mode: 'publish', sampleLimit: 10 })
      await startExecution({ client: sfn, arn: process.env[ENVIRONMENT.replayMachine] ?? '' }, id)
      return (await replay.executions()).get(id)?.status
    }
    const before = stack.published().length
    expect(await run()).toBe('SUCCEEDED')
    expect(stack.published().length).toBeGreaterThan(before)
    const damaged = (await stack.archive.list('spans/'))[0]?.key ?? ''
    await stack.archive.put(damaged, Buffer.from(`PAR1 ${CONTENT} PAR1`))
    expect(await run()).toBe('SUCCEEDED')
    let left = CALLS_LOST
    stack.faults.decide(({ action }) => (/archive/.test(action) && left-- > 0 ? 'lost' : 'served'))
    await run()
    stack.faults.decide(() => 'served')
    told.expectNothing()
  })
})

describe('no log line of compacting, experiments and rule seeding has anything of a span or secret', () => {
  test('when the compactor merges, cannot read an object, or S3 fails', async () => {
    const { handler } = await import('../../lambdas/compactor.ts')
    const invoke = handler as unknown as (event: object, context: object) => Promise<unknown>
    const context = { ...CONTEXT, getRemainingTimeInMillis: () => 900_000 }
    const compact = (event: object) => told.run(() => invoke(event, context))
    await stack.send(request(newTraceId(), 'charge'))
    await stack.settle()
    const [{ key } = { key: '' }] = (await stack.archive.list('spans/')).slice(-1)
    await stack.archive.put(key.replace(/[^/]+$/, `w-${'ab'.repeat(16)}.parquet`), Buffer.from(`PAR1 ${CONTENT} PAR1`))
    const range = { from: '2026-01-30T00:00Z', to: '2026-02-03T00:00Z' }
    expect(await compact(range)).toMatchObject({ state: 'done' })
    expect(await compact({ from: CONTENT })).toMatchObject({ state: 'refused' })
    stack.faults.decide(() => 'lost')
    await compact(range)
    stack.faults.decide(() => 'served')
    told.expectNothing()
  })

  test('when experiments are reported, badly too, judged, and their store fails', async () => {
    const experiments = (await import('../../lambdas/experiments.ts')).handler as unknown as (
      event: object,
      context: object,
    ) => Promise<{ statusCode: number }>
    const verdicts = (await import('../../lambdas/verdicts.ts')).handler as unknown as typeof experiments
    const headers = { 'Content-Type': 'application/json', 'X-Api-Key': SECRET, Authorization: `Bearer ${SECRET}` }
    const post = async (body: string, path = '/v1/experiments', httpMethod = 'POST') =>
      (await experiments({ httpMethod, path, headers, body, isBase64Encoded: false }, CONTEXT)).statusCode
    const at = (ms: number) => new Date(ms).toISOString()
    vi.setSystemTime(START_MS)
    expect(await post(JSON.stringify({ action: 'start', id: 'drill', at: at(START_MS - 1_000), name: CONTENT }))).toBe(
      202,
    )
    await stack.send(request(newTraceId(), 'charge'))
    await stack.settle()
    expect(await post(JSON.stringify({ action: 'stop', id: 'drill', at: at(START_MS + 60_000) }))).toBe(202)
    const bad = [`{"action": "${SECRET}"}`, `${CONTENT}`, `{"action":"start","id":"x","at":"${CONTENT}"}`]
    for (const body of bad) expect(await post(body)).toBe(400)
    expect(await post('', `/v1/experiments/${CONTENT}`, 'GET')).toBe(404)
    vi.setSystemTime(START_MS + 3_600_000)
    await told.run(() => verdicts({}, CONTEXT))
    expect(told.text()).toContain('verdicts given')
    stack.faults.decide(() => 'lost')
    expect(await post(JSON.stringify({ action: 'start', id: 'other', name: CONTENT }))).toBe(503)
    await told.run(() => verdicts({}, CONTEXT))
    stack.faults.decide(() => 'served')
    told.expectNothing()
  })

  test('when rules cannot be seeded, whether CloudFormation is answered or not: its address is a signed one', async () => {
    const seed = (await import('../../lambdas/rule-seeding.ts')).handler as unknown as (
      event: object,
      context: object,
    ) => Promise<void>
    let status = 200
    const bodies: string[] = []
    const cloudFormation = createServer(async (incoming, response) => {
      bodies.push(await text(incoming))
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => cloudFormation.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void cloudFormation.close().closeAllConnections())
    const { port } = cloudFormation.address() as AddressInfo
    const event = (on: number) => ({
      RequestType: 'Create',
      ResponseURL: `http://127.0.0.1:${on}/?X-Amz-Signature=${SECRET}`,
      ResourceProperties: { packs: ['*'], ServiceToken: SECRET },
    })
    await told.run(() => seed(event(port), CONTEXT))
    // The handler in lambdas/ has no packs beside it.
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ Status: 'FAILED' })
    status = 403
    await told.run(() => seed(event(port), CONTEXT))
    await told.run(() => seed(event(1), CONTEXT))
    expect(told.text()).toContain('CloudFormation answers 403')
    told.expectNothing()
  })
})

describe('no log line of the authorizer has a key', () => {
  let secrets: Server
  let answer: { readonly status: number; readonly body: unknown }
  let authorize: (headers: Readonly<Record<string, string>>) => Promise<unknown>
  beforeAll(async () => {
    secrets = createServer((_, response) => {
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(answer.body))
    })
    await new Promise<void>((resolve) => secrets.listen(0, '127.0.0.1', resolve))
    process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = `http://127.0.0.1:${(secrets.address() as AddressInfo).port}`
    process.env[ENVIRONMENT.keySecret] = 'keys'
  })
  afterAll(() => {
    secrets.close().closeAllConnections()
    delete process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER
  })

  const KEYS = {
    generatedKey: `${SECRET}-generated-key`,
    addedKeys: [{ name: 'ci', sha256: keyDigest(`${SECRET}-added-key`) }],
  }
  const secretString = (SecretString: string) => ({ status: 200, body: { SecretString } })
  test.each([
    ['known', secretString(JSON.stringify(KEYS))],
    ['to be found in a damaged secret', secretString(`${SECRET} ${JSON.stringify(KEYS)}`)],
    ['to be found in a secret of another shape', secretString(JSON.stringify({ ...KEYS, addedKeys: SECRET }))],
    ['not to be had', { status: 400, body: { __type: 'AccessDeniedException', message: `${SECRET} is not yours` } }],
    ['not to be had for now', { status: 500, body: { __type: 'InternalServiceError', message: SECRET } }],
  ])('whether the keys are %s', async (_, given) => {
    answer = given
    vi.resetModules()
    const { handler } = await import('../../lambdas/authorizer.ts')
    authorize = (headers) => handler({ headers, methodArn: 'arn' } as never, CONTEXT as Context, {} as never) as never
    for (const key of [`${SECRET}-generated-key`, `${SECRET}-added-key`, `${SECRET}-wrong`]) {
      await told.run(() => authorize({ 'x-api-key': key }))
      await told.run(() => authorize({ authorization: `Bearer ${key}` }))
    }
    told.expectNothing()
  })
})
