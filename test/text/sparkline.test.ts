import { expect, test } from 'vitest'
import { sparkline } from '../../shared/text/sparkline.ts'

test('counts are marked by the most of them, and none is a point', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8])).toBe('·▁▂▃▄▅▆▇█')
  expect(sparkline([0, 1, 1000])).toBe('·▁█')
  expect(sparkline([0, 0])).toBe('··')
  expect(sparkline([])).toBe('')
})

test('as many counts as hours of a century make as many marks', () => {
  const hours = 100 * 365 * 24
  expect(sparkline(new Array(hours).fill(1))).toHaveLength(hours)
})
