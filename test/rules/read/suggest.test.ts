import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearest } from '../../../shared/rules/read/suggest.ts'

test.each([
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

test('the nearest word is suggested, letter case aside, and nothing that is far', () => {
  expect(nearest('SHADWO', ['live', 'shadow'])).toBe('shadow')
  expect(nearest('span.durtion', ['span.duration', 'trace.duration'])).toBe('span.duration')
  expect(nearest('foo', ['live', 'shadow'])).toBeUndefined()
  expect(nearest('x'.repeat(10_000), ['live'])).toBeUndefined()
})

/** The whole table of edits, from no letter of either word to all of both. */
function editsByTable(from: string, to: string): number {
  const table = Array.from({ length: from.length + 1 }, (_, row) => [row, ...Array<number>(to.length).fill(0)])
  const edits = (row: number, column: number) => table[row]?.[column] ?? Number.POSITIVE_INFINITY
  table[0] = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    for (let column = 1; column <= to.length; column++) {
      const replaced = edits(row - 1, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1)
      const swaps = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const swapped = swaps ? edits(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY
      const cell = Math.min(replaced, swapped, edits(row - 1, column) + 1, edits(row, column - 1) + 1)
      ;(table[row] as number[])[column] = cell
    }
  }
  return edits(from.length, to.length)
}

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 })

test('edits are counted as the whole table of them counts, up to a limit', () => {
  fc.assert(
    fc.property(word, word, fc.nat(9), (from, to, limit) => {
      expect(editDistance(from, to)).toBe(editsByTable(from, to))
      expect(editDistance(from, to, limit)).toBe(Math.min(editsByTable(from, to), limit + 1))
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('a search that takes too long finds nothing, and says how far it went', () => {
  const effort = { steps: 1000 }
  const words = Array.from({ length: 500 }, (_, index) => `payment.charge.${index}`)
  expect(nearest('payment.chrage.x', [...words, 'payment.chrage.x'], effort)).toBeUndefined()
  expect(effort.steps).toBeLessThanOrEqual(0)
  expect(nearest('payment.chrage.x', words, { steps: 1_000_000 })).toBe('payment.charge.0')
})
