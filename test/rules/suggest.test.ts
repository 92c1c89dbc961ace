import { expect, it } from 'vitest'
import { editDistance, nearest } from '../../shared/rules/suggest.ts'

it.each([
  ['', '', 0],
  ['a', '', 1],
  ['has', 'hsa', 1],
  ['where', 'wher', 1],
  ['kitten', 'sitting', 3],
  ['description', 'descripton', 1],
])('from %j to %j are %i edits', (from, to, edits) => {
  expect(editDistance(from, to)).toBe(edits)
  expect(editDistance(to, from)).toBe(edits)
})

it('the nearest word is suggested, letter case aside, and nothing that is far', () => {
  expect(nearest('SHADWO', ['live', 'shadow'])).toBe('shadow')
  expect(nearest('span.durtion', ['span.duration', 'trace.duration'])).toBe('span.duration')
  expect(nearest('foo', ['live', 'shadow'])).toBeUndefined()
  expect(nearest('x'.repeat(10_000), ['live'])).toBeUndefined()
})
