import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { BodyThread, readSmallBody } from '../../../local/server/body-thread.ts'
import { InputError } from '../../../shared/errors.ts'
import type { BodyType } from '../../../shared/otlp/http.ts'
import { REQUEST_LIMITS, type RequestLimits } from '../../../shared/otlp/limits.ts'
import { readBody } from '../../../shared/otlp/read-body.ts'
import type { SplitBody } from '../../../shared/otlp/split.ts'
import { anyRequest } from '../../otlp/any-request.ts'
import { jsonForm } from '../../otlp/json-form.ts'
import { encode } from '../../otlp/otlp-proto.ts'
import { closeDatabases, newFolder } from '../sqlite/databases.ts'

afterEach(closeDatabases)

const JSON_TYPE: BodyType = { format: 'json', encoding: 'identity' }
const ENCODINGS = {
  identity: (body: Buffer) => body,
  gzip: (body: Buffer) => gzipSync(body),
  deflate: (body: Buffer) => deflateSync(body),
  zstd: (body: Buffer) => zstdCompressSync(body),
}
type Encoding = keyof typeof ENCODINGS

function newThread(program?: URL): BodyThread {
  const thread = new BodyThread(program)
  onTestFinished(() => thread.close())
  return thread
}

/** What a body was split into, or why it was refused, to be compared. */
async function outcome(read: () => SplitBody | Promise<SplitBody>): Promise<unknown> {
  try {
    const { chunks, ...rest } = await read()
    const shown = chunks.map(({ traceId, spanCount, bytes }) => [
      traceId,
      spanCount,
      Buffer.from(bytes).toString('hex'),
    ])
    return { ...rest, chunks: shown }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const { code, message, hint } = error
    return { code, message, hint }
  }
}

describe('a body that the thread reads', () => {
  const anyBody = fc.record({
    request: anyRequest,
    format: fc.constantFrom('json' as const, 'protobuf' as const),
    encoding: fc.constantFrom<Encoding>('identity', 'gzip', 'deflate', 'zstd'),
    /** Bytes cut off the end, so that some bodies are damaged. */
    cut: fc.constantFrom(0, 0, 0, 1, 7),
    maxRequestSpans: fc.constantFrom(3, REQUEST_LIMITS.maxRequestSpans),
  })

  test('is split, or refused, as where it is read in place', async () => {
    const thread = newThread()
    const law = fc.asyncProperty(anyBody, async ({ request, format, encoding, cut, maxRequestSpans }) => {
      const content = format === 'json' ? Buffer.from(JSON.stringify(jsonForm(request))) : encode('TracesData', request)
      const whole = ENCODINGS[encoding](content)
      const body = whole.subarray(0, Math.max(0, whole.length - cut))
      const limits: RequestLimits = { ...REQUEST_LIMITS, maxRequestSpans }
      const inPlace = await outcome(() => readBody(body, { format, encoding }, limits))
      expect(await outcome(() => thread.read(Buffer.from(body), { format, encoding }, limits))).toEqual(inPlace)
    })
    await fc.assert(law, { numRuns: 200 })
  })

  test('may be one of several at once, each with its own answer', async () => {
    const thread = newThread()
    const bodyOf = (digit: number) => Buffer.from(spansIn([String(digit).repeat(32)]))
    const digits = [1, 2, 3, 4]
    const splits = await Promise.all(digits.map((digit) => thread.read(bodyOf(digit), JSON_TYPE, REQUEST_LIMITS)))
    expect(splits.map(({ chunks }) => chunks.map(({ traceId }) => traceId[0]))).toEqual([['1'], ['2'], ['3'], ['4']])
  })
})

function spansIn(traceIds: readonly string[]): string {
  const spans = traceIds.map((traceId) => ({ traceId, spanId: 'eee19b7ec3c1b174' }))
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
}

describe('a body is small, and read in place,', () => {
  const small = (body: string, limits = REQUEST_LIMITS) => readSmallBody(Buffer.from(body), JSON_TYPE, limits)
  const traceIds = Array.from({ length: 2_001 }, (_, index) => (index + 1).toString(16).padStart(32, '0'))

  test.each([
    ['up to 256 KiB of JSON', `{"x":"${'a'.repeat(256 * 1024 - 8)}"}`, `{"x":"${'a'.repeat(256 * 1024 - 7)}"}`],
    ['up to 2,000 traces', spansIn(traceIds.slice(1)), spansIn(traceIds)],
  ])('%s', (_, within, beyond) => {
    expect(small(within)).toEqual(readBody(Buffer.from(within), JSON_TYPE, REQUEST_LIMITS))
    expect(small(beyond)).toBeUndefined()
  })

  test('and where it is damaged refused there', () => {
    expect(() => small('{')).toThrow(expect.objectContaining({ code: 'malformed-json' }))
  })
})

/** Dies of bodies that begin with `!`; reads others as the thread does. */
const MORTAL = `
import { parentPort } from 'node:worker_threads'
parentPort.on('message', ({ body }) => { if (body[0] === 33) process.exit(7) })
await import(${JSON.stringify(new URL('../../../local/server/body-worker.ts', import.meta.url).href)})
`

test('a thread that dies fails the request it read, and is there again for the next', async () => {
  const program = join(newFolder(), 'mortal.mjs')
  writeFileSync(program, MORTAL)
  const thread = newThread(pathToFileURL(program))
  const read = (body: string) => thread.read(Buffer.from(body), JSON_TYPE, REQUEST_LIMITS)
  const answers = await Promise.allSettled(['{}', '!', '{}', '!', '{}'].map(read))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
  expect(answers[1]).toMatchObject({ reason: { message: 'the thread that reads bodies ended with 7' } })
})

test('a program that cannot start fails each request', async () => {
  const thread = newThread(new URL('file:///nowhere/body-worker.ts'))
  const read = () => thread.read(Buffer.from('{}'), JSON_TYPE, REQUEST_LIMITS)
  await expect(read()).rejects.toThrow('Cannot find module')
  await expect(read()).rejects.toThrow('Cannot find module')
})

describe('a thread that is closed', () => {
  const list = (bytes: number) => Buffer.from(`{"resourceSpans":[${'{},'.repeat(bytes / 3)}{}]}`)

  test.each(['identity', 'gzip', 'zstd'] as const)(
    'while it reads a large body (%s) drops it and what waits',
    async (encoding) => {
      const thread = new BodyThread()
      const body = ENCODINGS[encoding](list(5_000_000))
      const answers = [1, 2, 3].map(() => thread.read(Buffer.from(body), { format: 'json', encoding }, REQUEST_LIMITS))
      const settled = Promise.allSettled(answers)
      await thread.close()
      expect((await settled).slice(1).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      await expect(thread.read(body, JSON_TYPE, REQUEST_LIMITS)).rejects.toThrow('is closed')
    },
  )

  test('before it began, or twice, is closed', async () => {
    const thread = new BodyThread()
    await thread.close()
    await thread.close()
  })
})
