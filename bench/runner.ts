import type { Case } from './suite.ts'

/** How long to measure: `roundMs` a case and round, after a warm-up. */
export interface Effort {
  readonly rounds: number
  readonly roundMs: number
  readonly warmUpMs: number
}

/** Milliseconds since some moment, as fine as the clock is. */
export type Stopwatch = () => number

/** Has one case run, wherever that is. */
export interface Runner {
  /** Runs it until it is warm. */
  readonly warmUp: () => Promise<void>
  /** Runs it for about `roundMs`; nanoseconds a unit. */
  readonly round: () => Promise<number>
}

/** So few iterations do not make up for what a collection leaves cold. */
const FEW = 10

/** Runs a case in this process; `settle` is called before each round, for instance to collect garbage. */
export function runHere(each: Case, effort: Effort, ours: Stopwatch, settle: () => void = () => {}): Runner {
  const now = each.stopwatch ?? ours
  let iterations = 1
  return {
    async warmUp() {
      keep(await each.run())
      if (effort.warmUpMs > 0) await spend(each, effort.warmUpMs, now)
      const { count, spentMs } = await spend(each, effort.roundMs / 4, now)
      iterations = Math.max(1, Math.round((count * effort.roundMs) / spentMs))
    },
    async round() {
      settle()
      if (iterations < FEW) keep(await each.run())
      return time(each, iterations, now)
    },
  }
}

/** Runs the case for so long, at least once. */
async function spend(each: Case, ms: number, now: Stopwatch) {
  const startedMs = now()
  let count = 0
  let spentMs = 0
  while (spentMs < ms || count === 0) {
    keep(await each.run())
    count++
    spentMs = now() - startedMs
  }
  return { count, spentMs }
}

/** Waits only for a case that makes others wait: what is done at once may take nanoseconds. */
async function time(each: Case, iterations: number, now: Stopwatch): Promise<number> {
  const startedMs = now()
  for (let i = 0; i < iterations; i++) {
    const result = each.run()
    keep(result instanceof Promise ? await result : result)
  }
  return ((now() - startedMs) * 1e6) / (iterations * each.units)
}

let kept: unknown

/** Uses a result, so that the compiler cannot drop the work that made it. */
function keep(result: unknown): void {
  kept = result
}

/** The last result kept; reading it is what makes keeping it visible. */
export function lastKept(): unknown {
  return kept
}
