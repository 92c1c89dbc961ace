import { expect, test } from 'vitest'
import { backoffMs, deliveryFailureOf } from '../../../local/sinks/backoff.ts'

test('the wait doubles with each failure up to its limit, its upper half at random', () => {
  const waits = (random: number) =>
    [1, 2, 3, 4, 5].map((attempts) => backoffMs(attempts, 1_000, 6_000, random, undefined))
  expect(waits(1)).toEqual([1_000, 2_000, 4_000, 6_000, 6_000])
  expect(waits(0)).toEqual([500, 1_000, 2_000, 3_000, 3_000])
  expect(backoffMs(10_000, 1_000, 6_000, 1, undefined)).toBe(6_000)
})

test('the receiver may ask for a longer wait, within the limit', () => {
  expect(backoffMs(1, 1_000, 6_000, 0, 5_000)).toBe(5_000)
  expect(backoffMs(1, 1_000, 6_000, 0, 3_600_000)).toBe(6_000)
  expect(backoffMs(3, 1_000, 6_000, 1, 1)).toBe(4_000)
})

test.each([
  [408, true],
  [425, true],
  [429, true],
  [500, true],
  [503, true],
  [599, true],
  [301, false],
  [400, false],
  [401, false],
  [404, false],
  [410, false],
  [501, false],
])('an answer of %i may pass: %s', (status, retriable) => {
  expect(deliveryFailureOf(status, null)).toEqual({ reason: `answered ${status}`, retriable })
})

test('only a wait in whole seconds is taken from the answer', () => {
  expect(deliveryFailureOf(503, '7').retryAfterMs).toBe(7_000)
  expect(deliveryFailureOf(503, 'Wed, 21 Oct 2099 07:28:00 GMT')).not.toHaveProperty('retryAfterMs')
  expect(deliveryFailureOf(503, '-1')).not.toHaveProperty('retryAfterMs')
})
