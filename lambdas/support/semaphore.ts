/** Bounds how much work is under way at once, and knows when all of it only waits. */
export interface Semaphore {
  /** Runs work at once while a place is free, else as soon as one is. */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  /** For work that has a place: it waits. Where it `lends` its place, others work meanwhile, and it goes on when one is free. */
  wait<Result>(lends: boolean, pause: () => Promise<Result>): Promise<Result>
  /** Resolves when nobody works: all wait, or are done. */
  idle(): Promise<void>
}

export function newSemaphore(count: number): Semaphore {
  let free = count
  let working = 0
  const queue: (() => void)[] = []
  let whenIdle: (() => void)[] = []

  const take = async () => {
    if (free === 0) return new Promise<void>((resolve) => queue.push(resolve))
    free--
    working++
  }
  const leave = () => {
    const next = queue.shift()
    if (next === undefined) free++
    else {
      working++
      next()
    }
  }
  const rest = () => {
    working--
    if (working > 0) return
    for (const resolve of whenIdle) resolve()
    whenIdle = []
  }
  return {
    async run(work) {
      await take()
      try {
        return await work()
      } finally {
        leave()
        rest()
      }
    },
    async wait(lends, pause) {
      if (lends) leave()
      rest()
      try {
        return await pause()
      } finally {
        if (lends) await take()
        else working++
      }
    },
    idle: () => new Promise((resolve) => (working === 0 ? resolve() : whenIdle.push(resolve))),
  }
}
