import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { RedrivePlace } from '../../../shared/aws/admin/redrive.ts'
import { PATIENT } from '../../../shared/aws/until-taken.ts'
import { type Faux, startFaux } from '../../emulators/emulators.ts'
import { type Synthesized, synthesize } from '../../infra/synthesized.ts'
import { type DynamoLocal, startDynamoLocal } from '../dynamo-local.ts'
import { createResources, idOf, type Names } from '../resources.ts'
import { newWorldClock, tellTimeBy, type WorldClock } from './clock.ts'
import { addressBook, deployPool, INSTANCES } from './deployed-pool.ts'
import { type Afflicted, type Counts, count, FAULT_KINDS, fateOfAfflicted, fateOfCalls, randomFor } from './faults.ts'
import { keepFailure, moveToDeadLetters, seedRules } from './furnish.ts'
import type { Pool } from './pool.ts'
import { type Call, type Fate, startProxy } from './proxy.ts'
import { queueSource, type Source } from './sources.ts'
import { type Ledger, newLedger, streamSource } from './stream.ts'
import { expire, noteWrites, pendingTraces, type StoredMember, storedMembers } from './table.ts'
import { newWaits, type Waits } from './waits.ts'

/*
 * The stack as synthesized, on emulators, in a world whose time stands still until everybody waits for it.
 * Real: the bundles, each instance in a thread of its own with its own clock; the AWS SDK's clients with their retries;
 * DynamoDB Local and its stream; SQS, SNS and S3 as fauxqs has them, with delays, visibility and dead letters.
 * Injected: everything in faults.ts, between the clients and the emulators; interruptions in pool.ts; deliveries in
 * sources.ts and stream.ts. Nothing of ours is replaced. Left out: the gateway and the authorizer.
 */

export interface World {
  readonly counts: Counts
  readonly afflicted: Afflicted
  readonly ingest: Pool
  readonly faux: Faux
  readonly archiveBucket: string
  readonly redrivePlace: RedrivePlace
  deadLetters(): number
  /** Lets everything happen that does not wait for the clock. */
  calm(): Promise<void>
  /** Lets the given time pass, whatever is under way. */
  pass(ms: number): void
  /** Lets time pass until nothing is left to do. */
  settle(): Promise<void>
  /** Chunks of a trace end their time to live; returns how many. */
  expire(traceId: string): Promise<number>
  /** Traces whose markers still have signals to send. */
  pending(): Promise<readonly string[]>
  /** Signals as the table of incidents has them. */
  members(): Promise<readonly StoredMember[]>
  /** From now on nothing fails. */
  stopFaults(): void
  stop(): Promise<void>
}

/** Smaller batches than the stack's 10,000 and 500 meet more faults. */
const TIMER_RECORDS = 150
const REMOVAL_RECORDS = 60
const REMOVAL_RETRIES = 20
/** How far time goes beyond the next message: others come with it. */
const BATCHING_MS = 5_000
/** Fifty attempts with the longest waits between them take half of it. */
const LONGEST_SETTLE_MS = 24 * 3_600_000
/** In real time, without one call to AWS. */
const CALM_PATIENCE_MS = 60_000
/** Which signals are past the rate depends on whose clock says when; every one is stored. */
const NO_RATE = { maxSignalsPerMinute: 100_000 }
const CLIENT = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }

/** Keeps what was started, to be stopped last to first. */
type Started = <Part extends { stop(): unknown }>(part: Part) => Part

/** Deploys the stack; what was started so far is stopped if anything fails. */
export async function deployWorld(seed: number, startMs: number): Promise<World> {
  const running: { stop(): unknown }[] = []
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  const started: Started = (part) => {
    running.push(part)
    return part
  }
  try {
    const clock = newWorldClock(startMs)
    // The queues' emulator runs in this thread.
    tellTimeBy({ cell: clock.cell, skewMs: 0 })
    const emulators = await startEmulators(started)
    return { ...(await deployParts(seed, clock, emulators, started)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Emulators {
  readonly stack: Synthesized
  readonly dynamo: DynamoLocal
  readonly faux: Faux
  readonly names: Names
}

/** With the stack's tables, queues, buckets and topics. */
async function startEmulators(started: Started): Promise<Emulators> {
  const stack = synthesize(NO_RATE)
  const dynamo = started(await startDynamoLocal())
  const faux = started(await startFaux())
  const names = await createResources(stack, dynamo, faux)
  await moveToDeadLetters(stack, names, faux)
  await seedRules(faux, refOf({ stack, names }, 'Rules', 'AWS::S3::Bucket'))
  return { stack, dynamo, faux, names }
}

function refOf({ stack, names }: Pick<Emulators, 'stack' | 'names'>, part: string, type: string): string {
  return names.get(idOf(stack, part, type))?.ref ?? ''
}

async function deployParts(
  seed: number,
  clock: WorldClock,
  emulators: Emulators,
  started: Started,
): Promise<Omit<World, 'stop'>> {
  const { stack, dynamo, faux, names } = emulators
  const archiveBucket = refOf(emulators, 'Archive', 'AWS::S3::Bucket')
  const table = refOf(emulators, 'Table', 'AWS::DynamoDB::Table')
  const timersUrl = refOf(emulators, 'Timers', 'AWS::SQS::Queue')
  const deadLettersUrl = refOf(emulators, 'DeadLetters', 'AWS::SQS::Queue')
  const counts: Counts = new Map(FAULT_KINDS.map((kind) => [kind, 0]))
  const afflicted: Afflicted = { hot: new Set(), denied: new Set() }
  const ledger = newLedger()
  const waits = newWaits(clock)
  const pools: Pool[] = []
  const faults = newFaults(seed, counts, afflicted, pools)
  const sources: Sources = { all: [], poke: () => {} }
  const pass = (ms: number) => {
    clock.advance(ms)
    waits.wake()
    sources.poke()
  }
  const onDone = (call: Call, { status }: { readonly status: number }) => {
    noteWrites(ledger, call, status)
    if (call.action.startsWith('SendMessage')) sources.poke()
  }
  const proxy = started(startProxy({ fate: faults.fate, onDone }))
  const addresses = addressBook(async (instance) => ({
    dynamo: await proxy.address(dynamo.endpoint, instance),
    others: await proxy.address(faux.endpoint, instance),
  }))
  const deployment = { stack, names, faux, clock, addresses, seed, counts, waits, pass }
  for (const handler of ['ingest', 'timer', 'evaluator'] as const) {
    pools.push(started(await deployPool(deployment, handler)))
  }
  const [ingest, timer, evaluator] = pools as [Pool, Pool, Pool]
  const streamArn = names.get(table)?.attributes.StreamArn ?? ''
  const wiring = { seed, counts, waits, ledger, timer, evaluator, timersUrl, archiveBucket, streamArn }
  Object.assign(sources, startSources(emulators, wiring, started))

  const messages = (url: string) => faux.server.inspectQueue(url.split('/').at(-1) ?? '')?.messages
  const isIdle = () => pools.every(({ working }) => working === 0) && sources.all.every((each) => each.idle())
  const calm = () => untilCalm(isIdle, () => counts.get('calls to AWS') ?? 0)
  const nextMs = () => {
    const { delayed = [], inflight = [] } = messages(timersUrl) ?? {}
    const dueMs = delayed.map(({ delayUntil = 0 }) => delayUntil)
    const visibleMs = inflight.map(({ visibilityDeadline }) => visibilityDeadline)
    return [...dueMs, ...visibleMs].reduce((least, each) => Math.min(least, each), waits.nextMs())
  }
  const queuedBodies = () => {
    const { delayed = [], inflight = [] } = messages(timersUrl) ?? {}
    return [...delayed, ...inflight.map(({ message }) => message)].map(({ body }) => body)
  }
  const client = new DynamoDBClient({ ...CLIENT, endpoint: (await addresses('operator')).dynamo })
  return {
    counts,
    afflicted,
    ingest,
    faux,
    archiveBucket,
    redrivePlace: {
      queues: { client: faux.sqs, timersUrl, deadLettersUrl, backoff: PATIENT },
      s3: faux.s3,
      archiveBucket,
      table: { client, name: table, backoff: PATIENT },
      clock: clock.now,
    },
    deadLetters: () => messages(deadLettersUrl)?.ready.length ?? 0,
    calm,
    pass,
    async settle() {
      pass(0)
      const endMs = clock.now() + LONGEST_SETTLE_MS
      for (await calm(); nextMs() < Infinity; await calm()) {
        if (clock.now() > endMs) throw new Error(`timers that come again for good: ${queuedBodies().join(' ')}`)
        pass(nextMs() + BATCHING_MS - clock.now())
      }
    },
    expire: (traceId) => expire(dynamo, table, ledger, traceId),
    pending: () => pendingTraces(dynamo, table),
    members: () => storedMembers(dynamo, refOf(emulators, 'Incidents', 'AWS::DynamoDB::Table')),
    stopFaults: faults.stop,
  }
}

/** What becomes of each call: by its trace, by what happens to its caller, by chance. */
function newFaults(seed: number, counts: Counts, afflicted: Afflicted, pools: readonly Pool[]) {
  const byChance = fateOfCalls(seed, counts)
  let faulty = true
  const interrupted = (call: Call) => {
    for (const pool of pools) {
      const fate = pool.fateOf(call)
      if (fate !== undefined) return fate
    }
    return undefined
  }
  return {
    fate(call: Call): Fate {
      if (call.retried) count(counts, 'retries by the SDK')
      count(counts, 'calls to AWS')
      if (!faulty) return { does: 'serve' }
      return fateOfAfflicted(call, afflicted, counts) ?? interrupted(call) ?? byChance(call)
    },
    stop() {
      faulty = false
    },
  }
}

interface Sources {
  readonly all: readonly Source[]
  /** There may be messages. */
  readonly poke: () => void
}

interface Wiring {
  readonly seed: number
  readonly counts: Counts
  readonly waits: Waits
  readonly ledger: Ledger
  readonly timer: Pool
  readonly evaluator: Pool
  readonly timersUrl: string
  readonly archiveBucket: string
  readonly streamArn: string
}

function startSources({ dynamo, faux }: Emulators, wiring: Wiring, started: Started): Sources {
  const { seed, counts, waits, ledger, timer, evaluator, timersUrl, archiveBucket, streamArn } = wiring
  const source = (name: string, pool: Pool) => ({ counts, random: randomFor(seed, name), pool })
  const onGivenUp = (records: readonly object[]) => keepFailure(faux, archiveBucket, records)
  const inserts = { eventName: 'INSERT', mostRecords: TIMER_RECORDS, retries: Infinity } as const
  const removals = { eventName: 'REMOVE', mostRecords: REMOVAL_RECORDS, retries: REMOVAL_RETRIES } as const
  const queue = started(queueSource(faux, timersUrl, INSTANCES.evaluator, source('timers', evaluator)))
  const stream = streamSource(dynamo, streamArn, ledger, [
    { ...source('inserts', timer), ...inserts, onGivenUp, waits },
    { ...source('removals', evaluator), ...removals, onGivenUp, waits },
  ])
  return { all: [started(stream), queue], poke: queue.poke }
}

/** Resolves when nobody is at work; rejects where somebody is, and calls nobody for long. */
async function untilCalm(isIdle: () => boolean, calls: () => number): Promise<void> {
  let deadline = 0
  let made = -1
  for (let calmRounds = 0; calmRounds < 2; ) {
    if (calls() !== made) deadline = performance.now() + CALM_PATIENCE_MS
    made = calls()
    if (performance.now() > deadline) throw new Error(`neither calm nor at work for ${CALM_PATIENCE_MS} ms`)
    calmRounds = isIdle() ? calmRounds + 1 : 0
    await sleep(4)
  }
}
