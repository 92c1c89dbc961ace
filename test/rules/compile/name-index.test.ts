import fc from 'fast-check'
import { expect, test } from 'vitest'
import { globTest } from '../../../shared/rules/compile/glob.ts'
import { literalSearch } from '../../../shared/rules/compile/literal-search.ts'
import { indexNames } from '../../../shared/rules/compile/name-index.ts'

const part = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\n', '🌍', '\ud83c'), maxLength: 5 })
const glob = fc.array(part, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('*'))

/** The same as a regular expression. */
function byRegex(pattern: string): (name: string) => boolean {
  const regex = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^]*')}$`)
  return (name) => regex.test(name)
}

test('a glob is what its regular expression is', () => {
  fc.assert(
    fc.property(glob, fc.array(part, { maxLength: 3 }), (pattern, parts) => {
      const name = parts.join('')
      expect(globTest(pattern)(name)).toBe(byRegex(pattern)(name))
      expect(globTest(pattern)(pattern.replaceAll('*', name))).toBe(true)
    }),
    { numRuns: 2000, seed: 1 },
  )
})

test('a glob with many stars takes no time on a name that nearly fits', () => {
  const startedMs = performance.now()
  expect(globTest('a*'.repeat(500))('a'.repeat(5000))).toBe(true)
  expect(globTest(`${'a*'.repeat(500)}b`)('a'.repeat(5000))).toBe(false)
  expect(performance.now() - startedMs).toBeLessThan(500)
})

test('one pass finds exactly the literals that a text holds', () => {
  const literals = fc.uniqueArray(
    part.filter((text) => text !== ''),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(literals, fc.array(part, { maxLength: 4 }), (all, parts) => {
      const text = parts.join('')
      const found = new Set<string>()
      literalSearch(all)(text, (index) => found.add(all[index] as string))
      expect([...found].sort()).toEqual(all.filter((literal) => text.includes(literal)).sort())
    }),
    { numRuns: 1000, seed: 2 },
  )
})

test('a lookup gives the exact target, then every glob that fits, again and again', () => {
  const patterns = fc.uniqueArray(
    glob.filter((pattern) => /[^*]/.test(pattern)),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(patterns, fc.uniqueArray(part, { maxLength: 4 }), fc.array(part), (globs, exact, names) => {
      const lookup = indexNames(
        new Map(exact.map((name) => [name, `=${name}`])),
        new Map(globs.map((each) => [each, each])),
      )
      for (const name of [...names, ...names]) {
        const expected = [
          ...exact.filter((each) => each === name).map((each) => `=${each}`),
          ...globs.filter((each) => byRegex(each)(name)),
        ]
        expect(lookup(name)).toEqual(expected)
      }
    }),
    { numRuns: 500, seed: 3 },
  )
})

test('more names than are remembered change no answer', () => {
  const lookup = indexNames(new Map(), new Map([['http.*', 'http']]))
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 5000; index++) expect(lookup(`http.${index}`)).toEqual(['http'])
  }
  expect(lookup(`http.${'x'.repeat(10_000)}`)).toEqual(['http'])
})

test('ten thousand globs with nested endings take little memory and time', () => {
  const globs = new Map(
    Array.from({ length: 10_000 }, (_, index) => [`*${'a'.repeat(1 + (index % 200))}${index}`, index]),
  )
  const startedMs = performance.now()
  const lookup = indexNames(new Map(), globs)
  expect(lookup('aaa4002').length).toBe(1)
  expect(performance.now() - startedMs).toBeLessThan(5000)
})
