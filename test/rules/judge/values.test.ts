import { expect, test } from 'vitest'
import { relate } from '../../../shared/rules/judge/relate.ts'
import type { Value } from '../../../shared/rules/judge/values.ts'

const operators = ['==', '!=', '<', '<=', '>', '>=', 'contains', 'starts with', 'ends with'] as const

/** The operators that hold between two values. */
function holding(left: Value, right: Value): readonly string[] {
  return operators.filter((operator) => relate(operator, left, right))
}

test.each<readonly [string, Value, Value, readonly string[]]>([
  ['equal numbers', 5, 5, ['==', '<=', '>=']],
  ['an integer and a double', 5, 5.5, ['!=', '<', '<=']],
  ['0 and -0', 0, -0, ['==', '<=', '>=']],
  ['neighbours beyond 2^53', 2n ** 53n + 1n, 2 ** 53, ['!=', '>', '>=']],
  ['an int64 and the double that equals it', 2n ** 62n, 2 ** 62, ['==', '<=', '>=']],
  ['the greatest int64 and the double nearest to it', 2n ** 63n - 1n, 2 ** 63, ['!=', '<', '<=']],
  ['an int64 and infinity', 2n ** 63n - 1n, Number.POSITIVE_INFINITY, ['!=', '<', '<=']],
  ['NaN and a number', Number.NaN, 5, ['!=']],
  ['NaN and itself', Number.NaN, Number.NaN, ['!=']],
  ['equal strings', 'ab', 'ab', ['==', '<=', '>=', 'contains', 'starts with', 'ends with']],
  ['a string and its end', 'ab', 'b', ['!=', '<', '<=', 'contains', 'ends with']],
  ['a letter of the last plane and one of the first', '🌍', '\uff5e', ['!=', '>', '>=']],
  ['pairs that share a first half', '\u{1f600}', '\u{1f601}', ['!=', '<', '<=']],
  ['a pair and its first half alone', '\ud83d\ude00', '\ud83dz', ['!=', '>', '>=']],
  ['the empty string and another', '', 'a', ['!=', '<', '<=']],
  ['equal booleans have no order', true, true, ['==']],
  ['unlike booleans', true, false, ['!=']],
  ['a string and a number', '5', 5, []],
  ['a boolean and its name', true, 'true', []],
  ['missing and a value', undefined, 5, []],
  ['an empty value and missing', null, undefined, []],
  ['bytes and text', new Uint8Array([97]), 'a', []],
  ['bytes and themselves', new Uint8Array([97]), new Uint8Array([97]), []],
  ['a key-value list and text', new Map([['a', 'b']]), 'a', []],
  ['a list and an element', ['a', 'b'], 'b', ['==', '<', '<=', '>=', 'contains', 'starts with', 'ends with']],
  ['a list and what none is', ['aa', 'ab'], 'b', ['!=', '<', '<=', 'ends with']],
  ['a list with another type in it', ['a', 5], 'b', ['<', '<=']],
  ['a list with an empty value in it', ['a', null], 'b', ['<', '<=']],
  ['the empty list', [], 'b', ['!=']],
  ['a list in a list', [['a', [5]]], 5, ['==', '<=', '>=', 'contains']],
  ['a value and a list', 'a', ['a', 'b'], ['==', '<', '<=', '>=', 'contains', 'starts with', 'ends with']],
])('between %s', (_name, left, right, expected) => {
  expect(holding(left, right)).toEqual(expected)
})

test('a list nested without end is compared as far as 32 levels', () => {
  let nested: Value = 5
  for (let depth = 0; depth < 20_000; depth++) nested = [nested]
  expect(relate('==', nested, 5)).toBe(false)
  expect(relate('!=', nested, 5)).toBe(false)
})
