import { expect, test } from 'vitest'
import { measure } from '../../bench/measure.ts'
import { runHere, type Stopwatch } from '../../bench/runner.ts'
import type { Case } from '../../bench/suite.ts'

function measured(cases: readonly Case[], rounds: number, roundMs: number, now: Stopwatch) {
  const runner = (of: Case) => runHere(of, { rounds, roundMs, warmUpMs: roundMs }, now)
  return measure(
    cases.map((of) => ({ of, runner: runner(of) })),
    rounds,
  )
}

/** Cases that take exactly the given milliseconds by a stopwatch of their own. */
function clockwork() {
  let nowMs = 0
  const takes = (name: string, ms: number, rest: Partial<Case> = {}): Case => ({
    name,
    run: () => {
      nowMs += ms
    },
    units: 1,
    unit: 'trace',
    ...rest,
  })
  return { now: () => nowMs, takes }
}

test('a case is given in time per unit and as a ratio to its baseline', async () => {
  const { now, takes } = clockwork()
  const cases = [
    takes('one', 1),
    takes('two', 4, { units: 2, against: { baseline: 'one', ratio: 'times slower', atMost: 1.5 } }),
    takes('half', 0.5, { against: { baseline: 'one', ratio: 'times faster', atLeast: 1.5 } }),
  ]
  const [one, two, half] = await measured(cases, 3, 20, now)
  expect(one).toEqual({ name: 'one', nanosPerUnit: 1e6, unit: 'trace', unitsPerSecond: 1000 })
  expect(two).toMatchObject({ nanosPerUnit: 2e6, against: { measured: 2, low: 2, high: 2, holds: false } })
  expect(half).toMatchObject({ nanosPerUnit: 5e5, against: { measured: 2, holds: true } })
})

test('a machine that slows down between rounds changes no ratio', async () => {
  let nowMs = 0
  let runs = 0
  const takes = (name: string, ms: number): Case => ({
    name,
    run: () => {
      nowMs += ms * (1 + Math.floor(runs++ / 100))
    },
    units: 1,
    unit: 'trace',
    against: { baseline: 'one', ratio: 'times slower' },
  })
  const [, three] = await measured([takes('one', 1), takes('three', 3)], 9, 60, () => nowMs)
  expect(three?.against?.measured).toBeGreaterThan(2)
  expect(three?.against?.measured).toBeLessThan(4.5)
})

test('a case that works in another process is measured by its own stopwatch', async () => {
  const { now, takes } = clockwork()
  let spentMs = 0
  const run = () => {
    spentMs += 3
  }
  const elsewhere: Case = { name: 'elsewhere', run, units: 1, unit: 'start', stopwatch: () => spentMs }
  const [, result] = await measured([takes('here', 1), elsewhere], 3, 20, now)
  expect(result?.nanosPerUnit).toBe(3e6)
})

test('a baseline that is not a case of the suite is an error', async () => {
  const { now, takes } = clockwork()
  const lonely = takes('one', 1, { against: { baseline: 'none', ratio: 'times slower' } })
  await expect(measured([lonely], 1, 1, now)).rejects.toThrow('no case is named none')
})

test('the first run, which may set things up, counts for nothing', async () => {
  let nowMs = 0
  let runs = 0
  const run = () => {
    nowMs += runs++ === 0 ? 1000 : 1
  }
  const [only] = await measured([{ name: 'one', run, units: 1, unit: 'trace' }], 3, 20, () => nowMs)
  expect(only?.nanosPerUnit).toBe(1e6)
  expect(runs).toBeGreaterThan(60)
})

test('a case is given in times of the reference too, with the quartiles of the rounds', async () => {
  const nanos = [10, 20, 30, 40, 50]
  const runner = { warmUp: async () => {}, round: async () => nanos.shift() as number }
  const reference = { warmUp: async () => {}, round: async () => 10 }
  const of: Case = { name: 'one', run: () => 0, units: 1, unit: 'trace' }
  const [only] = await measure([{ of, runner }], 5, reference)
  expect(only).toMatchObject({ nanosPerUnit: 30, reference: { measured: 3, low: 2, high: 4 } })
})
