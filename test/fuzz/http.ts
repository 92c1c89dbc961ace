import { once } from 'node:events'
import { connect } from 'node:net'
import { constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { Senders } from '../../local/fairness/senders.ts'
import { BodyThread } from '../../local/server/body-thread.ts'
import { CONNECTION_LIMITS } from '../../local/server/connection-limits.ts'
import { Connections } from '../../local/server/connections.ts'
import { HTTP_LIMITS, type HttpServer, serveHttp } from '../../local/server/http.ts'
import { answerApi } from '../../shared/experiments/api.ts'
import { isIncidentPath } from '../../shared/incidents/api/api.ts'
import { INGEST_OPTIONS } from '../../shared/pipeline/ingest.ts'
import { openIncidentApi } from '../incidents/api/open-api.ts'
import { encode } from '../otlp/otlp-proto.ts'
import { MemoryBuffer } from '../pipeline/memory-stores.ts'
import type { Random } from '../pipeline/model/random.ts'
import { openApi } from './api-deps.ts'
import { mutatedBytes } from './mutate-bytes.ts'
import { rejectedIn } from './otlp.ts'
import { sdkRequest } from './sdk-request.ts'
import { type OpenTarget, type Target, violate } from './target.ts'

/** Whole HTTP requests, as bytes on a socket. */
export const http: Target = {
  name: 'http',
  about:
    'requests to a real server on 127.0.0.1: encodings, bombs, headers, chunks; what it answers and that it answers',
  open,
}

/** Small, so that bombs are met soon. */
const MAX_BODY_BYTES = 1024 * 1024
const ANSWER_MS = 5_000

async function open(): Promise<OpenTarget> {
  const errors: unknown[] = []
  const api = openApi()
  const incidents = await openIncidentApi((error) => errors.push(error))
  const bodies = new BodyThread()
  const server = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    ingest: {
      buffer: new MemoryBuffer(),
      clock: () => 1_700_000_000_000,
      metrics: { add: () => {}, observe: () => {} },
      options: { ...INGEST_OPTIONS, maxBodyBytes: MAX_BODY_BYTES, cors: { allowedOrigins: ['https://shop.example'] } },
      onStorageFailure: (error) => errors.push(error),
    },
    bodies,
    senders: new Senders({ maxWaitingPerSender: 1_000, maxBehindMs: 1_000 }, 0, () => 0),
    refusing: () => undefined,
    apiKeys: [],
    api: (request) => (isIncidentPath(request.path) ? incidents.ask(request) : answerApi(request, api.deps)),
    pages: { '/healthz': () => ({ status: 200, contentType: 'text/plain', body: 'ok\n' }) },
    limits: { ...HTTP_LIMITS, closeGraceMs: 50 },
    connections: new Connections(CONNECTION_LIMITS, () => {}),
    onRefusedOrigin: () => {},
    onError: (error) => errors.push(error),
  })
  return {
    generate,
    async check(input) {
      await check(server, input)
      const [error] = errors.splice(0)
      if (error !== undefined) violate(`the server met a bug: ${(error as Error).stack ?? String(error)}`)
    },
    bounds: { ms: (bytes) => 400 + bytes / 10, allocatedBytes: (bytes) => 32 * 1024 * 1024 + 100 * bytes },
    async close() {
      await server.close()
      await bodies.close()
      api.close()
      incidents.close()
    },
  }
}

const JSON_BODY = Buffer.from(
  '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01","spanId":"02","name":"a"}]}]}]}',
)
const BODIES = [encode('TracesData', sdkRequest(1)), encode('TracesData', sdkRequest(8)), JSON_BODY, Buffer.alloc(0)]
const MUTE = Buffer.from('{"when":"rule == X","forMs":1000,"why":"a"}')
const EVENT = Buffer.from('{"action":"start","id":"a","name":"b"}')

function compressed(random: Random, body: Uint8Array): readonly [string, Uint8Array] {
  const bomb = random.chance(0.1)
  const content = bomb ? Buffer.alloc(random.pick([MAX_BODY_BYTES, MAX_BODY_BYTES + 1, 8 * MAX_BODY_BYTES])) : body
  switch (random.between(0, 5)) {
    case 0:
      return ['gzip', gzipSync(content)]
    case 1:
      return ['deflate', deflateSync(content)]
    case 2:
      return ['deflate', deflateRawSync(content)]
    case 3:
      return ['zstd', zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: random.between(0, 1) } })]
    case 4: {
      const members = Array.from({ length: random.pick([2, 3, 300]) }, () => gzipSync(Buffer.from('a')))
      return ['gzip', Buffer.concat(members)]
    }
    default: {
      const frames = Array.from({ length: random.pick([2, 255, 257, 2000]) }, () => zstdCompressSync(Buffer.alloc(3)))
      return ['zstd', Buffer.concat(frames)]
    }
  }
}

const TYPES = [
  'application/x-protobuf',
  'application/x-protobuf',
  'application/json',
  'Application/JSON; charset=utf-8',
  'application/protobuf',
  'text/plain',
  '',
  'application/json\u00ff',
  'x'.repeat(9000),
]
const ODD_HEADERS = [
  'expect: 100-continue',
  'expect: 200-maybe',
  'content-encoding: br',
  'content-encoding: gzip, gzip',
  'content-length: -1',
  'content-length: 99999999999999999999',
  'content-length: 5',
  'transfer-encoding: gzip, chunked',
  'origin: https://shop.example',
  'origin: null',
  'access-control-request-method: POST',
  'access-control-request-headers: a,\u00e9',
  'x-a: \u00ff\u0001',
  `x-long: ${'a'.repeat(20_000)}`,
  'upgrade: h2c',
  'connection: upgrade',
  'authorization: Bearer x',
  ': empty',
  'no colon',
]
const PATHS = [
  '/v1/traces',
  '/v1/traces',
  '/v1/traces',
  '/v1/traces?a=b',
  '/v1/experiments',
  '/v1/experiments/%zz',
  '/v1/incidents',
  '/v1/incidents/%zz',
  '/v1/incidents/0/resolve',
  '/v1/mutes',
  '/v1/mutes/%zz',
  '/',
  '//',
  '*',
  '/v1/experiments//..',
  '/healthz',
  '/v1/invariants/health?service=%00',
  'http://[::1',
  '//[',
]

/** A request: nearly always POST, its body compressed or not, sometimes broken anywhere. */
function generate(random: Random): Uint8Array {
  const path = random.pick(PATHS)
  const plain = isIncidentPath(path) ? MUTE : path.startsWith('/v1/exp') ? EVENT : random.pick(BODIES)
  const [encoding, packed] = random.chance(0.6) ? compressed(random, plain) : (['', plain] as const)
  const body = random.chance(0.3) ? mutatedBytes(random, packed, BODIES) : packed
  const type = plain === JSON_BODY || plain === EVENT || plain === MUTE ? 'application/json' : random.pick(TYPES)
  const headers = [`host: a`, `content-type: ${type}`, 'connection: close']
  if (encoding !== '') headers.push(`content-encoding: ${encoding}`)
  for (let left = random.chance(0.3) ? random.between(1, 3) : 0; left > 0; left--)
    headers.push(random.pick(ODD_HEADERS))
  const isChunked = random.chance(0.2)
  headers.push(isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`)
  const method = random.chance(0.85) ? 'POST' : random.pick(['GET', 'OPTIONS', 'HEAD', 'PUT', 'FOO', 'CONNECT'])
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`, 'latin1')
  const request = Buffer.concat([head, isChunked ? chunked(random, body) : body])
  return random.chance(0.15) ? mutatedBytes(random, request, [head]) : request
}

function chunked(random: Random, body: Uint8Array): Uint8Array {
  const size = random.pick([1, 7, 1000, 70_000])
  const parts: Uint8Array[] = []
  for (let at = 0; at < Math.min(body.length, size * 500); at += size) {
    const part = body.subarray(at, at + size)
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  const end = random.pick([
    '0\r\n\r\n',
    '0\r\n\r\n',
    '0\r\n\r\n',
    '',
    'ffffffffffffffff\r\n',
    '-1\r\n',
    '0\r\nx: y\r\n\r\n',
  ])
  return Buffer.concat([...parts, Buffer.from(end)])
}

const STATUSES = new Set([100, 200, 201, 202, 204, 400, 403, 404, 405, 409, 413, 415, 417, 431])

async function check({ port }: HttpServer, input: Uint8Array): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  const received: Buffer[] = []
  socket.on('data', (data) => received.push(data))
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    socket.destroy()
  }, ANSWER_MS)
  socket.end(input)
  await closed
  clearTimeout(timer)
  if (timedOut) violate('neither answered nor closed')
  checkAnswer(Buffer.concat(received))
}

function checkAnswer(answer: Buffer): void {
  if (answer.length === 0) return
  const text = answer.toString('latin1').replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? violate(`answered ${JSON.stringify(text.slice(0, 100))}`)
  if (!STATUSES.has(Number(status))) violate(`answered ${status}`)
  const headEnd = text.indexOf('\r\n\r\n')
  const head = text.slice(0, headEnd).toLowerCase()
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1]
  const body = Buffer.from(text.slice(headEnd + 4, headEnd + 4 + Number(length ?? 0)), 'latin1')
  if (head.includes('content-type: application/x-protobuf') && body.length === Number(length)) {
    rejectedIn(Number(status), body, false)
  }
}
