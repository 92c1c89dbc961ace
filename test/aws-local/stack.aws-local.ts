import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planRequests } from '../../cli/demo/plan.ts'
import { startShop } from '../../cli/demo/shop.ts'
import { startRuntime } from '../../local/runtime.ts'
import { chunkItems } from '../../shared/aws/buffer/buffer-items.ts'
import { MAX_REQUEST_BYTES, PACK_FOLDERS } from '../../shared/aws/deployment.ts'
import type { ReplayAnswer } from '../../shared/aws/replay/replay-service.ts'
import { newChunk } from '../../shared/pipeline/chunk.ts'
import { type SignalEvent, signalId } from '../../shared/pipeline/signal.ts'
import { encode } from '../otlp/otlp-proto.ts'
import { type TestSpan, tracesData } from '../pipeline/traces.ts'
import { type DeployedStack, deploy } from './deployed-stack.ts'
import { listening } from './gateway.ts'

/** A request as a client sent it. */
interface Recorded {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** A stack keeps every signal; one machine keeps samples unless it is told otherwise. */
const EVERY_SIGNAL = 1_000_000

const FAST = { quietPeriodSeconds: 1, incompleteWaitSeconds: 1 }
let stack: DeployedStack
beforeAll(async () => {
  stack = await deploy(FAST)
}, 300_000)
afterAll(() => stack?.stop())

/** What the demo's shop, through real OpenTelemetry SDKs, sends for some requests, faults among them. */
async function recordTraffic(requests: number): Promise<readonly Recorded[]> {
  const recorded: Recorded[] = []
  const recorder = await listening(async (request) => {
    const { 'content-type': type = '', 'content-encoding': encoding } = request.headers
    const headers = { 'content-type': type, ...(encoding !== undefined && { 'content-encoding': encoding }) }
    recorded.push({ headers, body: await buffer(request) })
    return { status: 200, headers: { 'content-type': type } }
  })
  const shop = startShop(recorder.url)
  try {
    const planned = planRequests(requests, 1)
    for (let at = 0; at < planned.length; at += 10) {
      await Promise.all(planned.slice(at, at + 10).map((request) => shop.serve(request)))
      await shop.flush()
    }
  } finally {
    await shop.stop()
    recorder.stop()
  }
  return recorded
}

async function send(url: string, { headers, body }: Recorded, apiKey = stack.apiKey): Promise<Response> {
  return fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { ...headers, 'x-api-key': apiKey },
    body: Buffer.from(body),
  })
}

/** Signals that hold in the end, by their id. */
function holding(events: readonly SignalEvent[]): readonly string[] {
  const last = new Map<string, SignalEvent>()
  for (const event of events.toSorted((a, b) => a.sequence - b.sequence)) last.set(event.signalid, event)
  return [...last.values()]
    .filter(({ status }) => status !== 'retracted')
    .map(({ signalid }) => signalid)
    .sort()
}

/** What subscribers received, and what was kept: also of rules in shadow mode. */
interface Outcome {
  readonly published: readonly string[]
  readonly stored: readonly string[]
}

async function deployed(): Promise<Outcome> {
  const stored = await stack.stored()
  return { published: holding(stack.published()), stored: holding(stored.map(({ event }) => event)) }
}

/** What the embedded runtime makes of the same requests. */
async function embedded(requests: readonly Recorded[]): Promise<Outcome> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'betrace-embedded-'))
  const waits = { quietPeriodMs: 500, incompleteWaitMs: 1_000 }
  const settings = { port: 0, ...waits, firstSignalSamples: EVERY_SIGNAL, webhooks: [{ url: 'http://subscriber' }] }
  const published: SignalEvent[] = []
  const subscriber: typeof fetch = async (_, request) => {
    const event = JSON.parse(String(request?.body))
    // Webhooks get incidents, too.
    if (event.type.startsWith('dev.betrace.signal.')) published.push(event)
    return new Response()
  }
  const rulePaths = PACK_FOLDERS.map((folder) => join(import.meta.dirname, '../..', folder))
  const runtime = await startRuntime({ dataFolder, rulePaths, settings, fetch: subscriber })
  try {
    for (const request of requests) expect((await send(runtime.url, request)).status).toBe(200)
    for (let polls = 0; polls < 300 && runtime.stats().timersWaiting > 0; polls++) await sleep(100)
    await runtime.runDue()
    const stored = runtime.signals.find({ limit: 100_000 }).map(({ event }) => event)
    return { published: holding(published), stored: holding(stored) }
  } finally {
    await runtime.close()
    rmSync(dataFolder, { recursive: true })
  }
}

const PROTOBUF = { 'content-type': 'application/x-protobuf' }
const span = (name: string, id: number, parent?: number): TestSpan => ({
  name,
  id,
  ...(parent !== undefined && { parent }),
  startMs: Date.now() - 100,
  endMs: Date.now(),
})
/** What became of one signal of a trace; other rules that ship may fire, too. */
const unvalidated = (traceId: string) =>
  stack
    .published()
    .filter(({ data }) => data.traceId === traceId && data.signal === 'PAYMENT_INVARIANT_VIOLATION')
    .map(({ status, data }) => [status, data.complete])

describe('the synthesized stack on emulators', () => {
  test('gives the same signals as the embedded runtime, for the same requests, sent once or again', async () => {
    const requests = await recordTraffic(80)
    expect(requests.length).toBeGreaterThan(20)
    for (const request of requests) expect((await send(stack.url, request)).status).toBe(200)
    await stack.settled()
    const expected = await embedded(requests)
    expect(expected.published.length).toBeGreaterThan(5)
    expect(expected.stored.length).toBeGreaterThan(expected.published.length)
    expect(await deployed()).toEqual(expected)
    for (const request of requests) await send(stack.url, request)
    await stack.settled()
    expect(await deployed()).toEqual(expected)
    expect(stack.deadLetters()).toBe(0)
  }, 300_000)

  test('replays what it archived with the verdicts that it gave live', async () => {
    const answer = await stack.invoke('replay', { from: '-1h', limit: 1_000 })
    expect(answer).toMatchObject({ state: 'done', report: { failures: [] } })
    const { rules } = (answer as Extract<ReplayAnswer, { readonly state: 'done' }>).report
    const replayed = rules.flatMap(({ rule, revision, samples }) =>
      samples.map(({ traceId }) => signalId(traceId, rule, revision)),
    )
    expect(replayed.sort()).toEqual((await deployed()).stored)
  }, 60_000)

  test('lets nobody in without a key', async () => {
    const request = { headers: PROTOBUF, body: tracesData([span('x', 1)]) }
    expect((await send(stack.url, request, 'wrong')).status).toBe(401)
    expect((await send(stack.url, request, '')).status).toBe(401)
  })

  test('takes a body of 4.4 MB, and says what to do about a larger one', async () => {
    const body = (bytes: number) => {
      const attributes = [{ key: 'blob', value: { bytesValue: randomBytes(bytes) } }]
      const large = {
        traceId: randomBytes(16),
        spanId: randomBytes(8),
        name: 'large',
        startTimeUnixNano: '1',
        attributes,
      }
      return encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans: [large] }] }] })
    }
    const request = { headers: PROTOBUF, body: body(MAX_REQUEST_BYTES - 1_000) }
    expect(request.body.length).toBeGreaterThan(4.39 * 1024 * 1024)
    expect((await send(stack.url, request)).status).toBe(200)
    expect((await send(stack.url, { headers: PROTOBUF, body: body(MAX_REQUEST_BYTES) })).status).toBe(413)
    await stack.settled()
    expect(stack.deadLetters()).toBe(0)
  }, 150_000)

  test('re-opens a trace for a late span, and retracts what no longer holds', async () => {
    const traceId = 'ab'.repeat(16)
    const first = tracesData([span('checkout', 1), span('payment.charge', 2, 1)], traceId)
    await send(stack.url, { headers: PROTOBUF, body: first })
    await stack.settled()
    expect(unvalidated(traceId)).toEqual([['firing', true]])
    await send(stack.url, { headers: PROTOBUF, body: tracesData([span('cart.validate', 3, 1)], traceId) })
    await stack.settled()
    expect(unvalidated(traceId).map(([status]) => status)).toEqual(['firing', 'retracted'])
  }, 150_000)

  test('rescues a chunk that expired unjudged, from the image in the stream', async () => {
    const traceId = 'cd'.repeat(16)
    const { table, dynamo } = stack
    const { head } = chunkItems(newChunk(traceId, Date.now(), tracesData([span('payment.charge', 1)], traceId), 1))
    const Item = { ...head, p: { B: Buffer.from(head.p?.B ?? []).toString('base64') } }
    const Key = { trace: head.trace, item: head.item }
    // It is gone before its timer fires.
    await dynamo.call('DynamoDB_20120810', 'PutItem', { TableName: table, Item })
    await dynamo.call('DynamoDB_20120810', 'DeleteItem', { TableName: table, Key })
    await stack.settled()
    expect(unvalidated(traceId)).toEqual([['firing', false]])
  }, 150_000)
})
