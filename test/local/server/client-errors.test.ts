import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { rawConnection, startServer, type TracesServer } from './traces-server.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const SETTINGS = '\0\0\0\x04\0\0\0\0\0'
const ADVICE = 'set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'

const count = ({ connections }: TracesServer, reason: string) =>
  Object.fromEntries(connections.state().cuts)[reason as 'http2']

function session(url: string): ClientHttp2Session {
  const client = connectHttp2(url)
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  return client
}

/** What a client of HTTP/2 is shown: headers, trailers and body. */
async function answerTo(url: string, headers: OutgoingHttpHeaders) {
  const stream = session(url).request({ ':method': 'POST', ':path': '/x', ...headers })
  const parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  const [answered] = await once(stream, 'response')
  await once(stream, 'close')
  return { answered, body: Buffer.concat(parts).toString() }
}

describe('a client that speaks HTTP/2', () => {
  test.each(['application/grpc', 'application/grpc+proto'])(
    'as gRPC (%s) is shown what to set as the message of its error',
    async (type) => {
      const server = await startServer()
      const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
      const { answered } = await answerTo(server.url, { ':path': path, 'content-type': type, te: 'trailers' })
      expect(answered).toMatchObject({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' })
      expect(answered['grpc-message']).toContain(ADVICE)
      expect(count(server, 'http2')).toBe(1)
      expect(server.logged).toEqual([expect.stringContaining(ADVICE)])
    },
  )

  test('without gRPC is shown it as the body of a 505, not taken for served', async () => {
    const server = await startServer()
    const { answered, body } = await answerTo(server.url, { 'content-type': 'application/x-protobuf' })
    expect(answered[':status']).toBe(505)
    expect(body).toContain(ADVICE)
  })

  test('is told to go away, with the reason', async () => {
    const { url } = await startServer()
    const client = session(url)
    client.request({ ':path': '/x' }).on('error', () => {})
    const [code, lastStream, data] = await once(client, 'goaway')
    expect([code, lastStream, String(data)]).toEqual([0, 1, expect.stringContaining(ADVICE)])
  })

  test.each([
    ['whole', [PREFACE + SETTINGS]],
    ['byte by byte', [...PREFACE, ...SETTINGS]],
    ['in two parts', [PREFACE.slice(0, 18), PREFACE.slice(18) + SETTINGS]],
    ['without a frame', [PREFACE]],
  ])('is recognised by its preface, sent %s', async (_, parts) => {
    const server = await startServer()
    const connection = rawConnection(server.port)
    for (const part of parts) {
      connection.write(Buffer.from(part, 'latin1'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await connection.until(SETTINGS)).toContain(SETTINGS)
    expect(count(server, 'http2')).toBe(1)
  })

  test.each([
    ['sends a frame larger than any may be', `${PREFACE}\xff\xff\xff\0\0\0\0\0\x01`],
    ['sends frames without end, and no request', PREFACE + '\0\0\0\x04\x01\0\0\0\0'.repeat(8_000)],
    ['speaks no HTTP/2 after all', `${PREFACE}${'GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(10)}`],
  ])('and %s is cut off', async (_, bytes) => {
    const server = await startServer()
    const connection = rawConnection(server.port)
    connection.write(Buffer.from(bytes, 'latin1'))
    await connection.closed()
    await vi.waitFor(() => expect(server.connections.state()).toMatchObject({ idle: 0, busy: 0 }))
    expect(server.errors).toEqual([])
  })

  test('and sends no request is cut off with the time for headers', async () => {
    const { port } = await startServer({ limits: { headersTimeoutMs: 30 } })
    const connection = rawConnection(port)
    connection.write(PREFACE)
    expect(await connection.closed()).toBe(SETTINGS)
  })

  test('only after a request over HTTP/1.1 gets an answer in HTTP/1.1', async () => {
    const server = await startServer({ limits: { headersTimeoutMs: 300 } })
    const connection = rawConnection(server.port)
    connection.write(`POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}${PREFACE}`)
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 4/)
  })
})

describe('a client that speaks TLS', () => {
  test('gets an answer in plain HTTP, is counted, and logged with what to do', async () => {
    const server = await startServer()
    const connection = rawConnection(server.port)
    connection.write(Buffer.from('1603010200010001fc0303', 'hex'))
    const answer = await connection.closed()
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*^connection: close\r$.*write http:\/\/ instead of https:\/\//ims)
    expect(count(server, 'tls')).toBe(1)
    expect(server.logged).toEqual([expect.stringContaining('http://')])
  })

  test('with the TLS of Node is recognised', async () => {
    const server = await startServer()
    const socket = connectTls({ port: server.port, host: '127.0.0.1' })
    await once(socket, 'error')
    expect(count(server, 'tls')).toBe(1)
  })

  test.each([
    ['the first byte alone', '16', 'tls'],
    ['another first byte', '17030300', 'malformed'],
    ['another version', '16010300', 'malformed'],
  ])('is recognised by its first bytes: %s', async (_, bytes, reason) => {
    const server = await startServer()
    const connection = rawConnection(server.port)
    connection.write(Buffer.from(bytes, 'hex'))
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 400 /)
    expect(count(server, reason)).toBe(1)
  })
})

test('bytes that are no HTTP are counted, and not logged for each scanner', async () => {
  const server = await startServer()
  for (const bytes of ['\0\x01\x02', 'HELO there\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n']) {
    const connection = rawConnection(server.port)
    connection.write(bytes)
    expect(await connection.closed()).toMatch(/^HTTP\/1\.1 400 /)
  }
  expect(count(server, 'malformed')).toBe(3)
  expect(server.logged).toEqual([])
})

test('a client that wants a tunnel is answered 405', async () => {
  const server = await startServer()
  const connection = rawConnection(server.port)
  connection.write('CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n')
  expect(await connection.closed()).toMatch(/^HTTP\/1\.1 405 /)
  expect(count(server, 'malformed')).toBe(1)
})
