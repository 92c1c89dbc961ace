import { setTimeout as sleep } from 'node:timers/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { NOTIFY_KEY } from '../../shared/aws/incidents/s3-notify-source.ts'
import type { PendingSignal } from '../../shared/pipeline/ports.ts'
import type { SignalEvent } from '../../shared/pipeline/signal.ts'
import { type Faux, startFaux } from '../emulators/emulators.ts'
import { functionName, type Synthesized, synthesize } from '../infra/synthesized.ts'
import { type DynamoLocal, startDynamoLocal } from './dynamo-local.ts'
import { type Pattern, type Pump, pumpQueue, pumpStream } from './event-sources.ts'
import { type DeployedFunction, startFunction } from './functions.ts'
import { type LocalServer, listening, startGateway } from './gateway.ts'
import { createResources, idOf, messagesIn, type Names, resolved, storedSignals } from './resources.ts'
import type { SkewedClock } from './soak/clock.ts'

/** The stack as synthesized, on emulators: its tables, queues, buckets, topics, functions and event sources. */
export interface DeployedStack {
  /** The address of OTLP; needs the key. */
  readonly url: string
  readonly apiKey: string
  readonly table: string
  readonly dynamo: DynamoLocal
  /** Every signal that a subscriber of the topic got. */
  published(): readonly SignalEvent[]
  /** Every signal that was kept, those of rules in shadow mode too. */
  stored(): Promise<readonly PendingSignal[]>
  /** Invokes a function by its file in lambdas/. */
  invoke(handler: string, event: object): ReturnType<DeployedFunction['invoke']>
  /** When the next message that waits can be received; Infinity without one. */
  nextDueMs(): number
  /** Puts a file of receivers in force. */
  notify(text: string): Promise<void>
  /** Messages of the dead-letter queue. */
  deadLetters(): number
  /** Resolves when all event sources have delivered what there was. */
  settled(): Promise<void>
  stop(): Promise<void>
}

const API_KEY = 'a-key-for-this-test'
const PATIENCE_MS = 60_000
/** Polls of 50 ms; on a busy machine a stream reports a write this late. */
const IDLE_ROUNDS = 30

/** Deploys the stack; what was started so far is stopped if anything fails. */
export async function deploy(
  context: Readonly<Record<string, unknown>>,
  { clock, soonMs = SOON_MS }: Time = {},
): Promise<DeployedStack> {
  const stack = synthesize(context)
  const running: { stop(): unknown }[] = []
  const started = async <Part extends { stop(): unknown }>(part: Promise<Part>): Promise<Part> => {
    running.push(await part)
    return part
  }
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  try {
    return { ...(await deployParts(stack, { clock, soonMs }, started)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The clock that all functions go by, this machine's unless told; what is due within `soonMs` is waited for. */
interface Time {
  readonly clock?: SkewedClock | undefined
  readonly soonMs?: number
}

/** Looks at incidents and at deliveries are minutes away; what traces wait for is not. */
const SOON_MS = 20_000

type Started = <Part extends { stop(): unknown }>(part: Promise<Part>) => Promise<Part>

async function deployParts(
  stack: Synthesized,
  { clock, soonMs = SOON_MS }: Time,
  started: Started,
): Promise<Omit<DeployedStack, 'stop'>> {
  const dynamo = await started(startDynamoLocal())
  const faux = await started(startFaux())
  const secrets = await started(listening(async () => ({ status: 200, body: secretAnswer() })))
  const names = await createResources(stack, dynamo, faux)
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: faux.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
  }
  const functions = new Map<string, DeployedFunction>()
  for (const [id, resource] of Object.entries(stack.resources)) {
    const handler = functionName(resource)
    if (handler === undefined) continue
    const variables = resolved(resource.Properties.Environment.Variables, names) as Readonly<Record<string, string>>
    const timeoutMs = resource.Properties.Timeout * 1000
    const quiet = { ...env, ...variables, POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' }
    const deployed = await started(startFunction(stack.bundleFolder(handler), quiet, timeoutMs, clock))
    functions.set(id, deployed).set(handler, deployed)
  }
  await seedRules(functions.get('rule-seeding'), started)
  const pumps = await Promise.all(eventSources(stack, names, functions, dynamo, faux, soonMs).map(started))
  const gateway = await started(startGateway(named(functions, 'authorizer'), named(functions, 'ingest')))
  return {
    url: gateway.url,
    apiKey: API_KEY,
    table: [...names.keys()].find((id) => stack.resources[id]?.Type === 'AWS::DynamoDB::Table') ?? '',
    dynamo,
    published: () => messagesIn(faux, 'inbox').map((body) => JSON.parse(JSON.parse(body).Message)),
    stored: () => storedSignals(faux, names.get(idOf(stack, 'Archive', 'AWS::S3::Bucket'))?.ref ?? ''),
    invoke: (handler, event) => named(functions, handler).invoke(event),
    nextDueMs: () => nextDueMs(stack, faux),
    async notify(text) {
      const Bucket = names.get(idOf(stack, 'Rules', 'AWS::S3::Bucket'))?.ref ?? ''
      await faux.s3.send(new PutObjectCommand({ Bucket, Key: NOTIFY_KEY, Body: text }))
    },
    deadLetters: () => messagesIn(faux, idOf(stack, 'DeadLetters', 'AWS::SQS::Queue')).length,
    settled: () => settled(pumps),
  }
}

function eventSources(
  stack: Synthesized,
  names: Names,
  functions: ReadonlyMap<string, DeployedFunction>,
  dynamo: DynamoLocal,
  faux: Faux,
  soonMs: number,
): readonly Promise<Pump>[] {
  const mappings = Object.values(stack.resources).filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
  return mappings.map(async ({ Properties }) => {
    const consumer = named(functions, Properties.FunctionName.Ref)
    const source = resolved(Properties.EventSourceArn, names) as string
    const [filter] = Properties.FilterCriteria?.Filters ?? []
    if (filter !== undefined) return pumpStream(dynamo, source, JSON.parse(filter.Pattern) as Pattern, consumer)
    const waiting = () => {
      const { ready = [], delayed = [], inflight = [] } = faux.server.inspectQueue(source)?.messages ?? {}
      const soon = delayed.filter(({ delayUntil = 0 }) => delayUntil <= Date.now() + soonMs)
      return ready.length + soon.length + inflight.length
    }
    return pumpQueue(faux.sqs, names.get(source)?.ref ?? '', waiting, consumer)
  })
}

function nextDueMs({ resources }: Synthesized, { server }: Faux): number {
  const queues = Object.keys(resources).filter((id) => resources[id]?.Type === 'AWS::SQS::Queue')
  const delayed = queues.flatMap((id) => server.inspectQueue(id)?.messages.delayed ?? [])
  return Math.min(...delayed.map(({ delayUntil = 0 }) => delayUntil))
}

/** Runs the custom resource as CloudFormation does, and fails if it reports that it failed. */
async function seedRules(seeding: DeployedFunction | undefined, started: Started): Promise<void> {
  let answered: { readonly Status?: string; readonly Reason?: string } = {}
  const answers: LocalServer = await started(
    listening(async (request) => {
      answered = JSON.parse((await request.toArray()).join(''))
      return { status: 200 }
    }),
  )
  const ids = { RequestId: 'r', StackId: 's', LogicalResourceId: 'l', ResponseURL: answers.url }
  await seeding?.invoke({ RequestType: 'Create', ...ids, ResourceProperties: { packs: ['*'] } })
  if (answered.Status !== 'SUCCESS') throw new Error(`the packs were not seeded: ${answered.Reason}`)
}

async function settled(pumps: readonly Pump[]): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  // A stream may report the writes of a queue's consumer, and the other way round: all have to be idle for a while.
  for (let idleRounds = 0; idleRounds < IDLE_ROUNDS; ) {
    if (Date.now() > deadline) throw new Error(`not settled after ${PATIENCE_MS} ms`)
    idleRounds = pumps.every((pump) => pump.idle()) ? idleRounds + 1 : 0
    await sleep(50)
  }
}

function named(functions: ReadonlyMap<string, DeployedFunction>, name: string): DeployedFunction {
  const found = functions.get(name)
  if (found === undefined) throw new Error(`the stack has no function ${name}`)
  return found
}

function secretAnswer(): string {
  return JSON.stringify({ SecretString: JSON.stringify({ generatedKey: API_KEY, addedKeys: [] }) })
}
