import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DynamoTraceBuffer } from '../../../shared/aws/buffer/dynamo-buffer.ts'
import { SqsTimers } from '../../../shared/aws/buffer/sqs-timers.ts'
import { seedPacks } from '../../../shared/aws/rules/rule-seeding.ts'
import { S3RuleSource } from '../../../shared/aws/rules/s3-rule-source.ts'
import { SnsSignalPublisher } from '../../../shared/aws/signals/sns-publisher.ts'
import type { Chunk } from '../../../shared/pipeline/chunk.ts'
import type { Evaluator } from '../../../shared/pipeline/evaluator.ts'
import { NO_EXPERIMENTS } from '../../../shared/pipeline/experiment-calendar.ts'
import { INGEST_OPTIONS, ingest } from '../../../shared/pipeline/ingest.ts'
import { ruleSetOf } from '../../../shared/pipeline/rule-set.ts'
import { judgingSettings } from '../../../shared/pipeline/settings.ts'
import { SignalRate } from '../../../shared/pipeline/signal-rate.ts'
import { handleTimers } from '../../../shared/pipeline/timers.ts'
import { bufferTable, IMPATIENT } from '../../emulators/dynamo-table.ts'
import { startDynalite } from '../../emulators/emulators.ts'
import { faux } from '../../emulators/faux.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const { account, set } = deployed()
const emulator = faux()
let dynamoEndpoint = ''
const table = bufferTable(async () => {
  const running = await startDynalite()
  dynamoEndpoint = running.endpoint
  return running
})

const KEY = 'generated-at-deploy-0123456789'
const PACK = {
  file: 'packs/doctor.rules',
  text: readFileSync(new URL('../../../rules/doctor.rules', import.meta.url), 'utf8'),
}
/** The broken part of the stack under examination. */
let broken: 'nothing' | 'gateway' | 'evaluator' | 'publisher' = 'nothing'
let topic = ''
let urls = { timersUrl: '', deadLettersUrl: '' }
const metrics = { add: () => {}, observe: () => {} }

function evaluator(): Evaluator {
  const clock = Date.now
  const publisher = new SnsSignalPublisher({ client: emulator().sns, arn: topic, backoff: IMPATIENT })
  const log = () => {}
  return {
    buffer: new DynamoTraceBuffer(table(), clock),
    timers: new SqsTimers({ client: emulator().sqs, ...urls, backoff: IMPATIENT }, clock),
    archive: { write: async () => {} },
    signals: { record: async () => {} },
    publisher: broken === 'publisher' ? { publish: async () => [] } : publisher,
    signalRate: new SignalRate(1_000),
    incidents: { take: async () => {}, countExercise: () => {} },
    rules: new S3RuleSource({ client: emulator().s3, name: 'rules' }, { compile: ruleSetOf, clock, log, onStale: log }),
    metrics,
    clock,
    stopwatch: clock,
    log,
    experiments: NO_EXPERIMENTS,
    newToken: randomUUID,
    settings: judgingSettings({ quietPeriodMs: 0 }),
  }
}

/** Stores as ingest does, then judges at once in place of stream and timer. */
async function append(stored: Iterable<Chunk>) {
  const e = evaluator()
  const chunks = [...stored]
  const refused = await e.buffer.append(chunks)
  const timers = chunks.map(({ traceId, key }) => {
    return { kind: 'trace', traceId, chunkKeys: [key], dueAtMs: 0, attempt: 0 } as const
  })
  if (broken !== 'evaluator') await handleTimers(e, timers)
  return refused
}

const gateway = createServer(async (request, response) => {
  const allowed = request.headers['x-api-key'] === KEY || broken === 'gateway'
  const headers = request.headers as Record<string, string>
  const body = await buffer(request)
  if (!allowed) return response.writeHead(401).end()
  const options = { buffer: { append }, clock: Date.now, metrics, options: INGEST_OPTIONS, onStorageFailure: () => {} }
  const answer = await ingest({ method: 'POST', headers, body }, options)
  return response.writeHead(answer.status, answer.headers).end(answer.body)
})

beforeAll(() => new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve)))
afterAll(() => gateway.close())

beforeEach(async () => {
  broken = 'nothing'
  const { server, endpoint } = emulator()
  server.purgeAll()
  server.createBucket('rules')
  topic = server.createTopic('signals').topicArn
  urls = { timersUrl: server.createQueue('timers').queueUrl, deadLettersUrl: server.createQueue('dead').queueUrl }
  const ingestUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`
  set({ ingestUrl, signalTopic: topic, table: 'buffer', ...urls })
  account().secret = { id: 'v1', text: JSON.stringify({ generatedKey: KEY }) }
  for (const service of ['S3', 'SNS', 'SQS']) process.env[`AWS_ENDPOINT_URL_${service}`] = endpoint
  process.env.AWS_ENDPOINT_URL_DYNAMODB = dynamoEndpoint
  await seedPacks({ client: emulator().s3, name: 'rules' }, [PACK])
})

const doctor = (...args: readonly string[]) => runInProcess(['doctor', ...args])

/** The mark and name of each hop shown. */
function hops(out: string): readonly string[] {
  return [...out.matchAll(/^ {2}([✓✗]) (\S+)/gm)].map(([, mark, name]) => `${mark} ${name}`)
}

describe('betrace doctor', () => {
  test('follows its trace through every hop to its signal', async () => {
    const { exitCode, out, err } = await doctor()
    expect(exitCode, out + err).toBe(0)
    expect(hops(out)).toEqual(['✓ rule', '✓ gateway', '✓ ingest', '✓ table', '✓ timer', '✓ topic'])
    expect(out).toMatch(/every hop works: span to signal, \d+\.\d s in all/)
    expect(emulator().server.inspectQueue('timers')?.messages.ready).toEqual([])
  })

  test('says that its rule is not in force', async () => {
    await seedPacks({ client: emulator().s3, name: 'rules' }, [])
    const { exitCode, out } = await doctor()
    expect([exitCode, hops(out)]).toEqual([1, ['✗ rule']])
    expect(out).toContain('deploy with the pack "doctor"')
  })

  test('says that the gateway lets anyone in', async () => {
    broken = 'gateway'
    const { exitCode, out } = await doctor()
    expect([exitCode, hops(out).at(-1)]).toEqual([1, '✗ gateway'])
  })

  test('says that the key is not known', async () => {
    const { exitCode, out } = await doctor('--api-key', 'another')
    expect([exitCode, hops(out).at(-1)]).toEqual([1, '✗ ingest'])
  })

  test('says that no verdict was given in time, and how full the queues are', async () => {
    broken = 'evaluator'
    const { exitCode, out } = await doctor('--timeout', '1s')
    expect([exitCode, hops(out).at(-1)]).toEqual([1, '✗ timer'])
    expect(out).toContain('timers: 0 waiting, 0 due, 0 in work; 0 dead letters')
  })

  test('says that the signal was not sent', async () => {
    broken = 'publisher'
    const { exitCode, out } = await doctor('--timeout', '1s')
    expect([exitCode, hops(out).at(-1)]).toEqual([1, '✗ topic'])
  })

  test('cannot examine a stack that does not exist', async () => {
    expect((await doctor('--stack', 'betrace-none')).exitCode).toBe(2)
  })
})
