import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { APIGatewayAuthorizerResult } from 'aws-lambda'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { keyDigest } from '../../shared/stores/api-keys.ts'
import { ENVIRONMENT, MAX_REQUEST_BYTES } from '../../shared/stores/deployment.ts'
import { CONTEXT } from '../aws/local-stack.ts'

const SECRET = { generatedKey: 'the-generated-key', addedKeys: [{ name: 'ci', sha256: keyDigest('the-added-key') }] }
const METHOD = 'arn:aws:execute-api:eu-west-1:123456789012:api/main/POST/v1/traces'

/** Answers GetSecretValue as Secrets Manager does; no emulator at hand has it. */
let secrets: Server
let failing = false
let authorize: (headers: Readonly<Record<string, string>>) => Promise<APIGatewayAuthorizerResult>

beforeAll(async () => {
  secrets = createServer((_, response) => {
    response.writeHead(failing ? 500 : 200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(
      JSON.stringify(failing ? { __type: 'InternalServiceError' } : { SecretString: JSON.stringify(SECRET) }),
    )
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
  failing = false
  vi.resetModules()
  const { handler } = await import('../../lambdas/authorizer.ts')
  authorize = (headers) => handler({ headers, methodArn: METHOD } as never, CONTEXT, {} as never) as never
})

describe('a request', () => {
  test.each([
    ['x-api-key', { 'x-api-key': 'the-generated-key' }, 'generated'],
    ['X-API-Key, however it is spelt', { 'X-API-Key': 'the-added-key' }, 'ci'],
    ['Authorization: Bearer', { Authorization: 'Bearer the-added-key' }, 'ci'],
    ['authorization: bearer, in small letters', { authorization: 'bearer the-generated-key' }, 'generated'],
  ])('with a key as %s passes, under the name of the key', async (_, headers, principalId) => {
    expect(await authorize(headers)).toEqual({
      principalId,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: METHOD }],
      },
    })
  })

  test.each([
    ['no key', {}],
    ['a wrong key', { 'x-api-key': 'wrong' }],
    ['an empty key', { 'x-api-key': '' }],
    ['a key of another scheme', { authorization: 'Basic the-added-key' }],
    ['a hash in place of its key', { 'x-api-key': keyDigest('the-added-key') }],
  ])('with %s gets the text from which the gateway makes a 401', async (_, headers) => {
    await expect(authorize(headers)).rejects.toThrow(/^Unauthorized$/)
  })

  test('too long for the function behind the gateway is denied, one that just fits is not', async () => {
    const effect = async (length: number) =>
      (await authorize({ 'x-api-key': 'the-added-key', 'Content-Length': String(length) })).policyDocument.Statement[0]
        ?.Effect
    expect(await effect(MAX_REQUEST_BYTES)).toBe('Allow')
    expect(await effect(MAX_REQUEST_BYTES + 1)).toBe('Deny')
  })

  test('that cannot be checked fails otherwise than one without a key, so that the client sends it again', async () => {
    failing = true
    await expect(authorize({ 'x-api-key': 'the-added-key' })).rejects.toThrow(/read the keys/)
  })
})
