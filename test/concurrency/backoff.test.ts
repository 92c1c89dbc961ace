import { expect, test } from 'vitest'
import { backoffMs } from '../../shared/concurrency/backoff.ts'

const WAIT = { firstMs: 1_000, mostMs: 6_000 }

test('the wait doubles with each failure up to its limit, its upper half at random', () => {
  const waits = (random: number) => [1, 2, 3, 4, 5].map((failures) => backoffMs(failures, { ...WAIT, random }))
  expect(waits(1)).toEqual([1_000, 2_000, 4_000, 6_000, 6_000])
  expect(waits(0)).toEqual([500, 1_000, 2_000, 3_000, 3_000])
  expect(backoffMs(10_000, WAIT)).toBe(6_000)
})

test('the other side may ask for a longer wait, within the limit', () => {
  expect(backoffMs(1, { ...WAIT, random: 0, askedMs: 5_000 })).toBe(5_000)
  expect(backoffMs(1, { ...WAIT, random: 0, askedMs: 3_600_000 })).toBe(6_000)
  expect(backoffMs(3, { ...WAIT, askedMs: 1 })).toBe(4_000)
})

test('without a limit it goes on doubling', () => {
  expect(backoffMs(21, { firstMs: 1 })).toBe(2 ** 20)
})
