import type { APIGatewayProxyEvent, Context, SQSEvent, SQSRecord } from 'aws-lambda'
import { bodyOf, headersOf, resultOf } from '../../lambdas/support/gateway.ts'
import { onTimers } from '../../lambdas/support/timers.ts'
import { timerMessage, timerOf } from '../../shared/aws/buffer/timer-message.ts'
import { newSemaphore } from '../../shared/concurrency/semaphore.ts'
import { answerApi } from '../../shared/experiments/api.ts'
import type { Random } from '../pipeline/model/random.ts'
import { World } from '../pipeline/world.ts'
import { openApi } from './api-deps.ts'
import { changedJson } from './mutate-json.ts'
import { mutatedText, type TextPool, wordsOf } from './mutate-text.ts'
import { send } from './otlp.ts'
import { bytesOf, type OpenTarget, type Target, textOf, violate } from './target.ts'

/** Webhooks of chaos tools, and what AWS hands to the functions. */
export const events: Target = {
  name: 'events',
  about:
    'what is posted about experiments (own format, Gremlin, FIS), events of the gateway, messages of the timers queue',
  open: async () => openEvents(),
}

const NOW = '2025-10-15T00:00:00Z'
const POSTED = [
  { action: 'start', id: 'drill-1', name: 'AZ loss', at: NOW, labels: { zone: 'a' }, services: ['pay'], rules: ['R'] },
  { action: 'stop', id: 'drill-1', at: 1_760_486_400, outcome: 'ended' },
  { attackId: 'a-b-c', attackType: 'latency', attackStatus: 'Running', teamId: 't', source: 'WebApp', time: NOW },
  {
    scenarioId: 's',
    scenarioName: 'loss',
    runNumber: 3,
    status: 'Finished',
    stage: 'Successful',
    time: 1_760_486_400_000,
  },
  {
    'detail-type': 'FIS Experiment State Change',
    source: 'aws.fis',
    account: '123456789012',
    time: NOW,
    region: 'eu-west-1',
    detail: {
      'experiment-id': 'EXP1',
      'experiment-template-id': 'EXT1',
      'new-state': { status: 'running', reason: 'x' },
    },
  },
].map((posted) => JSON.stringify(posted))

const QUERIES = [
  '',
  'from=-7d&to=now',
  'window=60s&severity=critical',
  'from=now&to=-1h',
  'from=%00&to=1e999',
  'window=9999999999h',
  'severity=constructor',
  'from=2025-01-01&to=2025-01-02T00:00:00+99:99',
  'from=-99999999999d',
  'rules=,,,',
]
const PATHS = [
  '/v1/experiments',
  '/v1/experiments',
  '/v1/experiments/drill-1',
  '/v1/experiments/__proto__',
  '/v1/experiments/%E0%A4%A',
  '/v1/experiments/',
  '/v1/invariants/health',
  `/v1/experiments/${'x'.repeat(5000)}`,
]

/** One input, as JSON. */
type Input =
  | {
      readonly kind: 'api'
      readonly method: string
      readonly path: string
      readonly query: string
      readonly body: string
    }
  | { readonly kind: 'gateway'; readonly event: APIGatewayProxyEvent }
  | { readonly kind: 'queue'; readonly bodies: readonly string[] }

function openEvents(): OpenTarget {
  const api = openApi()
  const pool: TextPool = { texts: POSTED, words: wordsOf(POSTED) }
  return {
    generate: (random) => bytesOf(JSON.stringify(generate(random, pool))),
    async check(input) {
      const given = JSON.parse(textOf(input)) as Input
      if (given.kind === 'api') await checkApi(given, api.deps)
      else if (given.kind === 'gateway') await checkGateway(given.event)
      else await checkQueue(given.bodies)
    },
    bounds: { ms: (bytes) => 300 + bytes / 50, allocatedBytes: (bytes) => 32 * 1024 * 1024 + 300 * bytes },
    close: async () => api.close(),
  }
}

function generate(random: Random, pool: TextPool): Input {
  switch (random.between(0, 3)) {
    case 0:
      return { kind: 'gateway', event: gatewayEvent(random) }
    case 1:
      return { kind: 'queue', bodies: Array.from({ length: random.between(1, 6) }, () => message(random)) }
    default: {
      const method = random.chance(0.8) ? 'POST' : random.pick(['GET', 'HEAD', 'DELETE', '__proto__'])
      const path = method === 'POST' ? '/v1/experiments' : random.pick(PATHS)
      return { kind: 'api', method, path, query: random.pick(QUERIES), body: posted(random, pool) }
    }
  }
}

function posted(random: Random, pool: TextPool): string {
  const text = random.pick(POSTED)
  if (random.chance(0.1)) return text
  return random.chance(0.7) ? changedJson(random, text) : mutatedText(random, pool, 60_000)
}

async function checkApi(
  { method, path, query, body }: Extract<Input, { kind: 'api' }>,
  deps: Parameters<typeof answerApi>[1],
) {
  const ask = (asked: string, by: string, at: string) =>
    answerApi(
      {
        method: by,
        path: at,
        query: new URLSearchParams(asked),
        headers: { 'content-type': 'application/json' },
        body,
      },
      deps,
    )
  const answer = await ask(query, method, path)
  if (![200, 202, 400, 404, 405, 409, 503].includes(answer.status)) violate(`answered ${answer.status}`)
  const told = JSON.parse(answer.body) as {
    readonly error?: { readonly message?: string; readonly hint?: string }
    readonly id?: string
  }
  if (answer.status >= 400 && answer.status !== 503 && !told.error?.message)
    violate(`answered ${answer.status} without a reason`)
  if (answer.status !== 202 || told.id === undefined) return
  const shown = await ask('', 'GET', `/v1/experiments/${encodeURIComponent(told.id)}`)
  if (shown.status !== 200) violate(`an experiment that was taken is not shown: ${shown.status}`)
  const { window } = JSON.parse(shown.body) as {
    readonly window: { readonly from: string; readonly to: string } | null
  }
  if (window !== null && !(Date.parse(window.from) <= Date.parse(window.to))) violate('a window ends before it begins')
}

const GATEWAY_HEADERS: readonly unknown[] = [
  null,
  undefined,
  {},
  { 'Content-Type': 'application/json' },
  { 'content-type': null },
  { 'CONTENT-TYPE': 'application/x-protobuf', __proto__: null },
  { 'content-length': '-5' },
]

function gatewayEvent(random: Random): APIGatewayProxyEvent {
  const type = random.pick(['application/json', 'application/x-protobuf'])
  const body = random.pick([
    null,
    '',
    '{}',
    '{"resourceSpans":[]}',
    'CgA=',
    '!!!not base64!!!',
    'Cg==\n',
    '\ud800',
    'é'.repeat(100),
  ])
  const many = random.pick([
    null,
    undefined,
    { 'Content-Type': [type] },
    { 'content-encoding': ['gzip', 'gzip'] },
    { 'content-encoding': [] },
    { 'x-a': undefined },
  ])
  return {
    httpMethod: random.pick(['POST', 'GET', 'OPTIONS']),
    headers: random.chance(0.5) ? { 'Content-Type': type } : random.pick(GATEWAY_HEADERS),
    multiValueHeaders: many,
    body,
    isBase64Encoded: random.pick([true, false, undefined]),
    path: '/v1/traces',
  } as unknown as APIGatewayProxyEvent
}

/** As the function behind the gateway does it; what was sent as either format is answered in it. */
async function checkGateway(event: APIGatewayProxyEvent): Promise<void> {
  const headers = headersOf(event)
  const body = bodyOf(event)
  const type = headers['content-type']
  const isOtlp = type === 'application/json' || type === 'application/x-protobuf'
  if (event.httpMethod === 'POST' && isOtlp && headers['content-encoding'] === undefined) await send(body, type)
  const result = resultOf({ status: 200, headers: { a: 'b' }, body })
  if (!Buffer.from(result.body, 'base64').equals(body)) violate('the gateway would answer with other bytes')
}

function message(random: Random): string {
  const number = random.between(1, 3)
  const timer = timerMessage({
    kind: 'trace',
    traceId: String(number).padStart(32, '0'),
    chunkKeys: [`c#1760486400000#${'0'.repeat(16)}`],
    dueAtMs: 1_760_486_400_000,
    attempt: random.between(0, 3),
  })
  if (random.chance(0.5)) return timer
  return random.chance(0.5) ? changedJson(random, timer) : random.pick(['', '{', 'null', '[]', '{"kind":"storm"}'])
}

/** Each message that is not a timer fails alone; the others of the batch are done. */
async function checkQueue(bodies: readonly string[]): Promise<void> {
  const { evaluator } = new World([{ name: 'A', violated: () => true }])
  const dependencies = { evaluator, semaphore: newSemaphore(4) } as unknown as Parameters<typeof onTimers>[0]
  const records = bodies.map(
    (body, index) =>
      ({
        messageId: `m${index}`,
        body,
        attributes: { ApproximateReceiveCount: '1' },
        eventSource: 'aws:sqs',
      }) as unknown as SQSRecord,
  )
  const context = { getRemainingTimeInMillis: () => 60_000 } as Context
  const { batchItemFailures } = await onTimers(dependencies, { Records: records } as SQSEvent, context)
  const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort()
  const poison = records
    .filter(({ body }) => timerOf(body) === undefined)
    .map(({ messageId }) => messageId)
    .sort()
  if (failed.join() !== poison.join()) violate(`failed: ${failed.join()}; no timers: ${poison.join()}`)
}
