import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { OtlpRequest, OtlpResponse } from '../../shared/otlp/http.ts'
import { INGEST_OPTIONS, type IngestDeps, ingest } from '../../shared/pipeline/ingest.ts'
import type { Counted, RefusedChunk } from '../../shared/pipeline/ports.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { decode, encode } from '../otlp/otlp-proto.ts'
import { MemoryBuffer } from './memory-stores.ts'

const traceId = '5b8efff798038103d269b633813fc60c'
const span = { traceId, spanId: 'eee19b7ec3c1b174', name: 'charge', startTimeUnixNano: '1' }
const requestOf = (...spans: object[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
const json = (request: object) => Buffer.from(JSON.stringify(request))
const protobuf = (...spans: { traceId: string; spanId: string }[]) => {
  const binary = spans.map((each) => ({ ...each, traceId: hex(each.traceId), spanId: hex(each.spanId) }))
  return encode('TracesData', requestOf(...binary))
}
const hex = (digits: string) => Buffer.from(digits, 'hex')

function post(body: Uint8Array, contentType = 'application/json', headers: Record<string, string> = {}): OtlpRequest {
  return { method: 'POST', headers: { 'content-type': contentType, ...headers }, body }
}

function front(overrides: Partial<IngestDeps> = {}) {
  const buffer = new MemoryBuffer()
  const counts: Record<string, number> = {}
  const failures: unknown[] = []
  const add = <Name extends keyof Counted>(name: Name, labels: Counted[Name], amount = 1) => {
    const key = [name, ...Object.values(labels)].join(' ')
    counts[key] = (counts[key] ?? 0) + amount
  }
  const deps: IngestDeps = {
    buffer,
    clock: () => 1_700_000_000_000,
    metrics: { add, observe: () => {} },
    options: INGEST_OPTIONS,
    onStorageFailure: (error) => failures.push(error),
    ...overrides,
  }
  return { buffer, counts, failures, send: (request: OtlpRequest) => ingest(request, deps) }
}

const asJson = (response: OtlpResponse): unknown => JSON.parse(Buffer.from(response.body).toString())

test.each([
  ['application/json', json(requestOf(span)), '{}'],
  ['application/x-protobuf', protobuf(span), ''],
])('a request of %s is stored and answered in kind, with nothing in the answer', async (mediaType, body, answer) => {
  const { buffer, counts, send } = front()

  const response = await send(post(body, mediaType))

  expect(response).toMatchObject({ status: 200, headers: { 'content-type': mediaType } })
  expect(Buffer.from(response.body).toString()).toBe(answer)
  const chunks = [...(buffer.chunks.get(traceId)?.values() ?? [])]
  expect(chunks.map((chunk) => Buffer.from(chunk.bytes))).toEqual([protobuf(span)])
  expect(counts).toEqual({ 'requests 200': 1, spansReceived: 1, chunksStored: 1, bytesReceived: body.length })
})

test.each(['Application/JSON; charset=utf-8', 'application/json;charset=UTF-8', ' APPLICATION/X-PROTOBUF '])(
  'media type %j is compared without case and parameters, and answered without them',
  async (given) => {
    const mediaType = /json/i.test(given) ? 'application/json' : 'application/x-protobuf'
    const body = /json/i.test(given) ? json({}) : Buffer.alloc(0)
    const { send } = front()

    const response = await send(post(body, given))

    expect(response).toMatchObject({ status: 200, headers: { 'content-type': mediaType } })
  },
)

test.each([
  ['gzip', gzipSync],
  ['GZIP', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['zstd', zstdCompressSync],
  ['identity', (body: Buffer) => body],
  ['', (body: Buffer) => body],
])('content-encoding %j is undone', async (encoding, compress) => {
  const { counts, send } = front()

  await send(post(compress(json(requestOf(span))), 'application/json', { 'content-encoding': encoding }))

  expect(counts).toMatchObject({ 'requests 200': 1, spansReceived: 1 })
})

test('spans with invalid ids are rejected one by one, the rest is stored', async () => {
  const invalid = [
    { ...span, traceId: '00000000000000000000000000000000' },
    { ...span, traceId: 'W4jv95gDgQPSabYzgT/GDA==' },
    { ...span, spanId: 'eee19b7ec3c1b1' },
    { ...span, parentSpanId: 'eee19b7ec3c1b17' },
  ]
  const { counts, send } = front()

  const response = await send(post(json(requestOf(...invalid, span))))

  expect(response.status).toBe(200)
  expect(asJson(response)).toEqual({
    partialSuccess: {
      rejectedSpans: '4',
      errorMessage:
        'rejected 2 spans without a valid trace id (16 bytes, not all zero; in JSON 32 hex digits), ' +
        '1 span without a valid span id (8 bytes, not all zero; in JSON 16 hex digits), ' +
        '1 span with an invalid parent span id (none or 8 bytes; in JSON 16 hex digits)',
    },
  })
  expect(counts).toMatchObject({
    spansReceived: 1,
    'spansRejected invalid-trace-id': 2,
    'spansRejected invalid-span-id': 1,
    'spansRejected invalid-parent-span-id': 1,
  })
})

test('partial success is answered in protobuf to a protobuf request', async () => {
  const { send } = front()

  const response = await send(post(protobuf({ ...span, spanId: '0000000000000000' }, span), 'application/x-protobuf'))

  expect(response).toMatchObject({ status: 200, headers: { 'content-type': 'application/x-protobuf' } })
  expect(decode('ExportResponse', response.body)).toEqual({
    partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('1 span without a valid span id') },
  })
})

test('a body that holds no spans but fields OTLP does not have is accepted with a warning', async () => {
  const { send } = front()

  const response = await send(post(json({ batches: [{ instrumentationLibrarySpans: [] }] })))

  expect(response.status).toBe(200)
  expect(asJson(response)).toEqual({
    partialSuccess: { rejectedSpans: '0', errorMessage: expect.stringContaining('no spans, only fields that OTLP') },
  })
})

test('unknown fields beside stored spans are ignored without a word', async () => {
  const { counts, send } = front()

  const response = await send(post(json({ ...requestOf(span), batches: [], resource_spans: [] })))

  expect(asJson(response)).toEqual({})
  expect(counts).toMatchObject({ spansReceived: 1 })
})

test.each([
  ['protobuf cut short', 400, post(protobuf(span).subarray(0, 30), 'application/x-protobuf'), /malformed protobuf/],
  ['broken JSON', 400, post(Buffer.from('{"resourceSpans": ['), 'application/json'), /malformed JSON/],
  ['an empty JSON body', 400, post(Buffer.alloc(0)), /malformed JSON/],
  ['an enum by name', 400, post(json(requestOf({ ...span, kind: 'SPAN_KIND_SERVER' }))), /spans\[0\]: kind must be/],
  ['JSON that is an array', 400, post(json([])), /the body must be a JSON object/],
  ['broken gzip', 400, post(json({}), 'application/json', { 'content-encoding': 'gzip' }), /not valid gzip/],
  ['an unknown media type', 415, post(json({}), 'text/plain'), /"text\/plain" is not supported; send application/],
  ['an unknown encoding', 415, post(json({}), 'application/json', { 'content-encoding': 'br' }), /send one of gzip/],
])('%s is refused with %i and a Status in the format of the request', async (_what, status, request, message) => {
  const { buffer, counts, send } = front()

  const response = await send(request)

  const format =
    request.headers['content-type'] === 'application/x-protobuf' ? 'application/x-protobuf' : 'application/json'
  expect(response).toMatchObject({ status, headers: { 'content-type': format } })
  const body = format === 'application/json' ? asJson(response) : decode('RpcStatus', response.body)
  expect(body).toEqual({ code: 3, message: expect.stringMatching(message) })
  expect(buffer.chunks.size).toBe(0)
  expect(counts).toMatchObject({ [`requests ${status}`]: 1 })
})

test('an unknown encoding is answered with the accepted ones', async () => {
  const response = await front().send(post(json({}), 'application/json', { 'content-encoding': 'br' }))
  expect(response.headers['accept-encoding']).toBe('gzip, deflate, zstd, identity')
})

test('without a content type the request is refused with 415', async () => {
  const response = await front().send({ method: 'POST', headers: {}, body: Buffer.alloc(0) })
  expect(response.status).toBe(415)
})

test('a body is accepted at the limit and refused with 413 one byte over it, packed or not', async () => {
  const body = json(requestOf(span))
  const gzip = { 'content-encoding': 'gzip' }
  const statusAt = async (maxBodyBytes: number, request: OtlpRequest) =>
    (await front({ options: { ...INGEST_OPTIONS, maxBodyBytes } }).send(request)).status

  expect(await statusAt(body.length, post(body))).toBe(200)
  expect(await statusAt(body.length - 1, post(body))).toBe(413)
  expect(await statusAt(body.length, post(gzipSync(body), 'application/json', gzip))).toBe(200)
  expect(await statusAt(body.length - 1, post(gzipSync(body), 'application/json', gzip))).toBe(413)
})

test.each([
  ['maxRequestValues', 20, 'more than 19 values'],
  ['maxRequestSpans', 2, 'more than 1 spans'],
  ['maxRequestEvents', 2, 'more than 1 events and links'],
  ['maxRequestTraces', 2, 'more than 1 traces'],
] as const)(
  'a request is accepted at %s and refused with 413 one over it, with what to do',
  async (limit, most, message) => {
    const request = json(requestOf({ ...span, events: [{}] }, { ...span, traceId: 'a'.repeat(32), links: [{}] }))
    const answerAt = (value: number) => front({ options: { ...INGEST_OPTIONS, [limit]: value } }).send(post(request))

    expect((await answerAt(most)).status).toBe(200)
    const refused = await answerAt(most - 1)
    expect(refused.status).toBe(413)
    expect(asJson(refused)).toEqual({
      code: 3,
      message: expect.stringMatching(`${message}; send smaller batches .*${limit}`),
    })
  },
)

test('a method other than POST is refused with 405 and told what is allowed', async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await front().send({ method, headers: {}, body: Buffer.alloc(0) })
    expect(response).toMatchObject({ status: 405, headers: { allow: 'POST', 'content-type': 'application/json' } })
  }
})

test('a store that fails is answered with 503 and Retry-After, counted and reported; nothing counts as received', async () => {
  const failure = new StorageError('unavailable', 'the disk is asleep')
  const { counts, failures, send } = front({ buffer: { append: () => Promise.reject(failure) } })

  const response = await send(post(protobuf(span), 'application/x-protobuf'))

  expect(response).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
  expect(decode('RpcStatus', response.body)).toMatchObject({ code: 14 })
  expect(failures).toEqual([failure])
  expect(counts).toEqual({ 'requests 503': 1, 'requestsRefused storage': 1, bytesReceived: protobuf(span).length })
})

test('a trace that stays throttled is refused by partial success, its neighbours are stored', async () => {
  const other = { ...span, traceId: 'a'.repeat(32) }
  const append: IngestDeps['buffer']['append'] = async (chunks) =>
    [...chunks]
      .filter((chunk) => chunk.traceId === traceId)
      .map((chunk): RefusedChunk => ({ chunk, reason: 'throttled' }))
  const { counts, send } = front({ buffer: { append } })

  const response = await send(post(json(requestOf(span, other, span))))

  expect(asJson(response)).toEqual({
    partialSuccess: {
      rejectedSpans: '2',
      errorMessage: 'rejected 2 spans of traces that get more writes than the store takes',
    },
  })
  expect(counts).toMatchObject({ spansReceived: 1, chunksStored: 1, 'spansRejected throttled': 2 })
})

test('an empty request touches no store', async () => {
  const { send } = front({ buffer: { append: () => Promise.reject(new Error('touched')) } })
  expect((await send(post(Buffer.alloc(0), 'application/x-protobuf'))).status).toBe(200)
  expect((await send(post(json({})))).status).toBe(200)
})

const page = 'https://shop.example'
const cors = { ...INGEST_OPTIONS, cors: { allowedOrigins: [page] } }
const preflight = (origin: string): OtlpRequest => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,x-tenant',
  },
  body: Buffer.alloc(0),
})

test('a preflight of an allowed origin is granted the headers it asks for', async () => {
  const response = await front({ options: cors }).send(preflight(page))
  expect(response).toMatchObject({
    status: 204,
    headers: {
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type,x-tenant',
    },
  })
})

test('a preflight of another origin is answered without permission', async () => {
  const response = await front({ options: cors }).send(preflight('https://evil.example'))
  expect(response.status).toBe(204)
  expect(Object.keys(response.headers)).toEqual(['vary'])
})

test('responses to an allowed origin can be read by its page, also errors; * allows every origin', async () => {
  const any = { ...INGEST_OPTIONS, cors: { allowedOrigins: ['*'] } }
  const from = (origin: string) => post(Buffer.from('x'), 'application/json', { origin })

  expect((await front({ options: cors }).send(from(page))).headers).toMatchObject({
    'access-control-allow-origin': page,
    vary: 'origin',
  })
  expect((await front({ options: any }).send(from('https://a.example'))).headers).toMatchObject({
    'access-control-allow-origin': '*',
  })
  expect((await front().send(from(page))).headers).not.toHaveProperty('access-control-allow-origin')
})
