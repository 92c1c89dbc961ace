import { expect, test } from 'vitest'
import { addJson, joinedJson, newJsonList } from '../../shared/archive/json-list.ts'

test.each([0, 1, 255, 256, 257, 512, 1_000])('%i values are joined by commas', (count) => {
  const values = Array.from({ length: count }, (_, index) => String(index))
  const list = newJsonList()
  for (const value of values) addJson(list, value)
  expect(joinedJson(list)).toBe(values.join(','))
  expect(list.count).toBe(count)
})
