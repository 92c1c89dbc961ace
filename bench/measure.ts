import type { Case, Measurement } from './suite.ts'

/** How long to measure: `roundMs` a case and round, after a warm-up of the same length. */
export interface Effort {
  readonly rounds: number
  readonly roundMs: number
}

/** Milliseconds since some moment, as finely as can be told. */
export type Stopwatch = () => number

/**
 * Measures the cases in interleaved rounds: each round runs every case once for about `roundMs`, in an order that turns
 * with the round, so that a machine that slows down or speeds up does so for all. Ratios are taken within a round, then
 * their median. `settle` is called before each, for instance to clean up what the case before left.
 */
export async function measure(
  cases: readonly Case[],
  effort: Effort,
  now: Stopwatch,
  settle: () => void = () => {},
): Promise<readonly Measurement[]> {
  const iterations: number[] = []
  for (const each of cases) iterations.push(await calibrate(each, effort.roundMs, now))
  const rounds: (readonly number[])[] = []
  for (let round = 0; round < effort.rounds; round++)
    rounds.push(await measureRound(cases, iterations, round, now, settle))
  return cases.map((each, index) => summarise(each, index, cases, rounds))
}

/** Runs the case until it is warm and says how many iterations fill `roundMs`. */
async function calibrate(each: Case, roundMs: number, ours: Stopwatch): Promise<number> {
  const now = each.stopwatch ?? ours
  const startedMs = now()
  let iterations = 0
  let spentMs = 0
  while (spentMs < roundMs) {
    keep(await each.run())
    iterations++
    spentMs = now() - startedMs
  }
  return Math.max(1, Math.round((iterations * roundMs) / spentMs))
}

/** So few iterations do not make up for a cold start. */
const FEW = 10

/** Nanoseconds a unit of every case, in the order of the cases. */
async function measureRound(
  cases: readonly Case[],
  iterations: readonly number[],
  round: number,
  now: Stopwatch,
  settle: () => void,
): Promise<readonly number[]> {
  const nanos = new Array<number>(cases.length)
  for (let turn = 0; turn < cases.length; turn++) {
    const index = (turn + round) % cases.length
    settle()
    // Collecting garbage throws away machine code that was not used lately.
    if ((iterations[index] as number) < FEW) keep(await (cases[index] as Case).run())
    nanos[index] = await time(cases[index] as Case, iterations[index] as number, now)
  }
  return nanos
}

/** Waits only for a case that makes others wait: what is done at once may take nanoseconds. */
async function time(each: Case, iterations: number, ours: Stopwatch): Promise<number> {
  const now = each.stopwatch ?? ours
  const startedMs = now()
  for (let i = 0; i < iterations; i++) {
    const result = each.run()
    keep(result instanceof Promise ? await result : result)
  }
  return ((now() - startedMs) * 1e6) / (iterations * each.units)
}

function summarise(
  each: Case,
  index: number,
  cases: readonly Case[],
  rounds: readonly (readonly number[])[],
): Measurement {
  const own = rounds.map((round) => round[index] as number)
  const nanosPerUnit = median(own)
  const result = { name: each.name, nanosPerUnit, unit: each.unit, unitsPerSecond: 1e9 / nanosPerUnit }
  if (each.against === undefined) return result
  const { baseline, ratio, atMost = Number.POSITIVE_INFINITY, atLeast = 0 } = each.against
  const other = cases.findIndex((candidate) => candidate.name === baseline)
  if (other < 0) throw new Error(`${each.name}: no case is named ${baseline}`)
  const slower = median(rounds.map((round, i) => (own[i] as number) / (round[other] as number)))
  const measured = ratio === 'times slower' ? slower : 1 / slower
  return { ...result, against: { ...each.against, measured, holds: measured <= atMost && measured >= atLeast } }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2
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
