import { expect, test } from 'vitest'
import { planRequests } from '../../../cli/demo/plan.ts'

test('the same seed plans the same requests', () => {
  expect(planRequests(100, 7)).toEqual(planRequests(100, 7))
  expect(planRequests(100, 7)).not.toEqual(planRequests(100, 8))
})

test('every plan carries every fault, and most requests are healthy', () => {
  const requests = planRequests(100, 1)
  expect(requests).toHaveLength(100)
  expect(new Set(requests.map((request) => request.fault).filter(Boolean)).size).toBe(11)
  expect(requests.filter((request) => request.fault === undefined).length).toBeGreaterThan(75)
  expect(requests.map((request) => request.number)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
})

test('a plan too short for its faults is refused', () => {
  expect(() => planRequests(5, 1)).toThrow('5 requests cannot carry 19 faults')
})
