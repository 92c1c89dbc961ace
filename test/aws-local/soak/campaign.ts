import { setTimeout as sleep } from 'node:timers/promises'
import { redriveDeadLetters, redriveStreamRecords } from '../../../shared/aws/admin/redrive.ts'
import { s3ObjectStore } from '../../../shared/aws/archive/s3-object-store.ts'
import { FAILURE_PREFIX } from '../../../shared/aws/deployment.ts'
import { sendUntilStored } from './client.ts'
import { count, randomFor } from './faults.ts'
import { type OtlpRequest, protobufRequest, requestOf } from './request.ts'
import { batchesByTrace, batchesOf, type PlannedTrace, type SoakSpan } from './traffic.ts'
import type { World } from './world.ts'

/** What the other runtime has to go through to have lived the same. */
type Step =
  | { readonly does: 'send'; readonly requests: readonly OtlpRequest[] }
  | { readonly does: 'pass'; readonly ms: number }
  | { readonly does: 'settle' }

/** What was sent to the stack, and what it said it had stored. */
export interface Lived {
  readonly steps: readonly Step[]
  readonly acknowledged: readonly SoakSpan[]
}

const CLIENTS = 16
/** All parts of a phase come within this, less than a quiet period by any clock: verdicts see them all. */
const PHASE_MS = 10_000
const STRAGGLING_WINDOWS = 8
const WINDOW_MS = 6_000
const RESENT = 0.1
const EXPIRED = 0.1

/** Sends everything in phases, lets the stack judge, and redrives as an operator would, until nothing is left to do. */
export async function live(
  world: World,
  plan: readonly PlannedTrace[],
  seed: number,
  onPhase: (phase: string) => void,
): Promise<Lived> {
  const random = randomFor(seed, 'campaign')
  const steps: Step[] = []
  const acknowledged: SoakSpan[] = []
  const resendable: OtlpRequest[] = []
  const { hot, denied } = world.afflicted

  const send = async (requests: readonly OtlpRequest[]) => {
    const accepted = await sendAll(world, requests, PHASE_MS / Math.max(1, requests.length))
    acknowledged.push(...accepted.flatMap(({ spans }) => spans))
    resendable.push(...accepted.filter((request) => requests.includes(request)))
    steps.push({ does: 'send', requests: accepted })
  }
  const requestsOf = (spans: readonly SoakSpan[]) => batchesOf(random, spans).map((batch) => requestOf(random, batch))
  const settle = async () => {
    await world.settle()
    steps.push({ does: 'settle' })
  }
  const expireAll = async (traces: readonly PlannedTrace[]) => {
    let chunks = 0
    for (const { traceId } of traces) chunks += await world.expire(traceId)
    count(world.counts, 'chunks expired', chunks)
  }

  onPhase('sending first parts')
  const ofKind = (...kinds: PlannedTrace['kind'][]) => plan.filter(({ kind }) => kinds.includes(kind))
  for (const { traceId } of ofKind('hot')) hot.add(traceId)
  for (const { traceId } of ofKind('denied', 'given-up')) denied.add(traceId)
  const expiring = ofKind('rescued', 'given-up')
  const others = plan.filter((trace) => !expiring.includes(trace))
  const whole = batchesByTrace(expiring.flatMap(({ first }) => first)).map((batch) => requestOf(random, batch))
  await send([...requestsOf(others.flatMap(({ first }) => first)), ...whole])
  await world.calm()
  await expireAll(expiring)
  onPhase('judging, while stragglers come')
  const straggling = requestsOf(plan.flatMap((trace) => trace.straggling))
  for (let window = 0; window < STRAGGLING_WINDOWS; window++) {
    world.pass(WINDOW_MS)
    steps.push({ does: 'pass', ms: WINDOW_MS })
    await Promise.race([world.calm(), sleep(50 + random.between(0, 100))])
    await send(straggling.filter((_, i) => i % STRAGGLING_WINDOWS === window))
  }
  hot.clear()
  await settle()
  denied.clear()
  onPhase('redriving what was set aside')
  await redrive(world)

  onPhase('sending late spans')
  await send(requestsOf(plan.flatMap(({ late }) => late)))
  await settle()
  await redrive(world)

  onPhase('sending again, while chunks expire')
  const again = () => resendable.filter(() => random.chance(RESENT))
  await send(again())
  await settle()
  await expireAll(plan.filter(() => random.chance(EXPIRED)))
  await send(again())
  await settle()
  await redrive(world)
  world.stopFaults()
  await world.settle()
  await redrive(world)
  return { steps, acknowledged }
}

/** Several clients at once; returns what was accepted, of requests some of whose spans were refused the rest. */
async function sendAll(
  world: World,
  requests: readonly OtlpRequest[],
  stepMs: number,
): Promise<readonly OtlpRequest[]> {
  const queue = [...requests]
  const accepted: OtlpRequest[] = []
  const client = async () => {
    for (let request = queue.pop(); request !== undefined; request = queue.pop()) {
      world.pass(stepMs)
      accepted.push(...(await acceptedOf(world, request)))
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return accepted
}

async function acceptedOf(world: World, request: OtlpRequest): Promise<readonly OtlpRequest[]> {
  const cool = request.spans.filter(({ traceId }) => !world.afflicted.hot.has(traceId))
  const rejected = await sendUntilStored(world, request)
  if (rejected !== request.spans.length - cool.length) {
    throw new Error(`${rejected} spans were rejected, of traces too hot are ${request.spans.length - cool.length}`)
  }
  count(world.counts, 'spans refused', rejected)
  return rejected === 0 ? [request] : [protobufRequest(cool)]
}

/** `betrace redrive`, again and again while there is something to send. */
async function redrive(world: World): Promise<void> {
  const { redrivePlace: place, counts } = world
  const failures = s3ObjectStore({ client: place.s3, name: place.archiveBucket })
  while (world.deadLetters() > 0 || (await failures.list(FAILURE_PREFIX)).length > 0) {
    count(counts, 'messages made dead letters', world.deadLetters())
    const [letters, records] = [await redriveDeadLetters(place, false), await redriveStreamRecords(place, false)]
    count(counts, 'timers redriven', letters.timers + records.timers)
    count(counts, 'chunks redriven', letters.chunks + records.chunks)
    if (letters.left + records.left > 0) throw new Error('redrive left something where it lay')
    await world.settle()
  }
}
