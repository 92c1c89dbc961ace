import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutText, cutToBytes } from '../../shared/incidents/cut-text.ts'
import { anyUnits } from './notices.ts'

test.each([
  ['short', 5, 'short'],
  ['longer', 5, 'long…'],
  ['ab💥c', 4, 'ab…'],
  ['a\\u202eb', 6, 'a…'],
  ['a&amp;b', 6, 'a…'],
  ['a\\nbc', 3, 'a…'],
  ['a\ud800', 9, 'a\ufffd'],
])('%j in %i characters is %j', (text, most, cut) => {
  expect(cutText(text, most)).toBe(cut)
})

test('a text in bytes ends with a whole character', () => {
  expect(cutToBytes('żółć', 8)).toBe('żółć')
  expect(cutToBytes('żółćx', 8)).toBe('żó…')
  expect(cutToBytes('💥💥', 7)).toBe('💥…')
})

test('any text fits, and what fits is not changed', () => {
  fc.assert(
    fc.property(anyUnits, fc.integer({ min: 3, max: 30 }), (text, most) => {
      expect(cutText(text, most).length).toBeLessThanOrEqual(most)
      expect(Buffer.byteLength(cutToBytes(text, most))).toBeLessThanOrEqual(most)
      if (text.length <= most) expect(cutText(text, most)).toBe(text.toWellFormed())
      expect(cutToBytes(text, most).isWellFormed()).toBe(true)
    }),
  )
})
