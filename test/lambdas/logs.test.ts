import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateSync, gzipSync } from 'node:zlib'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { keyDigest } from '../../shared/stores/api-keys.ts'
import { dynamoClient } from '../../shared/stores/clients.ts'
import { ENVIRONMENT, MAX_REQUEST_BYTES } from '../../shared/stores/deployment.ts'
import { CONTEXT, type LocalStack, START_MS, startLocalStack } from '../aws/local-stack.ts'
import { startReplayStack } from '../aws/replay-stack.ts'
import { encode } from '../otlp/otlp-proto.ts'

/** Occurs in every part of a span that a client chooses. */
const CONTENT = 'zqcontent'
/** Occurs in everything that must be known to nobody. */
const SECRET = 'zqsecret'

const RULES = `
// Signal: CHARGED (critical)
trace.has("${CONTENT}.charge").where(card == "${CONTENT}-card") and not trace.has("${CONTENT}.validate")
// Signal: NEAR_MISS (low)
trace.has("${CONTENT}.charge").where(amount > 5) and not trace.has("${CONTENT}.charge").where(card == other)
`

/** Enough for a function to give up what it was about. */
const CALLS_LOST = 12

/** All that was written to stdout and stderr so far. */
let written = ''
let stack: LocalStack

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written += String(chunk)
      return true
    })
  }
  for (const level of ['debug', 'info', 'log', 'warn', 'error'] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => {
      written += parts.map(String).join(' ')
    })
  }
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
const text = (key: string, value = `${CONTENT}-${key}`) => ({ key, value: { stringValue: value } })

/** A request whose names, keys and values all hold the marker. */
function request(traceId: string, name: string, startMs = START_MS): Uint8Array {
  const span = {
    traceId: Buffer.from(traceId, 'hex'),
    spanId: Buffer.from(name.padEnd(8).slice(0, 8)),
    name: `${CONTENT}.${name}`,
    traceState: `${CONTENT}=1`,
    startTimeUnixNano: String(BigInt(startMs) * 1_000_000n),
    endTimeUnixNano: String(BigInt(startMs + 5) * 1_000_000n),
    attributes: [text('card'), text(CONTENT), { key: 'amount', value: { intValue: 7 } }],
    events: [{ timeUnixNano: '1', name: `${CONTENT}-event`, attributes: [text('exception.message')] }],
    status: { code: 2, message: `${CONTENT}-status` },
  }
  const resource = { attributes: [text('service.name'), text('host.name')] }
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

/** Lines were written, and none holds a marker, as it is or encoded as bodies are in events and items. */
function expectNothingTold(): void {
  expect(written).toMatch(/"level":"|_aws/)
  for (const marker of [CONTENT, SECRET]) {
    const hex = Buffer.from(marker).toString('hex')
    const base64 = [0, 1, 2].map((shift) =>
      Buffer.from('x'.repeat(shift) + marker)
        .toString('base64')
        .slice(4, 12),
    )
    for (const form of [marker, hex, ...base64]) {
      const at = written.indexOf(form)
      expect(at < 0 ? '' : written.slice(Math.max(0, at - 200), at + 100)).toBe('')
    }
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
    expectNothingTold()
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
    expectNothingTold()
  })

  test('when AWS fails at any call', async () => {
    for (const action of [/Batch/, /UpdateItem/, /Query/, /GetItem/, /PUT \/archive/, /SendMessage/, /^POST \/$/]) {
      const traceId = newTraceId()
      let left = CALLS_LOST
      stack.faults.decide((call) => (action.test(call.action) && left-- > 0 ? 'lost' : 'served'))
      await stack.send(request(traceId, 'charge'))
      await stack.settle()
    }
    expect(written).toContain('timer failed')
    expectNothingTold()
  })

  test('when what is stored cannot be read, or is no trace', async () => {
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
    expectNothingTold()
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
    const shown: string[] = []
    const told = (error: Error) => shown.push(error.name)
    for (const rules of [bad, [`${CONTENT}`]]) await replay.invoke({ ...range, rules }).catch(told)
    await replay.invoke({ run: CONTENT }).catch(told)
    const [first] = await stack.archive.list('spans/')
    await stack.archive.put(first?.key ?? '', Buffer.from(`PAR1 ${CONTENT} PAR1`))
    expect(await replay.invoke(range)).toMatchObject({ report: { failures: [{ key: first?.key }] } })
    expectNothingTold()
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
    const shown: string[] = []
    for (const key of [`${SECRET}-generated-key`, `${SECRET}-added-key`, `${SECRET}-wrong`]) {
      const told = (error: Error) => shown.push(`${error.name} ${error.message}`)
      await authorize({ 'x-api-key': key }).catch(told)
      await authorize({ authorization: `Bearer ${key}` }).catch(told)
    }
    // Lambda writes what a handler throws to the log.
    written += shown.join('\n')
    expectNothingTold()
  })
})
