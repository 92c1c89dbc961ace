import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { timerMessage } from '../../../shared/aws/buffer/timer-message.ts'
import { ENVIRONMENT } from '../../../shared/aws/deployment.ts'
import { CONTEXT } from '../../emulators/local-stack.ts'
import { captureTold, type Told } from '../../lambdas/told.ts'
import { tracesData } from '../../pipeline/traces.ts'
import type { HostileCloud } from './cloud.ts'
import { TRACE_ID } from './folder.ts'
import { answerText, FORGED, HOSTILE, offencesIn } from './hostile.ts'
import { withCloud } from './stack.ts'

const LAMBDAS = join(import.meta.dirname, '../../../lambdas')
/** Every file of lambdas/ has a handler. */
const FUNCTIONS = readdirSync(LAMBDAS)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace('.ts', ''))

type Events = (text: string, cloud: HostileCloud) => readonly object[]

function request(text: string, httpMethod: string, path: string, headers: object, body = text) {
  return { httpMethod, path, headers, body, queryStringParameters: { [text]: text, from: text, window: text } }
}

const json = { 'content-type': 'application/json' }
const RANGE = { from: '2026-01-01', to: '2026-01-02' }
const CHUNK_KEY = 'c#1764000000000#0123456789abcdef'
const streamed = (text: string, eventName: string) => ({
  eventID: text,
  eventName,
  eventSource: 'aws:dynamodb',
  dynamodb: {
    SequenceNumber: text,
    Keys: { trace: { S: text }, item: { S: CHUNK_KEY } },
    OldImage: { trace: { S: text }, item: { S: CHUNK_KEY }, p: { B: 'AAAA' }, n: { N: '1' } },
  },
})
const queued = (text: string, body: string) => ({
  messageId: text,
  body,
  attributes: { ApproximateReceiveCount: '1' },
  eventSource: 'aws:sqs',
})
const headKeys = (text: string) => ({ SequenceNumber: text, Keys: { pk: { S: `h#${text}` }, sk: { S: '-' } } })
const delivery = (text: string) => JSON.stringify({ key: text, episode: 1, receiver: text, dueAtMs: 0 })
const timer = (traceId: string) =>
  timerMessage({ kind: 'trace', traceId, chunkKeys: [CHUNK_KEY], dueAtMs: 0, attempt: 0 })

/** What each function is given, with a text of strangers in it. */
const EVENTS: Readonly<Record<string, Events>> = {
  authorizer: (text) => [{ headers: { 'x-api-key': text, [text]: text }, methodArn: text }],
  ingest: (text) => [
    request(text, 'POST', '/v1/traces', { 'content-type': text }),
    request(text, 'POST', '/v1/traces', { ...json, 'content-encoding': text }),
    request(text, 'POST', '/v1/traces', json),
    request(text, text, text, json),
    {
      ...request(text, 'POST', '/v1/traces', { 'content-type': 'application/x-protobuf' }),
      body: Buffer.from(tracesData([{ name: text.toWellFormed(), id: 1 }])).toString('base64'),
      isBase64Encoded: true,
    },
  ],
  timer: (text) => [{ Records: [streamed(text, 'INSERT')] }],
  evaluator: (text) => [
    { Records: [queued(text, text), queued(`${text}2`, timer(text)), queued(`${text}3`, timer(TRACE_ID))] },
    { Records: [streamed(text, 'REMOVE')] },
  ],
  dispatcher: (text) => [{ Records: [{ ...streamed(text, 'MODIFY'), dynamodb: headKeys(text) }] }],
  notifier: (text) => [{ Records: [queued(text, text), queued(`${text}2`, delivery(text))] }],
  experiments: (text) => [
    request(text, 'POST', '/v1/experiments', json, JSON.stringify({ action: text, id: text, at: text })),
    request(text, 'POST', '/v1/experiments', json, JSON.stringify({ action: 'start', id: 'a', at: text })),
    request(text, 'POST', '/v1/experiments', json, JSON.stringify({ action: 'start', id: 'a', name: text })),
    request(text, 'POST', '/v1/experiments', { 'content-type': text }),
    request(text, 'GET', `/v1/experiments/${text}`, json),
    request(text, 'GET', '/v1/experiments', json),
    request(text, 'GET', '/v1/invariants/health', json),
    {
      'detail-type': 'FIS Experiment State Change',
      source: 'aws.fis',
      time: text,
      detail: { 'experiment-id': text, 'new-state': { status: text } },
    },
  ],
  verdicts: () => [{}],
  compactor: (text) => [{ from: text }, RANGE],
  replay: (text) => [
    { from: text, [text]: text },
    { ...RANGE, rules: [text] },
    { ...RANGE, rules: [{ file: text, text }] },
    { run: text.toWellFormed() },
  ],
  'replay-plan': (text) => [{ run: text.toWellFormed() }],
  'replay-worker': (text) => [{ run: text.toWellFormed(), share: text, manifest: text.toWellFormed() }],
  'replay-report': (text) => [{ run: text.toWellFormed(), failed: [{ Error: text, Cause: text }] }],
  'rule-seeding': (text, { endpoint }) => [
    { RequestType: 'Create', ResponseURL: `${endpoint}/answer`, ResourceProperties: { packs: [text] }, StackId: text },
    { RequestType: 'Create', ResponseURL: text, ResourceProperties: { packs: ['*'] } },
  ],
}

/** Whatever they are given, they say nothing of it. */
const SILENT: ReadonlySet<string> = new Set(['authorizer', 'timer'])

/** What was answered, as text. */
function bodyOf(result: unknown): string {
  const { body = '', headers } = (result ?? {}) as { readonly body?: string; readonly headers?: Record<string, string> }
  return answerText(Buffer.from(body, 'base64'), headers?.['content-type'])
}

let told: Told
beforeEach(() => {
  vi.resetModules()
  told = captureTold()
  for (const [name, variable] of Object.entries(ENVIRONMENT)) vi.stubEnv(variable, name)
  for (const settings of ['judging', 'requestLimits'] as const) vi.stubEnv(ENVIRONMENT[settings], '{}')
  vi.stubEnv(ENVIRONMENT.redactedKeys, '[]')
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG')
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false')
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

test('every function is fed', () => {
  expect(Object.keys(EVENTS).toSorted()).toEqual(FUNCTIONS.toSorted())
})

describe.each(HOSTILE.map((text, index) => [index, text] as const))('whatever it is given, text %i', (_, text) => {
  test.each(FUNCTIONS)('%s logs, throws and answers nothing that it must not', async (name) => {
    const { written, answered } = await withCloud(text, async (cloud) => {
      const { handler } = (await import(`../../../lambdas/${name}.ts`)) as {
        readonly handler: (event: object, context: object) => Promise<unknown>
      }
      const answers: string[] = []
      for (const answer of ['content', 'errors'] as const) {
        cloud.answer = answer
        for (const event of EVENTS[name]?.(text, cloud) ?? []) {
          const result = await told.run(() => handler(event, CONTEXT))
          answers.push(bodyOf(result))
        }
      }
      const reasons = cloud.sent.filter(({ url }) => url === '/answer').map(({ body }) => JSON.parse(body).Reason)
      return { written: told.text(), answered: [...answers, ...reasons] }
    })
    expect([name, written.includes(FORGED)]).toEqual([name, !SILENT.has(name)])
    expect([written, ...answered].flatMap((each) => offencesIn({ text: each }))).toEqual([])
  })
})
