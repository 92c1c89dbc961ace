import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SFNClient } from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ENVIRONMENT } from '../../shared/aws/deployment.ts'
import { startExecution } from '../../shared/aws/replay/replay-execution.ts'
import { writeRun } from '../../shared/aws/replay/replay-runs.ts'
import { CONTEXT, type LocalStack, START_MS, startLocalStack } from '../emulators/local-stack.ts'
import { anyRunId, type ReplayStack, startReplayStack } from '../emulators/replay-stack.ts'
import { type TestSpan, tracesData } from '../pipeline/traces.ts'

const RULES = '// Signal: UNVALIDATED (critical)\ntrace.has(payment.charge) and not trace.has(cart.validate)\n'
const CHARGE: TestSpan = { name: 'payment.charge', id: 1 }

type Handler = (event: object, context: object) => Promise<unknown>

let stack: LocalStack
let replay: ReplayStack
/** What each function called, as its role would have to grant it. */
const called = new Map<string, Set<string>>()
/** Functions run one after the other, so that a call belongs to the one that was begun last. */
let running = 'ingest'

beforeAll(async () => {
  stack = await startLocalStack({ rules: RULES })
  stack.faults.decide(({ action }) => {
    const calls = called.get(running) ?? new Set()
    called.set(running, calls.add(asGranted(action)))
    return 'served'
  })
  const functions = stack.functions as unknown as Record<string, Handler>
  for (const [name, handler] of Object.entries(functions)) functions[name] = as(name, handler)
  replay = await startReplayStack(stack.s3, CONTEXT)
  replay.beforeStep = (step) => {
    running = `replay-${step}`
  }
})
afterAll(async () => {
  replay.stop()
  await stack.stop()
})

const as =
  (name: string, handler: Handler): Handler =>
  (event, context) => {
    running = name
    return handler(event, context)
  }

const load = async (name: string) => as(name, (await import(`../../lambdas/${name}.ts`)).handler as Handler)

/** A call as it passes → action and resource in the words of permissions.txt; of the topic and queues the action alone. */
function asGranted(action: string): string {
  const [service, operation = ''] = action.split('.')
  if (service?.startsWith('DynamoDB')) return `dynamodb:${operation} on StorageTable`
  if (service === 'AmazonSQS') return `sqs:${operation.replace('Batch', '')}`
  const [, method, bucket, key] = /^(\w+) \/(rules|archive)?\/?(.*)$/.exec(action) ?? []
  if (bucket === undefined) return 'sns:Publish'
  const owner = bucket === 'rules' ? 'StorageRules' : 'StorageArchive'
  if (key === '') return `s3:ListBucket on ${owner}`
  const verb = { GET: 'Get', HEAD: 'Get', PUT: 'Put', DELETE: 'Delete' }[method ?? ''] ?? method
  return `s3:${verb}Object on ${owner}/${key}`
}

/** What the roles of permissions.txt may do, as tests of a call. */
function granted(): ReadonlyMap<string, readonly RegExp[]> {
  const text = readFileSync(join(import.meta.dirname, '../infra/permissions.txt'), 'utf8')
  const blocks = (text.split('\n# ')[1] ?? '').split('\n\n').map((block) => block.trim().split('\n'))
  return new Map(
    blocks.map(([role = '', ...lines]) => {
      const grants = lines.map((line) => line.trim()).filter((line) => line.includes(' on '))
      return [role, grants.map(patternOf)]
    }),
  )
}

function patternOf(grant: string): RegExp {
  const whole = /^(sqs|sns):/.test(grant) ? (grant.split(' on ')[0] ?? '') : grant
  return new RegExp(`^${whole.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`)
}

const id = (number: number) => number.toString(16).padStart(32, '0')

async function judge(number: number, spans: readonly TestSpan[], startMs = Date.now()): Promise<void> {
  await stack.send(
    tracesData(
      spans.map((span) => ({ startMs, ...span })),
      id(number),
    ),
  )
  await stack.settle()
}

/** Everything that the functions are for, once. */
async function everything(): Promise<void> {
  const experiments = await load('experiments')
  const post = (body: object) =>
    experiments(
      {
        httpMethod: 'POST',
        path: '/v1/experiments',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      },
      CONTEXT,
    )
  await post({ action: 'start', id: 'drill', at: START_MS })
  await judge(1, [CHARGE])
  await judge(1, [{ name: 'cart.validate', id: 2, parent: 1 }])
  await judge(2, [CHARGE], Date.now() - 30 * 3_600_000)
  await stack.send(tracesData([{ ...CHARGE, startMs: Date.now() }], id(3)))
  await stack.expire(id(3))
  await stack.damage(id(1))
  await judge(1, [{ ...CHARGE, id: 3 }])
  await post({ action: 'stop', id: 'drill', at: Date.now() })
  for (const path of ['/v1/experiments', '/v1/experiments/drill', '/v1/invariants/health']) {
    await experiments({ httpMethod: 'GET', path, headers: {}, queryStringParameters: {} }, CONTEXT)
  }
  vi.setSystemTime(Date.now() + 3_600_000)
  await (await load('verdicts'))({}, CONTEXT)
  await replayAll()
  const compactor = await load('compactor')
  const context = { ...CONTEXT, getRemainingTimeInMillis: () => 900_000 }
  for (const hours of [3, 6, 9]) {
    vi.setSystemTime(Date.now() + hours * 3_600_000)
    await compactor({ from: '2026-01-30T00:00Z', to: '2026-01-31T13:00Z' }, context)
  }
}

async function replayAll(): Promise<void> {
  running = 'replay'
  await replay.invoke({ from: '2026-01-30', to: '2026-02-02', mode: 'publish' })
  const run = anyRunId()
  const range = { fromMs: START_MS - 86_400_000, toMs: START_MS + 86_400_000 }
  await writeRun(stack.archive, {
    id: run,
    range,
    rules: { files: [{ file: 'a.rules', text: RULES }] },
    mode: 'publish',
    sampleLimit: 9,
  })
  const client = new SFNClient({})
  await startExecution({ client, arn: process.env[ENVIRONMENT.replayMachine] ?? '' }, run)
  await replay.executions()
  client.destroy()
  running = 'replay'
  await replay.invoke({ run })
}

test('no function makes a call, on any table, bucket or prefix, that its role does not grant', async () => {
  await everything()
  const grants = granted()
  const refused = [...called].flatMap(([name, calls]) => {
    const patterns = grants.get(name) ?? []
    return [...calls]
      .filter((call) => !patterns.some((pattern) => pattern.test(call)))
      .map((call) => `${name}: ${call}`)
  })
  expect(refused).toEqual([])
  // Whoever made no call was not looked at.
  const looked = [
    'compactor',
    'evaluator',
    'experiments',
    'ingest',
    'replay',
    'replay-plan',
    'replay-report',
    'replay-worker',
    'timer',
    'verdicts',
  ]
  expect([...called.keys()].sort()).toEqual(looked)
})
