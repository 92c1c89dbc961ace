/** Bounds how much work is under way at once, and knows when all of it only waits. */
export interface Semaphore {
  /** Runs work once its weight fits in beside what is under way; 1 unless given. Heavier work than all there is runs alone. */
  run<Result>(work: () => Promise<Result>, weight?: number): Promise<Result>
  /** Resolves when work of this weight may begin; call what it resolves with when the work has ended. */
  acquire(weight?: number): Promise<() => void>
  /** For work of weight 1: it waits. Where it `lends` its place, others work meanwhile, and it goes on when one is free. */
  wait<Result>(lends: boolean, pause: () => Promise<Result>): Promise<Result>
  /** Resolves when nobody works: all wait, or are done. */
  idle(): Promise<void>
}

/** Lets work of weight `capacity` be under way; who comes first is served first. */
export function newSemaphore(capacity: number): Semaphore {
  let free = capacity
  let working = 0
  const queue: { readonly weight: number; readonly begin: () => void }[] = []
  let whenIdle: (() => void)[] = []

  const take = async (weight: number) => {
    if (queue.length > 0 || free < weight) {
      return new Promise<void>((begin) => queue.push({ weight, begin }))
    }
    free -= weight
    working++
  }
  const leave = (weight: number) => {
    free += weight
    for (let next = queue[0]; next !== undefined && next.weight <= free; next = queue[0]) {
      queue.shift()
      free -= next.weight
      working++
      next.begin()
    }
  }
  const rest = () => {
    working--
    if (working > 0) return
    for (const resolve of whenIdle) resolve()
    whenIdle = []
  }
  const acquire = async (weight = 1) => {
    const taken = Math.min(weight, capacity)
    await take(taken)
    return () => {
      leave(taken)
      rest()
    }
  }
  return {
    acquire,
    async run(work, weight) {
      const release = await acquire(weight)
      try {
        return await work()
      } finally {
        release()
      }
    },
    async wait(lends, pause) {
      if (lends) leave(1)
      rest()
      try {
        return await pause()
      } finally {
        if (lends) await take(1)
        else working++
      }
    },
    idle: () => new Promise((resolve) => (working === 0 ? resolve() : whenIdle.push(resolve))),
  }
}
