import { expect, onTestFinished, test, vi } from 'vitest'
import { KEY_CASES, KNOWN_KEY, SECOND_KEY } from '../../cases/presented-keys.ts'
import { rawConnection, startServer } from './traces-server.ts'

/** Replaces the built-in, so that the test sees what our code asks of it. */
const compared = vi.hoisted(() => ({ times: 0 }))
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>()
  const timingSafeEqual: typeof crypto.timingSafeEqual = (a, b) => {
    compared.times += 1
    return crypto.timingSafeEqual(a, b)
  }
  return { ...crypto, timingSafeEqual }
})

const api = async () => ({ status: 200, headers: {}, body: '{}' })

async function statusOf(
  port: number,
  target: string,
  headers: readonly (readonly [string, string])[],
): Promise<number> {
  const connection = rawConnection(port)
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const fixed = 'host: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n'
  connection.write(`${target} HTTP/1.1\r\n${fixed}${lines}\r\n{}`)
  return Number((await connection.closed()).split(' ')[1])
}

test.each(KEY_CASES)('a server with keys: $what passes: $passes', async ({ headers, passes, statusOfServer = 401 }) => {
  const { port } = await startServer({ apiKeys: [KNOWN_KEY, SECOND_KEY], api })

  for (const target of ['POST /v1/traces', 'POST /v1/experiments', 'GET /v1/invariants/health']) {
    expect([target, await statusOf(port, target, headers)]).toEqual([target, passes ? 200 : statusOfServer])
  }
})

test('a key is compared in constant time with every key, whichever is the right one', async () => {
  const { port } = await startServer({ apiKeys: [KNOWN_KEY, SECOND_KEY, 'a-third-key-of-another-client'], api })
  onTestFinished(() => {
    compared.times = 0
  })
  for (const key of [KNOWN_KEY, SECOND_KEY, 'wrong']) {
    compared.times = 0
    await statusOf(port, 'POST /v1/traces', [['x-api-key', key]])
    expect(compared.times).toBe(3)
  }
})

test('no method gets past the keys but the preflight of a browser, which learns nothing', async () => {
  const { port } = await startServer({ apiKeys: [KNOWN_KEY], api })
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
    expect([method, await statusOf(port, `${method} /v1/traces`, [])]).toEqual([method, 401])
  }
  expect(await statusOf(port, 'OPTIONS /v1/traces', [])).toBe(405)
})

test('a path spelt otherwise does not get around the keys', async () => {
  const { port } = await startServer({ apiKeys: [KNOWN_KEY], api })
  const spellings = [
    '//v1/experiments',
    '/V1/experiments',
    '/v1/%65xperiments',
    '/v1//experiments',
    '/x/../v1/experiments',
  ]
  for (const path of [...spellings, 'http://localhost/v1/experiments', '*']) {
    expect([path, await statusOf(port, `GET ${path}`, [])]).toEqual([path, 404])
  }
  expect(await statusOf(port, 'GET /v1/experiments/../invariants/health', [])).toBe(401)
})
