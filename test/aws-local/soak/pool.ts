import type { Random } from '../../pipeline/model/random.ts'
import type { DeployedFunction } from '../functions.ts'
import { type Counts, count, type FaultKind, randomFor } from './faults.ts'
import type { Call, Fate } from './proxy.ts'
import type { Waits } from './waits.ts'

/** What happens to an invocation at one of its calls to AWS. */
interface Interruption {
  readonly kind: Extract<FaultKind, 'killed half-way' | 'outlived its lease'>
  readonly atCall: number
  /** Whether the service still does what that call asks. */
  readonly effect: boolean
  /** How long the call takes, by the world's clock; only for what outlives its lease. */
  readonly heldMs: number
}

interface Instance {
  readonly name: string
  deployed: DeployedFunction
  calls: number
  interruption: Interruption | undefined
  /** Tells whoever invoked that no answer will come. */
  giveUp: () => void
  /** Another for each invocation. */
  held: object | undefined
  /** Resolves when a killed one is replaced. */
  restarted: Promise<void> | undefined
}

const UNDISTURBED = { interruption: undefined, giveUp: () => {}, held: undefined, restarted: undefined }

/** How often invocations of a function are interrupted. */
export interface Perils {
  readonly killed: number
  readonly outlived: number
  /** About as many calls as an invocation makes. */
  readonly calls: number
}

/** The instances of one function, each with one invocation at a time, as Lambda has it. */
export interface Pool {
  /** Rejects where the instance was killed, or took so long that the event source gave it up. */
  // biome-ignore lint/suspicious/noExplicitAny: each function has a result of its own
  invoke(event: object): Promise<any>
  /** Invocations at work; those that wait for the clock do not count. */
  readonly working: number
  /** What the proxy asks of each call; undefined where nothing happens to it. */
  fateOf(call: Call): Fate | undefined
  stop(): Promise<void>
}

export interface PoolOptions {
  readonly name: string
  readonly size: number
  readonly start: (instance: string) => Promise<DeployedFunction>
  readonly perils: Perils
  readonly seed: number
  readonly counts: Counts
  readonly waits: Waits
  /** Lets time pass. */
  readonly pass: (ms: number) => void
}

/** In real time; less than the clients' patience with a call. */
const LONGEST_HOLD_MS = 300
/** A lease is 90 s; whoever takes longer by this much finds its trace taken over. */
const OUTLIVED_MS = { least: 95_000, most: 250_000 }

/** Starts all instances. */
export async function startPool(options: PoolOptions): Promise<Pool> {
  const { name, size, start, counts, waits, pass } = options
  const names = Array.from({ length: size }, (_, i) => `${name}-${i + 1}`)
  const instances = await Promise.all(
    names.map(async (instance): Promise<Instance> => {
      return { name: instance, deployed: await start(instance), calls: 0, ...UNDISTURBED }
    }),
  )
  const free = [...instances]
  const queue: ((instance: Instance) => void)[] = []
  const atWork = new Set<Instance>()
  let invocations = 0
  let stopped = false
  const taken = async () => free.shift() ?? new Promise<Instance>((resolve) => queue.push(resolve))
  const finish = async (instance: Instance) => {
    await instance.restarted
    atWork.delete(instance)
    Object.assign(instance, UNDISTURBED)
    const next = queue.shift()
    if (next === undefined) free.push(instance)
    else next(instance)
  }
  const restart = async (instance: Instance) => {
    await instance.deployed.stop()
    if (!stopped) instance.deployed = await start(instance.name)
  }
  const kill = (instance: Instance) => {
    instance.restarted = restart(instance)
    return instance.restarted
  }
  const hold = (instance: Instance, heldMs: number): Fate => {
    atWork.delete(instance)
    instance.giveUp()
    const { held } = instance
    // Its caller would give up before a busy world comes to rest: then time passes for all that is under way.
    setTimeout(() => {
      if (instance.held === held && !atWork.has(instance)) pass(heldMs)
    }, LONGEST_HOLD_MS).unref()
    const until = waits.until(heldMs).then(() => {
      if (instance.held === held) atWork.add(instance)
    })
    return { does: 'hold', until, onEnd: () => count(counts, 'outlived its lease'), next: { does: 'serve' } }
  }

  return {
    get working() {
      return atWork.size + queue.length
    },
    async invoke(event) {
      const instance = await taken()
      // A call that came back too late to be waited for may have killed it meanwhile.
      await instance.restarted
      instance.restarted = undefined
      instance.calls = 0
      instance.interruption = interruption(options, ++invocations)
      instance.held = {}
      atWork.add(instance)
      const givenUp = new Promise<never>((_, reject) => {
        instance.giveUp = () => reject(new Error('the event source gave the invocation up'))
      })
      const running = instance.deployed.invoke(event)
      running.catch(() => {}).finally(() => finish(instance))
      return Promise.race([running, givenUp])
    },
    fateOf({ caller }) {
      const instance = instances.find((each) => each.name === caller)
      if (instance?.interruption === undefined || ++instance.calls !== instance.interruption.atCall) return undefined
      const { kind, effect, heldMs } = instance.interruption
      instance.interruption = undefined
      if (kind === 'outlived its lease') return hold(instance, heldMs)
      count(counts, kind)
      if (effect) return { does: 'lose the answer', after: () => kill(instance) }
      void kill(instance)
      return { does: 'lose' }
    },
    async stop() {
      stopped = true
      await Promise.all(instances.map(({ deployed }) => deployed.stop()))
    },
  }
}

function interruption({ name, seed, perils }: PoolOptions, invocation: number): Interruption | undefined {
  const random: Random = randomFor(seed, `${name} ${invocation}`)
  const at = { atCall: random.between(1, perils.calls), effect: random.chance(0.5) }
  const heldMs = random.between(OUTLIVED_MS.least, OUTLIVED_MS.most)
  if (random.chance(perils.killed)) return { kind: 'killed half-way', ...at, heldMs }
  return random.chance(perils.outlived) ? { kind: 'outlived its lease', ...at, heldMs } : undefined
}
