import { describe, expect, test } from 'vitest'
import { type Openness, pageRefusal } from '../../../local/server/web-pages.ts'
import { INGEST_OPTIONS } from '../../../shared/pipeline/ingest.ts'
import { rawConnection, type ServerOverrides, startServer } from './traces-server.ts'

const KEY = 'a-key-of-sixteen-or-more'
const SPAN = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'forged' }
const BODY = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [SPAN] }] }] })
const ALLOWED = 'https://shop.example'
const cors = { options: { ...INGEST_OPTIONS, cors: { allowedOrigins: [ALLOWED] } } }

/** Sends a request as a browser would, and tells what became of it. */
async function asked(target: string, headers: readonly string[], overrides: ServerOverrides = {}) {
  let commands = 0
  const api = async () => {
    commands += 1
    return { status: 200, headers: {}, body: '{}' }
  }
  const pages = { '/metrics': () => ({ status: 200, contentType: 'text/plain', body: 'told' }) }
  const { port, buffer } = await startServer({ api, pages, ...overrides })
  const connection = rawConnection(port)
  const lines = ['connection: close', `content-length: ${BODY.length}`, ...headers].map((line) => `${line}\r\n`)
  connection.write(`${target} HTTP/1.1\r\n${lines.join('')}\r\n${BODY}`)
  const answer = await connection.closed()
  return { status: Number(answer.split(' ')[1]), answer, stored: buffer.chunks.size, commands }
}

const JSON_TYPE = 'content-type: application/json'

describe('a page of another site, which a server without keys cannot tell from a program by anything else,', () => {
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
  ])('stores nothing with %s, for which a browser does not ask first', async (type) => {
    const { status, stored } = await asked('POST /v1/traces', ['host: 127.0.0.1', `content-type: ${type}`])
    expect([status, stored]).toEqual([415, 0])
  })

  test('stores no spans with any type, wherever it comes from', async () => {
    for (const origin of [
      'https://evil.example',
      'null',
      'http://127.0.0.1',
      'http://localhost:3000',
      `${ALLOWED}.evil`,
    ]) {
      const headers = ['host: 127.0.0.1', JSON_TYPE, `origin: ${origin}`]
      const { status, stored, answer } = await asked('POST /v1/traces', headers, { ingest: cors })
      expect([origin, status, stored]).toEqual([origin, 403, 0])
      expect(answer).not.toMatch(/access-control-allow/i)
    }
  })

  test('opens no experiment and reads none, nor what fires', async () => {
    for (const target of ['POST /v1/experiments', 'GET /v1/experiments', 'GET /v1/invariants/health']) {
      for (const origin of ['https://evil.example', ALLOWED]) {
        const headers = ['host: 127.0.0.1', JSON_TYPE, `origin: ${origin}`]
        const { status, commands, answer } = await asked(target, headers, { ingest: cors })
        expect([target, status, commands]).toEqual([target, 403, 0])
        expect(answer).toContain('--api-key')
      }
    }
  })

  test('is not allowed by its browser’s question', async () => {
    for (const path of ['/v1/traces', '/v1/experiments', '/metrics']) {
      const question = ['host: 127.0.0.1', 'origin: https://evil.example', 'access-control-request-method: POST']
      const { answer, stored, commands } = await asked(`OPTIONS ${path}`, question, { ingest: cors })
      expect(answer).not.toMatch(/access-control-allow-origin/i)
      expect([stored, commands]).toEqual([0, path === '/v1/experiments' ? 1 : 0])
    }
  })
})

test('a page of an origin that may send stores spans, and its browser sees the answer', async () => {
  const headers = ['host: 127.0.0.1', JSON_TYPE, `origin: ${ALLOWED}`]
  const { status, stored, answer } = await asked('POST /v1/traces', headers, { ingest: cors })
  expect([status, stored]).toEqual([200, 1])
  expect(answer).toMatch(/access-control-allow-origin: https:\/\/shop\.example\r\nvary: origin/i)
  expect(answer).not.toMatch(/access-control-allow-credentials/i)
})

test('a page without the key that it needs hears that it has none', async () => {
  const headers = ['host: 127.0.0.1', JSON_TYPE, `origin: ${ALLOWED}`]
  const { status, stored, answer } = await asked('POST /v1/traces', headers, { ingest: cors, apiKeys: [KEY] })
  expect([status, stored]).toEqual([401, 0])
  expect(answer).toMatch(/access-control-allow-origin: https:\/\/shop\.example/i)
})

describe('a name that its owner pointed at this machine', () => {
  const names = [
    'evil.example',
    'evil.example:4318',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'notlocalhost.com',
  ]

  test.each(names)('(%s) is answered nothing by a server without keys', async (name) => {
    for (const target of ['POST /v1/traces', 'POST /v1/experiments', 'GET /v1/invariants/health', 'GET /metrics']) {
      const { status, stored, commands, answer } = await asked(target, [`host: ${name}`, JSON_TYPE])
      expect([target, status, stored, commands]).toEqual([target, 403, 0, 0])
      expect(answer).not.toContain('told')
    }
  })

  test('does not matter where a key is asked for', async () => {
    const headers = ['host: betrace.shop.example', JSON_TYPE]
    expect((await asked('POST /v1/traces', headers, { apiKeys: [KEY] })).status).toBe(401)
    expect((await asked('POST /v1/traces', [...headers, `x-api-key: ${KEY}`], { apiKeys: [KEY] })).status).toBe(200)
  })
})

test.each([
  '127.0.0.1:4318',
  'localhost',
  'LOCALHOST.:4318',
  '[::1]:4318',
  'app.localhost',
  'betrace:4318',
  'host.docker.internal',
])('a program that calls this machine %s is heard', async (name) => {
  const { status, stored } = await asked('POST /v1/traces', [`host: ${name}`, JSON_TYPE])
  expect([status, stored]).toEqual([200, 1])
})

test('a server that listens for other machines answers by any name, and pages may not send to it either', () => {
  const open: Openness = { hasKeys: false, host: '0.0.0.0', address: '0.0.0.0', corsOrigins: [] }
  const host = ['betrace.observability.svc.cluster.local:4318']
  expect(pageRefusal(open, { host }, 'spans')).toBeUndefined()
  expect(pageRefusal(open, { host, origin: ['https://evil.example'] }, 'spans')).toContain('--cors')
  for (const address of ['::1', '127.9.9.9', '::ffff:127.0.0.1']) {
    expect(pageRefusal({ ...open, address }, { host }, 'spans')).toContain('--api-key')
  }
  expect(
    pageRefusal({ ...open, address: '::1', host: 'box.shop.example' }, { host: ['box.shop.example'] }, 'spans'),
  ).toBeUndefined()
})
