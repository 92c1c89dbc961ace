import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { APIGatewayAuthorizerResult } from 'aws-lambda'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ENVIRONMENT, MAX_REQUEST_BYTES } from '../../shared/aws/deployment.ts'
import { keyDigest } from '../../shared/aws/keys/api-keys.ts'
import { KEY_CASES, KNOWN_KEY, SECOND_KEY } from '../cases/presented-keys.ts'
import { CONTEXT } from '../emulators/local-stack.ts'

const SECRET = { generatedKey: KNOWN_KEY, addedKeys: [{ name: 'ci', sha256: keyDigest(SECOND_KEY) }] }
const METHOD = 'arn:aws:execute-api:eu-west-1:123456789012:api/main/POST/v1/traces'
const NOW_MS = 1_764_000_000_000

interface Answer {
  readonly status: number
  readonly body: string
}

/** Answers GetSecretValue as Secrets Manager does; no emulator at hand has it. */
let secrets: Server
let answer: Answer | 'cut'
let asked = 0
let authorize: (headers: Readonly<Record<string, string>>, methodArn?: string) => Promise<APIGatewayAuthorizerResult>

const holding = (secret: unknown): Answer => holdingText(JSON.stringify(secret))
const holdingText = (SecretString: string): Answer => ({ status: 200, body: JSON.stringify({ SecretString }) })
const failing = (status: number, __type: string): Answer => ({ status, body: JSON.stringify({ __type }) })

beforeAll(async () => {
  secrets = createServer((request, response) => {
    asked += 1
    if (answer === 'cut') return void request.socket.destroy()
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(answer.body)
  })
  await new Promise<void>((resolve) => secrets.listen(0, '127.0.0.1', resolve))
  Object.assign(process.env, {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_MAX_ATTEMPTS: '1',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(secrets.address() as AddressInfo).port}`,
    [ENVIRONMENT.keySecret]: 'keys',
    [ENVIRONMENT.functionName]: 'authorizer',
    [ENVIRONMENT.metricNamespace]: 'test',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  })
})
afterAll(() => secrets.close().closeAllConnections())

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS })
  answer = holding(SECRET)
  asked = 0
  authorize = await newFunction()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A function that has just been started: it knows no key yet. */
async function newFunction(): Promise<typeof authorize> {
  vi.resetModules()
  const { handler } = await import('../../lambdas/authorizer.ts')
  return (headers, methodArn = METHOD) => handler({ headers, methodArn } as never, CONTEXT, {} as never) as never
}

const withKey = (key: string) => authorize({ 'x-api-key': key })
const at = (seconds: number) => vi.setSystemTime(NOW_MS + seconds * 1000)
/** From this text the gateway makes a 401; from any other error a 503, which is sent again. */
const UNAUTHORIZED = /^Unauthorized$/

describe('a request', () => {
  // One function for all: what one request was refused for must not help the next.
  let handler: (event: never, context: never, done: never) => Promise<APIGatewayAuthorizerResult>
  beforeAll(async () => {
    vi.resetModules()
    answer = holding(SECRET)
    handler = (await import('../../lambdas/authorizer.ts')).handler as never
  })

  test.each(KEY_CASES)('with $what passes: $passes', async ({ headers, passes }) => {
    // As the gateway does: the last value of each header, and beside it all of them.
    const multiValueHeaders: Record<string, string[]> = {}
    for (const [name, value] of headers) multiValueHeaders[name] = [...(multiValueHeaders[name] ?? []), value]
    const event = { headers: Object.fromEntries(headers), multiValueHeaders, methodArn: METHOD }
    const answered = handler(event as never, CONTEXT as never, {} as never)
    if (!passes) return expect(answered).rejects.toThrow(UNAUTHORIZED)
    const { policyDocument } = await answered
    expect(policyDocument.Statement).toEqual([{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: METHOD }])
  })

  test('passes under the name of its key, for the method that it asks for and no other', async () => {
    for (const method of ['POST/v1/traces', 'GET/v1/experiments/a', 'GET/v1/invariants/health']) {
      const arn = METHOD.replace('POST/v1/traces', method)
      expect(await authorize({ 'x-api-key': SECOND_KEY }, arn)).toEqual({
        principalId: 'ci',
        policyDocument: {
          Version: '2012-10-17',
          Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: arn }],
        },
      })
    }
    expect((await withKey(KNOWN_KEY)).principalId).toBe('generated')
  })

  test('without headers at all is refused', async () => {
    await expect(authorize(null as never)).rejects.toThrow(UNAUTHORIZED)
    await expect(authorize({ 'x-api-key': null as never })).rejects.toThrow(UNAUTHORIZED)
  })

  test('too long for the function behind the gateway is denied, one that just fits is not', async () => {
    const effect = async (length: string) =>
      (await authorize({ 'x-api-key': SECOND_KEY, 'Content-Length': length })).policyDocument.Statement[0]?.Effect
    expect(await effect(String(MAX_REQUEST_BYTES))).toBe('Allow')
    expect(await effect(String(MAX_REQUEST_BYTES + 1))).toBe('Deny')
  })
})

describe('a key', () => {
  test('that was revoked is good for the minute in which functions remember it, and then no more', async () => {
    await withKey(SECOND_KEY)
    answer = holding({ ...SECRET, addedKeys: [] })
    at(59)
    expect((await withKey(SECOND_KEY)).principalId).toBe('ci')
    at(60)
    await expect(withKey(SECOND_KEY)).rejects.toThrow(UNAUTHORIZED)
    await expect((await newFunction())({ 'x-api-key': SECOND_KEY })).rejects.toThrow(UNAUTHORIZED)
  })

  test('that was just added is good after a minute', async () => {
    answer = holding({ generatedKey: KNOWN_KEY })
    await expect(withKey(SECOND_KEY)).rejects.toThrow(UNAUTHORIZED)
    answer = holding(SECRET)
    at(60)
    expect((await withKey(SECOND_KEY)).principalId).toBe('ci')
  })

  test('of another stack is refused, and so is every key of a stack without keys', async () => {
    answer = holding({ generatedKey: 'The-Known-Key-of-another-stack-00000' })
    await expect(withKey(KNOWN_KEY)).rejects.toThrow(UNAUTHORIZED)
    for (const none of [{}, { addedKeys: [] }]) {
      answer = holding(none)
      authorize = await newFunction()
      for (const key of ['', KNOWN_KEY, 'undefined', keyDigest('')]) {
        await expect(withKey(key)).rejects.toThrow(UNAUTHORIZED)
      }
    }
  })

  test('is found among thousands, and a wrong one is not', async () => {
    const others = Array.from({ length: 5_000 }, (_, number) => ({
      name: `n${number}`,
      sha256: keyDigest(`k${number}`),
    }))
    answer = holding({ addedKeys: [...others, ...SECRET.addedKeys] })
    expect((await withKey(SECOND_KEY)).principalId).toBe('ci')
    await expect(withKey(KNOWN_KEY)).rejects.toThrow(UNAUTHORIZED)
    expect(asked).toBe(1)
  })
})

const UNREADABLE: readonly (readonly [string, Answer | 'cut'])[] = [
  ['fails', failing(500, 'InternalServiceError')],
  ['is throttled', failing(400, 'ThrottlingException')],
  ['refuses the function', failing(400, 'AccessDeniedException')],
  ['has no such secret', failing(400, 'ResourceNotFoundException')],
  ['cannot decrypt it', failing(400, 'DecryptionFailure')],
  ['ends the connection', 'cut'],
  ['answers with no JSON', { status: 200, body: 'Allow' }],
  ['answers without a secret', { status: 200, body: '{}' }],
  ['has an empty secret', holdingText('')],
  ['has a secret that is cut off', holdingText(JSON.stringify(SECRET).slice(0, -2))],
  ['has a secret of another shape', holding([SECRET])],
  ['has no list of keys', holding({ ...SECRET, addedKeys: 'all' })],
  ['has a digest that is none', holding({ ...SECRET, addedKeys: [{ name: 'ci', sha256: '' }] })],
  ['has a generated key that is too short to be one', holding({ ...SECRET, generatedKey: '' })],
]

describe('where the store of keys', () => {
  test.each(UNREADABLE)(
    '%s, nobody passes, and a client is asked to send again, not told that its key is wrong',
    async (_, given) => {
      answer = given
      for (const key of [KNOWN_KEY, SECOND_KEY, 'wrong', '']) {
        await expect(withKey(key)).rejects.toThrow(/read the keys|key secret is not readable/)
      }
      await expect(authorize({})).rejects.toThrow(UNAUTHORIZED)
    },
  )

  test.each(UNREADABLE)(
    '%s later, keys known by then stay good for 15 minutes, no other becomes so',
    async (_, given) => {
      await withKey(KNOWN_KEY)
      answer = given
      for (const seconds of [60, 300, 899]) {
        at(seconds)
        expect((await withKey(KNOWN_KEY)).principalId).toBe('generated')
        for (const key of ['wrong', '', keyDigest(SECOND_KEY)]) await expect(withKey(key)).rejects.toThrow(UNAUTHORIZED)
      }
      at(900)
      await expect(withKey(KNOWN_KEY)).rejects.toThrow(/read the keys|key secret is not readable/)
      answer = holding(SECRET)
      expect((await withKey(KNOWN_KEY)).principalId).toBe('generated')
    },
  )
})
