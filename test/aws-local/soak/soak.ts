import { s3ObjectStore } from '../../../shared/aws/archive/s3-object-store.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { messagesIn, storedSignals } from '../resources.ts'
import { type Lived, live } from './campaign.ts'
import { compareArchive, compareMembers, compareSignals, type Difference } from './compare.ts'
import { type Embedded, startEmbedded } from './embedded.ts'
import { FAULT_KINDS, type FaultKind, randomFor } from './faults.ts'
import { shuffled } from './sources.ts'
import { planTraces } from './traffic.ts'
import { deployWorld } from './world.ts'

export interface SoakOptions {
  readonly traces: number
  readonly seed: number
  /** Told what begins. */
  readonly onPhase: (phase: string) => void
  /** Told now and then how far it is. */
  readonly onProgress: (progress: string) => void
}

export interface SoakResult {
  readonly differences: readonly Difference[]
  /** Kinds of faults that came too seldom for the soak to say anything of them. */
  readonly untested: readonly FaultKind[]
  readonly counts: Readonly<Record<string, number>>
  readonly events: { readonly stored: number; readonly published: number; readonly retracted: number }
}

const HOUR_MS = 3_600_000
/** The first traces begin in one hour and end in the next: in the archive they lie in two partitions. */
const BEFORE_THE_HOUR_MS = 8_000
const LEAST_OF_A_KIND = 3
const PROGRESS_MS = 10_000

/** Lets the stack live through everything, the embedded runtime through the same requests, and compares. */
export async function soak({ traces, seed, onPhase, onProgress }: SoakOptions): Promise<SoakResult> {
  const startMs = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS - BEFORE_THE_HOUR_MS
  const plan = planTraces(seed, traces, startMs)
  onPhase('deploying')
  const world = await deployWorld(seed, startMs)
  const telling = setInterval(() => {
    const [calls, judged] = ['calls to AWS', 'messages done with'].map((what) => world.counts.get(what) ?? 0)
    onProgress(`${calls} calls to AWS, ${judged} messages done with`)
  }, PROGRESS_MS)
  try {
    const lived = await live(world, plan, seed, onPhase)
    onPhase('sending the same to the embedded runtime')
    const embedded = await startEmbedded(startMs)
    try {
      await relive(embedded, lived, seed)
      onPhase('comparing')
      const recorded = await storedSignals(world.faux, world.archiveBucket)
      const kept = recorded.map(({ event }) => event)
      const told = messagesIn(world.faux, 'inbox').map((body) => JSON.parse(JSON.parse(body).Message) as SignalEvent)
      const store = s3ObjectStore({ client: world.faux.s3, name: world.archiveBucket })
      const differences = [
        ...compareSignals('stored', { aws: kept, embedded: embedded.stored() }, plan),
        ...compareSignals('published', { aws: told, embedded: embedded.published() }, plan),
        ...(await compareArchive(store, lived.acknowledged)),
        ...compareMembers(recorded, await world.members()),
        ...(await world.pending()).map((traceId) => ({ traceId, what: 'signals were committed and never sent' })),
      ]
      const stored = embedded.stored()
      return {
        differences,
        untested: FAULT_KINDS.filter((kind) => (world.counts.get(kind) ?? 0) < LEAST_OF_A_KIND),
        counts: Object.fromEntries(world.counts),
        events: {
          stored: stored.length,
          published: embedded.published().length,
          retracted: stored.filter(({ status }) => status === 'retracted').length,
        },
      }
    } finally {
      await embedded.stop()
    }
  } finally {
    clearInterval(telling)
    await world.stop()
  }
}

/** The same in every phase, but in another order, and some of it twice. */
async function relive(embedded: Embedded, { steps }: Lived, seed: number): Promise<void> {
  const random = randomFor(seed, 'embedded')
  for (const step of steps) {
    if (step.does === 'settle') await embedded.settle()
    else if (step.does === 'pass') {
      embedded.advance(step.ms)
      await embedded.judge()
    } else {
      const twice = step.requests.filter(() => random.chance(0.1))
      for (const request of shuffled(random, [...step.requests, ...twice])) await embedded.send(request)
    }
  }
}
