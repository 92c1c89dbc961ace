import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { GATEWAY_HEADERS, MAX_REQUEST_BYTES } from '../../shared/aws/deployment.ts'
import { CONTEXT, type LocalStack, START_MS, startLocalStack } from '../emulators/local-stack.ts'
import { encode } from '../otlp/otlp-proto.ts'
import { TRACE_ID, tracesData } from '../pipeline/traces.ts'

let stack: LocalStack
beforeAll(async () => {
  stack = await startLocalStack({ rules: '// none' })
})
afterAll(() => stack.stop())
afterEach(() => stack.faults.decide(() => 'served'))

const SPAN = { name: 'checkout', id: 1, startMs: START_MS }

/** One span with an attribute of the given number of random bytes: a body that no compression makes smaller. */
function bodyOf(bytes: number): Uint8Array {
  const id = (length: number) => randomBytes(length)
  const attributes = [{ key: 'blob', value: { bytesValue: randomBytes(bytes) } }]
  const span = { traceId: id(16), spanId: id(8), name: 'large', startTimeUnixNano: '1', attributes }
  return encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
}

describe('a request that is taken', () => {
  test('is answered in its own media type, once its chunks are stored in one write', async () => {
    const answer = await stack.send(tracesData([SPAN]))
    expect(answer).toMatchObject({ statusCode: 200, isBase64Encoded: true, body: '' })
    expect(answer.headers).toEqual({ ...GATEWAY_HEADERS, 'content-type': 'application/x-protobuf' })
    expect(stack.faults.calls.map(({ action }) => action)).toEqual(['DynamoDB_20120810.BatchWriteItem'])
    expect(await stack.items(TRACE_ID)).toHaveLength(1)
  })

  test('may be compressed JSON, with headers spelt as the gateway got them', async () => {
    const span = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'x',
      startTimeUnixNano: '1',
      endTimeUnixNano: '2',
    }
    const body = gzipSync(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }))
    const answer = await stack.send(body, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Encoding': 'gzip',
    })
    expect(answer).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/json' } })
    expect(Buffer.from(answer.body, 'base64').toString()).toBe('{}')
    expect(await stack.items('a'.repeat(32))).toHaveLength(1)
  })

  test('may hold 4.4 MB, in one trace that no item can hold', async () => {
    const body = bodyOf(MAX_REQUEST_BYTES - 1_000)
    expect(body.length).toBeGreaterThan(4.39 * 1024 * 1024)
    expect(await stack.send(body)).toMatchObject({ statusCode: 200 })
  })
})

describe('a request that is not taken', () => {
  test('because it is larger is answered with what to do', async () => {
    const answer = await stack.send(bodyOf(MAX_REQUEST_BYTES))
    expect(answer.statusCode).toBe(413)
    expect(Buffer.from(answer.body, 'base64').toString()).toContain(String(MAX_REQUEST_BYTES))
  })

  test('because it has more traces than the stack stores in time is told how many it may have', async () => {
    const spans = Array.from({ length: 20_001 }, () => ({ traceId: randomBytes(16), spanId: randomBytes(8) }))
    const answer = await stack.send(encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans }] }] }))
    expect(answer.statusCode).toBe(413)
    expect(Buffer.from(answer.body, 'base64').toString()).toContain('the request has more than 20000 traces')
  })

  test('because it has more values than a request may have is refused before they take memory', async () => {
    const body = gzipSync(`{"resourceSpans":[${'{},'.repeat(6_500_000)}{}]}`)
    const answer = await stack.send(body, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    expect(answer.statusCode).toBe(413)
    expect(Buffer.from(answer.body, 'base64').toString()).toContain('more than 2000000 values')
  })

  test('because it is not OTLP is a 400 in its own media type', async () => {
    const answer = await stack.send(Buffer.from('{'), { 'content-type': 'application/json' })
    expect(answer).toMatchObject({ statusCode: 400, headers: { 'content-type': 'application/json' } })
  })

  test('because the table does not answer is a 503 that says when to come again', async () => {
    stack.faults.decide(() => 'lost')
    const answer = await stack.send(tracesData([SPAN], 'c'.repeat(32)))
    expect(answer.statusCode).toBe(503)
    expect(Number(answer.headers?.['retry-after'])).toBeGreaterThan(0)
    expect(await stack.items('c'.repeat(32))).toEqual([])
  })
})

test('a header sent twice is one list', async () => {
  const event = {
    httpMethod: 'POST',
    headers: { 'content-type': 'text/plain' },
    multiValueHeaders: { 'content-type': ['text/plain', 'text/html'] },
    body: '',
    isBase64Encoded: false,
  }
  expect(await stack.functions.ingest(event, CONTEXT)).toMatchObject({ statusCode: 415 })
})
