import { expect, test } from 'vitest'
import { deliveryFailureOf } from '../../shared/incidents/delivery-failure.ts'

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
