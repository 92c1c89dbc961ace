import type { Runner } from './runner.ts'
import { type Case, type Measurement, type Spread, within } from './suite.ts'

/** A case and what runs it. */
export interface Running {
  readonly of: Case
  readonly runner: Runner
}

/**
 * Measures cases in interleaved rounds: each round runs every case once, in an order that turns with the round, so that
 * a machine that slows down or speeds up does so for all. Ratios are taken within a round, then their median. The
 * `reference` is measured with them.
 */
export async function measure(
  running: readonly Running[],
  rounds: number,
  reference?: Runner,
): Promise<readonly Measurement[]> {
  const runners = [...running.map(({ runner }) => runner), ...(reference === undefined ? [] : [reference])]
  for (const runner of runners) await runner.warmUp()
  const nanos: (readonly number[])[] = []
  for (let round = 0; round < rounds; round++) nanos.push(await measureRound(runners, round))
  const cases = running.map((each) => each.of)
  return cases.map((each, index) => summarise(each, index, cases, nanos))
}

/** Nanoseconds a unit by every runner, in the order of the runners. */
async function measureRound(runners: readonly Runner[], round: number): Promise<readonly number[]> {
  const nanos = new Array<number>(runners.length)
  for (let turn = 0; turn < runners.length; turn++) {
    const index = (turn + round) % runners.length
    nanos[index] = await (runners[index] as Runner).round()
  }
  return nanos
}

function summarise(
  { name, unit, against, formerly }: Case,
  index: number,
  cases: readonly Case[],
  rounds: readonly (readonly number[])[],
): Measurement {
  const nanosPerUnit = quartiles(rounds.map((round) => round[index] as number)).measured
  const slowerThan = (other: number) =>
    quartiles(rounds.map((round) => (round[index] as number) / (round[other] as number)))
  const result = {
    name,
    ...(formerly !== undefined && { formerly }),
    ...{ nanosPerUnit, unit, unitsPerSecond: 1e9 / nanosPerUnit },
    ...(rounds[0]?.[cases.length] !== undefined && { reference: slowerThan(cases.length) }),
  }
  if (against === undefined) return result
  const other = cases.findIndex((candidate) => candidate.name === against.baseline)
  if (other < 0) throw new Error(`${name}: no case is named ${against.baseline}`)
  const slower = slowerThan(other)
  const spread = against.ratio === 'times slower' ? slower : inverse(slower)
  return { ...result, against: { ...against, ...spread, holds: within(spread.measured, against) } }
}

/** The same ratio the other way round. */
export function inverse({ measured, low, high }: Spread): Spread {
  return { measured: 1 / measured, low: 1 / high, high: 1 / low }
}

function quartiles(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => {
    const place = share * (sorted.length - 1)
    const [lower, upper] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number]
    return lower + (upper - lower) * (place - Math.floor(place))
  }
  return { measured: at(0.5), low: at(0.25), high: at(0.75) }
}
