import { describe, expect, test } from 'vitest'
import { schedule } from '../../bench/simulate-fleet.ts'

const fleet = (concurrency: number, startsASecond = 1e9) => ({ concurrency, startsASecond })

describe('a schedule of shares', () => {
  test('has one worker do one share after the other, after one cold start', () => {
    expect(schedule([1, 2, 3], fleet(1), 0.5)).toEqual({ seconds: 6.5, busySeconds: 6.5, workers: 1 })
  })

  test('has as many workers as there are shares, where that many may be had', () => {
    const { seconds, busySeconds, workers } = schedule([2, 2, 2], fleet(10), 1)
    expect([seconds, busySeconds, workers]).toEqual([expect.closeTo(3, 6), 9, 3])
  })

  test('starts no worker where one is free sooner than another would be warm', () => {
    expect(schedule([1, 1, 1], fleet(10, 0.5), 0).workers).toBe(1)
  })

  test('gives each share to the worker that is free first', () => {
    const { seconds } = schedule([4, 1, 1, 1], fleet(2), 0)
    expect(seconds).toBeCloseTo(4, 6)
  })

  test('starts workers no faster than it may', () => {
    const { seconds } = schedule(new Array(100).fill(60), fleet(100, 10), 0)
    expect(seconds).toBeCloseTo(60 + 9.9, 6)
  })
})
