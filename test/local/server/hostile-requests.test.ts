import { describe, expect, test } from 'vitest'
import { SAFE_HEADERS } from '../../../shared/otlp/http.ts'
import { INGEST_OPTIONS } from '../../../shared/pipeline/ingest.ts'
import { rawConnection, startServer } from './traces-server.ts'

const BODY = JSON.stringify({
  resourceSpans: [
    {
      scopeSpans: [{ spans: [{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'a' }] }],
    },
  ],
})
const REQUEST = `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n`
const CHUNKED = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`
/** What stands behind the end of a request for one reader, and inside of it for another. */
const HIDDEN = `${REQUEST}\r\n${BODY}`

describe('a request whose end two servers would see in different places', () => {
  const post = (lines: readonly string[], body: string) =>
    `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`
  const length = (bytes: number) => `content-length: ${bytes}`
  test.each([
    ['a length and chunks', post([length(4), 'transfer-encoding: chunked'], `${CHUNKED}${HIDDEN}`)],
    ['chunks and a length', post(['transfer-encoding: chunked', length(BODY.length)], `${BODY}${HIDDEN}`)],
    ['two lengths', post([length(BODY.length), length(0)], `${BODY}${HIDDEN}`)],
    ['a list of lengths', post([`content-length: ${BODY.length}, 0`], `${BODY}${HIDDEN}`)],
    ['a length with a sign', post([`content-length: +${BODY.length}`], `${BODY}${HIDDEN}`)],
    ['a length in hex', post([`content-length: 0x${BODY.length.toString(16)}`], `${BODY}${HIDDEN}`)],
    ['a coding that only sounds like chunks', post(['transfer-encoding: xchunked'], `${CHUNKED}${HIDDEN}`)],
    ['chunks that are not the last coding', post(['transfer-encoding: chunked, identity'], `${CHUNKED}${HIDDEN}`)],
    ['a space before the colon', post([`content-length : ${BODY.length}`], `${BODY}${HIDDEN}`)],
    ['a folded header', post(['x: a', ` transfer-encoding: chunked`, length(BODY.length)], `${BODY}${HIDDEN}`)],
    ['line feeds alone', `POST /v1/traces HTTP/1.1\nhost: x\ncontent-length: ${BODY.length}\n\n${BODY}${HIDDEN}`],
    ['a chunk longer than it says', post(['transfer-encoding: chunked'], `5\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`)],
    ['no host', `POST /v1/traces HTTP/1.1\r\ncontent-length: 0\r\n\r\n`],
  ])('(%s) is refused and its connection closed, so that nothing hidden in it is read', async (_, bytes) => {
    const { port, buffer } = await startServer()
    const connection = rawConnection(port)
    connection.write(bytes)
    const answers = await connection.closed()
    expect(answers).toMatch(/^HTTP\/1\.1 400 /)
    expect(answers.match(/^HTTP\/1\.1 /gm)).toHaveLength(1)
    expect(buffer.chunks.size).toBe(0)
  })
})

test('headers beyond 16 KB are refused with 431', async () => {
  const { port } = await startServer()
  for (const lines of [`x: ${'y'.repeat(16 * 1024)}\r\n`, 'x: y\r\n'.repeat(3_000)]) {
    const connection = rawConnection(port)
    connection.write(`${REQUEST}${lines}\r\n${BODY}`)
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 431 /)
  }
})

test('a length beyond the limit is refused before the body, and a length that is not a number as it arrives', async () => {
  const { port } = await startServer({ ingest: { options: { ...INGEST_OPTIONS, maxBodyBytes: 10 } } })
  const connection = rawConnection(port)
  connection.write(`${REQUEST}\r\n`)
  expect(await connection.until('bytes')).toMatch(/^HTTP\/1\.1 413 /)
})

/** Every kind of answer, by the request that gets it. */
const ANSWERS: readonly (readonly [status: number, target: string, headers: Readonly<Record<string, string>>])[] = [
  [200, 'POST /v1/traces', { 'content-type': 'application/json' }],
  [400, 'POST /v1/traces', { 'content-type': 'application/x-protobuf' }],
  [401, 'POST /v1/traces', { 'content-type': 'application/json', 'x-api-key': 'wrong' }],
  [401, 'GET /v1/invariants/health', { 'x-api-key': '' }],
  [404, 'GET /nothing', {}],
  [405, 'PUT /v1/traces', {}],
  [405, 'DELETE /metrics', {}],
  [413, 'POST /v1/traces', { 'content-type': 'application/json', 'x-large': 'yes' }],
  [415, 'POST /v1/traces', { 'content-type': 'text/plain' }],
  [200, 'GET /metrics', {}],
  [200, 'POST /v1/experiments', { 'content-type': 'application/json' }],
  [204, 'OPTIONS /v1/traces', { origin: 'https://shop.example', 'access-control-request-method': 'POST' }],
]

describe('an answer of the server', () => {
  const key = 'a-key-of-sixteen-or-more'
  const start = () =>
    startServer({
      apiKeys: [key],
      api: async () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }),
      pages: { '/metrics': () => ({ status: 200, contentType: 'text/plain; version=0.0.4', body: 'x 1\n' }) },
      ingest: {
        options: { ...INGEST_OPTIONS, maxBodyBytes: 1000, cors: { allowedOrigins: ['https://shop.example'] } },
      },
    })

  test.each(ANSWERS)(
    'of %i to %s is kept by nobody, taken for nothing else, and tells nothing of what sent it',
    async (status, target, headers) => {
      const { url } = await start()
      const [method = '', path = ''] = target.split(' ')
      const body = headers['x-large'] === undefined ? BODY : ' '.repeat(1001)
      const hasBody = method === 'POST' || method === 'PUT'
      const sent = { method, headers: { 'x-api-key': key, ...headers }, ...(hasBody && { body }) }
      const response = await fetch(`${url}${path}`, sent)
      expect(response.status).toBe(status)
      for (const [name, value] of Object.entries(SAFE_HEADERS))
        expect([name, response.headers.get(name)]).toEqual([name, value])
      for (const name of ['server', 'x-powered-by', 'via', 'etag', 'set-cookie'])
        expect(response.headers.get(name)).toBeNull()
      expect(response.headers.has('access-control-allow-credentials')).toBe(false)
      if (status !== 204)
        expect(response.headers.get('content-type')).toMatch(/^(application\/(json|x-protobuf)|text\/plain)/)
      if (status === 401) expect(response.headers.get('www-authenticate')).toBe('Bearer')
      if (status === 405) expect(response.headers.get('allow')).toMatch(/POST|GET/)
    },
  )

  test('has the type of its request, refused or not', async () => {
    const { url } = await start()
    for (const type of ['application/json', 'application/x-protobuf', 'application/json; charset=utf-8']) {
      for (const sentKey of [key, 'wrong']) {
        const headers = { 'content-type': type, 'x-api-key': sentKey }
        const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: '' })
        expect(response.headers.get('content-type')).toBe(type.split(';')[0])
      }
    }
  })
})
