import { gzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { INGEST_OPTIONS } from '../../../shared/pipeline/ingest.ts'
import { rawConnection, startServer } from './traces-server.ts'

const traceId = '5b8efff798038103d269b633813fc60c'
const span = { traceId, spanId: 'eee19b7ec3c1b174', name: 'charge' }
const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
const json = { 'content-type': 'application/json' }

function head(...lines: string[]): string {
  return `${['POST /v1/traces HTTP/1.1', 'host: x', ...lines].join('\r\n')}\r\n\r\n`
}

function chunked(text: string, size: number): string {
  const parts = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`
}

test('a posted request is stored and answered with exactly the media type of the request', async () => {
  const { url, buffer } = await startServer()

  const response = await fetch(`${url}/v1/traces?x=1`, { method: 'POST', headers: json, body })

  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.text()).toBe('{}')
  expect(buffer.chunks.has(traceId)).toBe(true)
})

test('a chunked body is put together', async () => {
  const { port, buffer } = await startServer()
  const connection = rawConnection(port)

  connection.write(head('content-type: application/json', 'transfer-encoding: chunked') + chunked(body, 7))

  expect(await connection.until('{}')).toMatch(/^HTTP\/1.1 200 /)
  expect(buffer.chunks.has(traceId)).toBe(true)
})

test('several requests follow each other on one connection, also after a refused one', async () => {
  const { port, counts } = await startServer()
  const connection = rawConnection(port)
  const good = head('content-type: application/json', `content-length: ${body.length}`) + body

  connection.write(head('content-type: text/plain', `content-length: ${body.length}`) + body)
  await connection.until('HTTP/1.1 415 ')
  connection.write(good)
  await connection.until('HTTP/1.1 200 ')

  expect(counts).toMatchObject({ 'requests 415': 1, 'requests 200': 1, spansReceived: 1 })
})

test('a client that asks first is answered to continue', async () => {
  const { port } = await startServer()
  const connection = rawConnection(port)

  connection.write(head('content-type: application/json', 'expect: 100-continue', `content-length: ${body.length}`))
  expect(await connection.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  connection.write(body)

  expect(await connection.until('{}')).toContain('HTTP/1.1 200 OK')
})

test('a client that asks first with a body over the limit is refused without sending it', async () => {
  const { port } = await startServer({ ingest: { options: { ...INGEST_OPTIONS, maxBodyBytes: 10 } } })
  const connection = rawConnection(port)

  connection.write(head('content-type: application/json', 'expect: 100-continue', 'content-length: 11'))

  expect(await connection.until('bytes')).toMatch(/^HTTP\/1.1 413 /)
})

test('a chunked body over the limit is refused with 413 while it is still coming, and counted once', async () => {
  const { port, counts } = await startServer({ ingest: { options: { ...INGEST_OPTIONS, maxBodyBytes: 100 } } })
  const connection = rawConnection(port)

  connection.write(head('content-type: application/json', 'transfer-encoding: chunked'))
  connection.write(`65\r\n${' '.repeat(101)}\r\n`)

  const answer = await connection.until('bytes')
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
  expect(answer).toContain('"code":3')
  expect(counts).toEqual({ 'requests 413': 1 })
})

test('a refused client that goes on sending is cut off', async () => {
  const { port } = await startServer({ ingest: { options: { ...INGEST_OPTIONS, maxBodyBytes: 100 } } })
  const connection = rawConnection(port)

  connection.write(head('content-type: application/json', 'transfer-encoding: chunked'))
  connection.write(`65\r\n${' '.repeat(101)}\r\n`)
  await connection.until('HTTP/1.1 413 ')
  connection.write(`100\r\n${' '.repeat(256)}\r\n`)

  expect(await connection.closed()).toMatch(/^HTTP\/1.1 413 /)
})

test('a gzip body is decompressed under the same limit', async () => {
  const { url } = await startServer({ ingest: { options: { ...INGEST_OPTIONS, maxBodyBytes: 1000 } } })
  const headers = { ...json, 'content-encoding': 'gzip' }
  const post = (content: string) => fetch(`${url}/v1/traces`, { method: 'POST', headers, body: gzipSync(content) })

  expect((await post(body)).status).toBe(200)
  expect((await post(' '.repeat(1001))).status).toBe(413)
})

test('bodies that do not fit beside those under way are answered with 503 and Retry-After', async () => {
  const { port, url, counts } = await startServer({ limits: { maxBytesInFlight: 600 } })
  const slow = rawConnection(port)
  slow.write(`${head('content-type: application/json', 'content-length: 300')}${' '.repeat(250)}`)
  const post = () => fetch(`${url}/v1/traces`, { method: 'POST', headers: json, body })
  const refused = await vi.waitFor(async () => {
    const response = await post()
    expect(response.status).toBe(503)
    return response
  })

  expect(refused.headers.get('retry-after')).toBe('2')
  expect(await refused.json()).toMatchObject({ code: 14 })
  slow.write(`{}${' '.repeat(48)}`)
  expect(await slow.until('{}')).toMatch(/^HTTP\/1.1 200 /)
  expect((await post()).status).toBe(200)
  expect(counts['requests 503']).toBeGreaterThan(0)
})

test('an aborted request stores nothing, gives its bytes back and is counted', async () => {
  const { port, url, counts, buffer } = await startServer({ limits: { maxBytesInFlight: 2 * body.length + 10 } })
  const connection = rawConnection(port)
  connection.write(head('content-type: application/json', 'expect: 100-continue', 'content-length: 999'))
  await connection.until('100 Continue')
  connection.write(body)
  connection.destroy()

  await vi.waitFor(() => expect(counts).toEqual({ 'requests 499': 1 }))
  expect(buffer.chunks.size).toBe(0)
  expect((await fetch(`${url}/v1/traces`, { method: 'POST', headers: json, body })).status).toBe(200)
})

test('a client that sends too slowly is cut off', async () => {
  const { port } = await startServer({ limits: { headersTimeoutMs: 500, requestTimeoutMs: 600, timeoutCheckMs: 20 } })
  const inHeaders = rawConnection(port)
  const inBody = rawConnection(port)

  inHeaders.write('POST /v1/traces HTTP/1.1\r\nhost: x\r\n')
  inBody.write(`${head('content-type: application/json', 'content-length: 999')}{`)

  expect(await inHeaders.closed()).toMatch(/^HTTP\/1.1 408 /)
  await inBody.closed()
})

test('GET, HEAD and other methods of the traces path are refused with 405 and Allow', async () => {
  const { url } = await startServer()
  for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
    const response = await fetch(`${url}/v1/traces`, { method })
    expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST'])
  }
})

test('pages are shown to GET and HEAD, everything else is 404 or 405', async () => {
  const pages = { '/healthz': () => ({ status: 200, contentType: 'text/plain', body: 'ok' }) }
  const { url } = await startServer({ pages })
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(url + path, { method })
    return [response.status, await response.text()]
  }

  expect(await ask('/healthz')).toEqual([200, 'ok'])
  expect(await ask('/healthz?probe', 'HEAD')).toEqual([200, ''])
  expect((await ask('/healthz', 'POST'))[0]).toBe(405)
  expect((await ask('/v1/metrics', 'POST'))[0]).toBe(404)
  expect((await ask('/toString'))[0]).toBe(404)
  expect((await ask('/v1/traces/', 'POST'))[0]).toBe(404)
})

test('a preflight from a page is answered by its origin', async () => {
  const options = { ...INGEST_OPTIONS, cors: { allowedOrigins: ['https://shop.example'] } }
  const { url } = await startServer({ ingest: { options } })
  const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }

  const response = await fetch(`${url}/v1/traces`, { method: 'OPTIONS', headers })

  expect(response.status).toBe(204)
  expect(response.headers.get('access-control-allow-origin')).toBe('https://shop.example')
})

test('a large body of which its thread dies is 500, counted and reported; others are taken meanwhile', async () => {
  const death = new Error('the thread that reads bodies ended with 1')
  const begun = Promise.withResolvers<void>()
  const reading = Promise.withResolvers<never>()
  const read = () => {
    begun.resolve()
    return reading.promise
  }
  const { url, counts, errors } = await startServer({ bodies: { read } })
  const headers = { 'content-type': 'application/json' }
  const post = (body: string) => fetch(`${url}/v1/traces`, { method: 'POST', headers, body })
  const large = post(`{"x":"${'a'.repeat(1024 * 1024)}"}`)
  await begun.promise
  expect((await post('{}')).status).toBe(200)
  reading.reject(death)
  expect((await large).status).toBe(500)
  expect(errors).toEqual([death])
  expect(counts).toMatchObject({ 'requests 500': 1, 'requests 200': 1 })
})

test('a bug while storing is 500 with a Status, reported, and the server goes on', async () => {
  const bug = new TypeError('x is not a function')
  const clock = vi.fn(() => 1)
  clock.mockImplementationOnce(() => {
    throw bug
  })
  const { url, errors, counts } = await startServer({ ingest: { clock } })
  const post = () => fetch(`${url}/v1/traces`, { method: 'POST', headers: json, body })

  const failed = await post()

  expect([failed.status, await failed.json()]).toEqual([500, { code: 13, message: 'internal error' }])
  expect(errors).toEqual([bug])
  expect((await post()).status).toBe(200)
  expect(counts).toMatchObject({ 'requests 500': 1, 'requests 200': 1 })
})

test('bytes that are no HTTP are answered with 400', async () => {
  const { port } = await startServer()
  const connection = rawConnection(port)
  connection.write('\x16\x03\x01 hello TLS\r\n\r\n')
  expect(await connection.closed()).toMatch(/^HTTP\/1.1 400 /)
})

test('a port that is taken is an error to the caller', async () => {
  const { port } = await startServer()
  await expect(startServer({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('closing lets a request under way end, then ends its connection', async () => {
  const { server, port } = await startServer({ limits: { closeGraceMs: 5_000 } })
  const connection = rawConnection(port)
  connection.write(head('content-type: application/json', 'expect: 100-continue', 'content-length: 2'))
  await connection.until('100 Continue')

  const closed = server.close()
  connection.write('{}')

  expect(await connection.closed()).toContain('HTTP/1.1 200 OK')
  await closed
})
