import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Catalogue, type CatalogueLimits, HOUR_LIMITS } from '../../shared/catalogue/catalogue.ts'
import { catalogueText, readCatalogueText } from '../../shared/catalogue/catalogue-text.ts'
import {
  addCatalogue,
  type GrowingCatalogue,
  newCatalogue,
  noteAttribute,
  noteEvent,
  noteExample,
  noteResourceAttribute,
  noteSpans,
} from '../../shared/catalogue/grow.ts'

interface Seen {
  readonly name: string
  readonly service?: string
  readonly kind?: number
  readonly key?: string
  readonly value?: string
  readonly event?: string
}

function note(catalogue: GrowingCatalogue, { name, service = 'shop', kind = 1, key, value = '1', event }: Seen): void {
  const seen = noteSpans(catalogue, name, service, kind)
  if (key !== undefined) {
    for (const attribute of [
      noteAttribute(catalogue, seen, key, 'int'),
      noteResourceAttribute(catalogue, `resource.${key}`, 'string', 1),
    ]) {
      if (attribute !== undefined) noteExample(catalogue, attribute, value)
    }
  }
  if (event !== undefined) noteEvent(catalogue, seen, event)
}

function catalogueOf(spans: readonly Seen[], limits: CatalogueLimits = HOUR_LIMITS): GrowingCatalogue {
  const catalogue = newCatalogue(limits)
  for (const span of spans) note(catalogue, span)
  return catalogue
}

const spansIn = ({ names }: Catalogue) => [...names.values()].reduce((sum, { spans }) => sum + spans, 0)
const named = (count: number, nameOf: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => ({ name: nameOf(index) }))
const letters = (index: number) => [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('')

describe('a catalogue', () => {
  test('counts spans of a name by service and kind', () => {
    const { names } = catalogueOf([
      { name: 'a' },
      { name: 'a' },
      { name: 'a', kind: 2 },
      { name: 'a', service: 'cart' },
    ])
    expect(names.get('a')).toMatchObject({
      spans: 4,
      isGroup: false,
      services: new Map([
        [
          'shop',
          new Map([
            [1, 2],
            [2, 1],
          ]),
        ],
        ['cart', new Map([[1, 1]])],
      ]),
    })
  })

  test('is the same in whatever parts it was gathered, and comes back from its text', () => {
    const anySpan = fc.record({
      name: fc.constantFrom('a', 'b', 'GET /users/1', 'é\u0000"'),
      service: fc.constantFrom('', 'shop', '__proto__'),
      kind: fc.integer({ min: 0, max: 5 }),
      key: fc.constantFrom('k', 'constructor', 'amount'),
      value: fc.constantFrom('1', '2'),
      event: fc.constantFrom('exception', '__proto__'),
    })
    fc.assert(
      fc.property(fc.array(fc.array(anySpan)), (parts) => {
        const merged = newCatalogue(HOUR_LIMITS)
        for (const part of parts) addCatalogue(merged, readCatalogueText(catalogueText(catalogueOf(part))))
        expect(catalogueText(merged)).toBe(catalogueText(catalogueOf(parts.flat())))
      }),
    )
  })

  test('keeps five examples of a key', () => {
    const spans = [1, 1, 2, 3, 4, 5, 6].map((value) => ({ name: 'a', key: 'k', value: String(value) }))
    expect(catalogueOf(spans).names.get('a')?.attributes.get('k')).toMatchObject({
      spans: 7,
      examples: ['1', '2', '3', '4', '5'],
    })
  })

  test.each(['http.request.header.authorization', 'password', 'user.apiKey', 'session.id', 'auth_token', 'set-cookie'])(
    'keeps no example of %s',
    (key) => {
      const { names, resource } = catalogueOf([{ name: 'a', key }])
      expect(names.get('a')?.attributes.get(key)).toMatchObject({ spans: 1, examples: [] })
      expect(resource.get(`resource.${key}`)?.examples).toEqual([])
    },
  )

  test.each(['gen_ai.usage.input_tokens', 'gen_ai.request.max_tokens', 'tokenizer', 'cookie.count'])(
    'keeps examples of %s',
    (key) =>
      expect(
        catalogueOf([{ name: 'a', key }])
          .names.get('a')
          ?.attributes.get(key)?.examples,
      ).toEqual(['1']),
  )
})

describe('too many names', () => {
  test('5,000 names are kept as they are', () => {
    const { names, isGrouped } = catalogueOf(named(5_000, (index) => `GET /users/${index}`))
    expect([names.size, isGrouped]).toEqual([5_000, false])
  })

  test('one more groups those that differ by identifiers, and the others stay', () => {
    const catalogue = catalogueOf([
      { name: 'payment.charge' },
      ...named(5_000, (index) => `GET /users/${index}/orders`),
    ])
    expect(catalogue.isGrouped).toBe(true)
    expect([...catalogue.names].map(([name, { isGroup, spans }]) => [name, isGroup, spans])).toEqual([
      ['payment.charge', false, 1],
      ['GET /users/*/orders', true, 5_000],
    ])
  })

  test('names that differ in their last part alone share a pattern', () => {
    const catalogue = catalogueOf([
      { name: 'payment.charge' },
      ...named(6_000, (index) => `GET /users/${letters(index)}`),
    ])
    expect([...catalogue.names.keys()]).toEqual(['payment.charge', 'GET /users/*'])
    expect(spansIn(catalogue)).toBe(6_001)
  })

  test('names without a common shape are bounded, too, and each span is counted', () => {
    const catalogue = catalogueOf(named(12_000, (index) => `${letters(index)}${letters(index)}`))
    expect(catalogue.names.size).toBeLessThanOrEqual(5_001)
    expect(spansIn(catalogue)).toBe(12_000)
  })

  test('parts that are not too many alone are grouped where they are together', () => {
    const merged = newCatalogue(HOUR_LIMITS)
    for (const from of [0, 3_000]) addCatalogue(merged, catalogueOf(named(3_000, (index) => `job ${from + index}`)))
    expect([...merged.names].map(([name, { spans }]) => [name, spans])).toEqual([['job *', 6_000]])
  })

  test('a long name is cut', () => {
    const [[name, seen] = []] = catalogueOf([{ name: 'x'.repeat(100_000) }]).names
    expect([name, seen?.isGroup]).toEqual([`${'x'.repeat(200)}*`, true])
  })
})

describe('what else is bounded', () => {
  test('keys of a name, with a mark that there were more', () => {
    const catalogue = newCatalogue(HOUR_LIMITS)
    for (let index = 0; index < 1_000; index++) note(catalogue, { name: 'a', key: `k${index}` })
    expect(catalogue.names.get('a')?.attributes.size).toBe(200)
    expect([catalogue.names.get('a')?.hasMore, catalogue.resourceHasMore]).toEqual([true, true])
  })

  test('events and services of a name', () => {
    const catalogue = newCatalogue(HOUR_LIMITS)
    for (let index = 0; index < 1_000; index++) note(catalogue, { name: 'a', event: `e${index}`, service: `s${index}` })
    const seen = catalogue.names.get('a')
    expect([seen?.events.size, seen?.services.size, seen?.hasMore, seen?.spans]).toEqual([50, 100, true, 1_000])
  })

  test('all text together', () => {
    const limits = { maxNames: 100, maxText: 2_000, maxExampleText: 100 }
    const spans = named(500, (index) => `${letters(index)}.x`).map(({ name }, index) => ({
      name,
      key: `${name}.key${index}`,
      value: String(index),
      event: `${index}`,
    }))
    const catalogue = catalogueOf(spans, limits)
    expect(catalogueText(catalogue).length).toBeLessThan(20_000)
    expect(spansIn(catalogue)).toBe(500)
  })
})
