import { expect, test } from 'vitest'
import {
  parseCount,
  parseDurationMs,
  parseKeyPatterns,
  parsePort,
  parseUrl,
  repeatable,
} from '../../cli/option-values.ts'

test.each([
  ['500ms', 500],
  ['5s', 5000],
  ['1.5s', 1500],
  ['2m', 120_000],
  ['1h', 3_600_000],
])('the duration %s is %d ms', (text, durationMs) => {
  expect(parseDurationMs(text)).toBe(durationMs)
})

test.each(['5', '', 's', '-1s', '5 days', '1e3s'])('%j is not a duration', (text) => {
  expect(() => parseDurationMs(text)).toThrow('Write a duration as 500ms, 5s, 2m, 1h or 90d.')
})

test('ports end at 65535', () => {
  expect([parsePort('0'), parsePort('65535')]).toEqual([0, 65535])
  for (const text of ['65536', '-1', '80a', '']) expect(() => parsePort(text)).toThrow('Write a port from 0 to 65535.')
})

test('a count is a whole number from 1 on', () => {
  expect([parseCount('1'), parseCount('2000000')]).toEqual([1, 2_000_000])
  for (const text of ['0', '-1', '1.5', '1e6', '', '99999999999999999999']) {
    expect(() => parseCount(text)).toThrow('Write a whole number from 1 on.')
  }
})

test('keys of attributes are separated by commas and spaces', () => {
  expect(parseKeyPatterns('user.*, order.email  x')).toEqual(['user.*', 'order.email', 'x'])
  for (const text of ['', ' , ', 'x'.repeat(201)]) expect(() => parseKeyPatterns(text)).toThrow('Write keys of at most')
})

test('only http and https are taken for a URL', () => {
  expect(parseUrl('https://example.com/hook')).toBe('https://example.com/hook')
  for (const text of ['example.com', 'ftp://x', '']) expect(() => parseUrl(text)).toThrow('Write a URL')
})

test('a repeated option keeps all its values', () => {
  const collect = repeatable(parsePort)
  expect(collect('2', collect('1', undefined))).toEqual([1, 2])
})
