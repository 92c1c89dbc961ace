import { setImmediate } from 'node:timers/promises'
import { StorageError } from '../../../shared/pipeline/storage-error.ts'
import type { Random } from './random.ts'

interface Gate {
  readonly worker: number
  readonly open: () => void
  readonly fail: (error: Error) => void
}

/**
 * Where every store call of every worker stops, before it takes effect and after: the simulation decides who goes on,
 * who fails (with the effect, or without) and who has crashed and never goes on.
 */
export class Gates {
  /** How many more faults may happen: afterwards everything must come to a good end. */
  faultsLeft: number
  crashes = 0
  failures = 0
  private readonly random: Random
  private readonly faultRate: number
  private waiting: Gate[] = []

  constructor(random: Random, faultRate: number, faults: number) {
    this.random = random
    this.faultRate = faultRate
    this.faultsLeft = faults
  }

  get isAnybodyWaiting(): boolean {
    return this.waiting.length > 0
  }

  /** A store whose every method stops at a gate before and after. */
  guard<Store extends object>(worker: number, store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...parameters: unknown[]) => unknown
        if (name === 'readChunks')
          return (...parameters: unknown[]) => this.guardPages(worker, method.call(target, ...parameters))
        return async (...parameters: unknown[]) => {
          await this.pass(worker)
          const result = await method.call(target, ...parameters)
          await this.pass(worker)
          return result
        }
      },
    })
  }

  private async *guardPages(worker: number, pages: unknown): AsyncGenerator<unknown> {
    await this.pass(worker)
    for await (const page of pages as AsyncIterable<unknown>) {
      yield page
      await this.pass(worker)
    }
  }

  private pass(worker: number): Promise<void> {
    return new Promise((open, fail) => {
      this.waiting.push({ worker, open, fail })
    })
  }

  /** Lets one waiting call go on, or fail, or its worker crash; returns the worker that crashed. */
  async step(): Promise<number | undefined> {
    const gate = this.random.pick(this.waiting)
    this.waiting = this.waiting.filter((other) => other !== gate)
    let crashed: number | undefined
    if (this.faultsLeft > 0 && this.random.chance(this.faultRate)) {
      this.faultsLeft--
      if (this.random.chance(0.4)) {
        this.crashes++
        crashed = gate.worker
        this.waiting = this.waiting.filter((other) => other.worker !== gate.worker)
      } else {
        this.failures++
        gate.fail(new StorageError('unavailable', 'no answer'))
      }
    } else gate.open()
    await setImmediate()
    return crashed
  }
}
