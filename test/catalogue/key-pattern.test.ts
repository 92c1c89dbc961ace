import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isKeyPattern, keyPatternsIn, keyTest } from '../../shared/catalogue/key-pattern.ts'

test.each([
  ['user.id', 'user.id', true],
  ['user.id', 'user.id2', false],
  ['user.id', 'User.id', false],
  ['user.*', 'user.address.city', true],
  ['user.*', 'user', false],
  ['*.email', 'order.email', true],
  ['*.email', 'order.email.hash', false],
  ['a*b*c', 'a.b.b.c', true],
  ['a*b*c', 'a.c', false],
  ['a*a', 'a', false],
  ['ab*bc', 'abc', false],
  ['**', '', true],
  ['user.(id|name)', 'user.id', false],
])('%s names %s: %s', (pattern, key, expected) => {
  expect(keyTest([pattern])(key)).toBe(expected)
})

test('a key is named by any of the patterns, and by none where there are none', () => {
  expect(keyTest(['a', 'b.*'])('b.c')).toBe(true)
  expect(keyTest([])('a')).toBe(false)
})

test('patterns name what an expression with .* in place of * finds', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  const key = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
  fc.assert(
    fc.property(text, key, (pattern, name) => {
      expect(keyTest([pattern])(name)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name))
    }),
  )
})

test('a list of patterns is read from JSON, and nothing else is', () => {
  expect(keyPatternsIn('["user.*","a"]')).toEqual(['user.*', 'a'])
  for (const text of ['["a b"]', '[1]', '{"a":1}', '"a"', '[', '']) expect(keyPatternsIn(text)).toBeUndefined()
})

test('a pattern of many parts takes no longer than its length', () => {
  const startedMs = performance.now()
  expect(keyTest([`${'*a'.repeat(90)}*b`])('a'.repeat(200))).toBe(false)
  expect(performance.now() - startedMs).toBeLessThan(100)
})

test.each(['', 'a b', 'a,b', 'x'.repeat(201), 'a\n'])('%j names no keys', (text) => {
  expect(isKeyPattern(text)).toBe(false)
})
