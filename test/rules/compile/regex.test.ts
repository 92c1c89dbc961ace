import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import {
  compileRegex,
  MAX_REGEX_INPUT,
  MAX_REGEX_INSTRUCTIONS,
  MAX_REGEX_LENGTH,
  type RegexTest,
} from '../../../shared/rules/compile/regex.ts'

function accepted(pattern: string): RegexTest {
  const result = compileRegex(pattern)
  if (typeof result !== 'function') throw new Error(result.message)
  return result
}

function refused(pattern: string) {
  const result = compileRegex(pattern)
  if (typeof result === 'function') throw new Error(`accepted: ${pattern}`)
  return result
}

test.each([
  ['tenant_b', 'x_tenant_b_y', true],
  ['.*tenant_b_data.*', 'a\ntenant_b_data\n', true],
  ['.*(you should|I recommend).*', 'I think you should', true],
  ['.*(you should|I recommend).*', 'I think so', false],
  ['192\\.168\\..*', 'at 192.168.0.1', true],
  ['192\\.168\\..*', 'at 192x168.0.1', false],
  ['.*\\.(js|css)', 'a.css?', true],
  ['a\\.*', 'a', true],
  ['a\\|b', 'a|b', true],
  ['a\\|b', 'b', false],
  ['a\\\\|b', 'b', true],
  ['(a)|(b)', 'xb', true],
  ['a|', 'x', true],
  ['', 'x', true],
  ['^a$', 'ba', false],
  ['^.*b$', 'a\nb', false],
  ['(?s)^.*b$', 'a\nb', true],
  ['(?i)TIMEOUT', 'a timeout', true],
  ['^.$', '🌍', true],
])('the pattern %j searches %j: %j', (pattern, text, found) => {
  expect(accepted(pattern)(text)).toBe(found)
})

test('a pattern that comes to plain texts finds what RE2 itself finds', () => {
  const letters = fc.constantFrom('a', 'b', '.', '*', '?', '|', '(', ')', '\\', '\n', '🌍', '\ud83c', '-', '_', '(?:')
  const anyPattern = fc.array(letters, { maxLength: 9 }).map((parts) => parts.join(''))
  const framed = fc
    .tuple(fc.constantFrom('', '.*', '.*?'), anyPattern, fc.constantFrom('', '.*'))
    .map((p) => p.join(''))
  const text = fc.array(letters, { maxLength: 12 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(framed, fc.array(text, { minLength: 1, maxLength: 5 }), (pattern, texts) => {
      const compiled = compileRegex(pattern)
      if (typeof compiled !== 'function') return
      const re2 = RE2JS.compile(pattern)
      for (const each of texts) expect(compiled(each)).toBe(re2.test(each))
    }),
    { numRuns: 2000, seed: 7 },
  )
})

test('a pattern RE2 rejects is a problem that says why', () => {
  expect(refused('(?<=a)b')).toMatchObject({ code: 'invalid-regex' })
  expect(refused('\\1').message).toContain('invalid escape sequence')
  expect(refused('(a').message).toContain('missing closing )')
  expect(refused('a{2000}').code).toBe('regex-too-large')
})

test('the limits hold at their value and not one beyond', () => {
  accepted('a'.repeat(MAX_REGEX_LENGTH))
  expect(refused('a'.repeat(MAX_REGEX_LENGTH + 1)).code).toBe('regex-too-large')
  const overhead = RE2JS.compile('[ab]{7}$').programSize() - 7
  accepted(`[ab]{${MAX_REGEX_INSTRUCTIONS - overhead}}$`)
  expect(refused(`[ab]{${MAX_REGEX_INSTRUCTIONS - overhead + 1}}$`).code).toBe('regex-too-large')
  expect(accepted('ab')(`${'x'.repeat(MAX_REGEX_INPUT - 2)}ab`)).toBe(true)
  expect(accepted('ab')(`${'x'.repeat(MAX_REGEX_INPUT - 1)}ab`)).toBe(false)
})

test('braces in a class or after a backslash are no repetition', () => {
  expect(accepted('[{900}]$')('x9')).toBe(true)
  expect(accepted('^\\{900\\}$')('{900}')).toBe(true)
})

test('no accepted pattern stalls on a hostile text of 4 KB, nor does refusing one', () => {
  const patterns = [
    '(a?){50}a{50}',
    '(?:.*a){50}X',
    '\\b[a-z ]{490}\\bX',
    '(?:a|b)*a[ab]{490}X',
    '\\pL{490}X',
    '(?i)(?:\\pL+\\s*){120}X',
    '(x+x+)+y',
    '\\pL{1000}'.repeat(100),
    '((.{0,10}){0,10}){0,10}'.repeat(16),
  ]
  const texts = ['a', 'ab', 'a b', 'é', '\u{1d4d0}a'].map((unit) => `X${unit.repeat(4096 / unit.length)}`)
  for (const pattern of patterns) {
    const startedMs = performance.now()
    const compiled = compileRegex(pattern)
    if (typeof compiled === 'function') for (const text of texts) compiled(text)
    expect(performance.now() - startedMs, pattern).toBeLessThan(2000)
  }
})
