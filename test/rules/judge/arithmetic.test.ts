import { expect, test } from 'vitest'
import { calculate, negate, toNumber } from '../../../shared/rules/judge/arithmetic.ts'
import type { Value } from '../../../shared/rules/judge/values.ts'

const max = 2n ** 63n - 1n

test.each<readonly [Value, '+' | '-' | '*' | '/' | '%', Value, Value]>([
  [1, '+', 2, 3],
  [0.1, '+', 0.2, 0.1 + 0.2],
  [9007199254740991, '+', 2, 9007199254740993n],
  [9007199254740993n, '-', 2, 9007199254740991],
  [max, '*', max, max * max],
  [max, '*', 1.5, Number(max) * 1.5],
  [2 ** 60, '+', 1, 2 ** 60],
  [7, '/', 2, 3.5],
  [max, '/', 7n, max / 7n],
  [max, '/', 2, Number(max) / 2],
  [7, '%', 4, 3],
  [-7, '%', 4, -3],
  [max, '%', 10, 7],
  [5.5, '%', 2, 1.5],
  [1, '/', 0, undefined],
  [1, '/', -0, undefined],
  [max, '/', 0, undefined],
  [1, '%', 0, undefined],
  [max, '%', 0n, undefined],
  ['1', '+', 2, undefined],
  [true, '+', 2, undefined],
  [[1], '+', 2, undefined],
  [undefined, '+', 2, undefined],
  [null, '*', 2, undefined],
])('%o %s %o is %o', (left, operator, right, result) => {
  expect(calculate(operator, left, right)).toBe(result)
})

test('an exact product goes on as a double past 128 bits, so that it cannot grow without bound', () => {
  let product: Value = max
  for (let i = 0; i < 3; i++) product = calculate('*', product, max)
  expect(product).toBe(Number(max ** 2n) * Number(max) * Number(max))
})

test.each<readonly [Value, Value]>([
  ['5', 5],
  ['-5', -5],
  ['+5', 5],
  ['9007199254740993', 9007199254740993n],
  ['0.5', 0.5],
  ['.5', 0.5],
  ['5.', 5],
  ['1e3', 1000],
  ['1e400', undefined],
  ['', undefined],
  [' 5', undefined],
  ['5ms', undefined],
  ['0x10', undefined],
  ['Infinity', undefined],
  ['1'.repeat(301), undefined],
  [5, 5],
  [max, max],
  [true, undefined],
  [['5'], undefined],
  [undefined, undefined],
])('num(%o) is %s', (value, number) => {
  expect(toNumber(value)).toBe(number)
})

test('the sign of the least int64 turns exactly', () => {
  expect(negate(-(2n ** 63n))).toBe(2n ** 63n)
  expect(negate('5')).toBe(undefined)
})
