import { describe, expect, test } from 'vitest'
import { type Catalogue, HOUR_LIMITS } from '../../../shared/catalogue/catalogue.ts'
import { newCatalogue, noteAttribute, noteSpans } from '../../../shared/catalogue/grow.ts'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { lintRules } from '../../../shared/rules/lint/lint.ts'
import { sampled } from '../../catalogue/sampled.ts'

const CHARGE = { amount: 'double', currency: 'string', 'app.order.id': 'string', paid: 'boolean' } as const
const SAMPLE = sampled(
  { 'payment.charge': CHARGE, 'payment.refund': { amount: 'string' }, 'cart.validate': { 'cart.id': 'string' } },
  134,
  { 'host.name': 'string' },
)

function warned(text: string, sample: Catalogue = SAMPLE) {
  const { rules, problems } = checkRules([{ file: 'a.rules', text: `// Signal: EXAMPLE (low)\n${text}\n` }])
  expect(problems).toEqual([])
  return lintRules(rules, sample).items.map(({ code, message, hint }) => ({ code, message, hint }))
}

const codes = (text: string, sample?: Catalogue) => warned(text, sample).map(({ code }) => code)

describe('an attribute that no span of the name carries', () => {
  test('is warned of, with those that they have', () => {
    expect(warned('payment.charge.where(fraud.score > 3)')).toEqual([
      {
        code: 'absent-attribute',
        message: 'none of the 134 spans named payment.charge in the sample has the attribute fraud.score',
        hint: 'they have amount, currency, app.order.id, paid: correct the key, or take a larger sample if the attribute is rare',
      },
    ])
  })

  test('is warned of with the key that has it as a part', () => {
    expect(warned('payment.charge.where(order.id == "7")')).toMatchObject([
      { code: 'absent-attribute', hint: 'did you mean app.order.id? If the attribute is rare, take a larger sample' },
    ])
  })

  test.each([
    ['payment.charge as p and p.fraud.score > 3', 'fraud.score', 'spans named payment.charge'],
    ['trace.has(payment.*).where(fraud.score > 3)', 'fraud.score', 'spans that fit payment.*'],
    ['payment.charge.where(resource.region == eu)', 'resource.region', 'spans named payment.charge'],
    ['trace.count(payment.charge).by(tenant.id) > 3', 'tenant.id', 'spans named payment.charge'],
    ['trace.sum(payment.charge, fee) > 3', 'fee', 'spans named payment.charge'],
    [
      'cart.validate as c and payment.charge.where(app.order.id == c.shop.code)',
      'shop.code',
      'spans named cart.validate',
    ],
  ])('%s', (text, key, spans) => {
    const found = warned(text).filter(({ code }) => code === 'absent-attribute')
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        new RegExp(`^none of the \\d+ ${spans.replace('*', '\\*')} in the sample has the attribute ${key}$`),
      ),
    ])
  })

  test.each([
    ['is asked of spans of any name', 'trace.has(any.where(fraud.score > 3))'],
    ['is on some', 'payment.charge.where(amount > 3)'],
    ['is only asked whether it exists', 'payment.charge.where(exists(fraud.score))'],
    ['is one of alternatives of which another is there', 'payment.charge.where(fraud.score > 3 or amount > 3)'],
    ['is on the resource', 'payment.charge.where(host.name == h1)'],
    ["is an event's", 'payment.charge.event(retry).where(retry.count > 3)'],
    ['is of a span that the sample does not have', 'nothing.like_it as p and p.amount > 3'],
  ])('is not warned of where it %s', (_, text) => {
    expect(codes(text).filter((code) => code !== 'unknown-span-name')).toEqual([])
  })

  test('is not warned of where fewer than 20 spans were seen', () => {
    const text = 'payment.charge.where(fraud.score > 3)'
    expect(codes(text, sampled({ 'payment.charge': CHARGE }, 19))).toEqual([])
    expect(codes(text, sampled({ 'payment.charge': CHARGE }, 20))).toEqual(['absent-attribute'])
  })

  test('is not warned of twice where the word is another mistake', () => {
    expect(codes('payment.charge.where(status == error)')).toEqual(['span-value-as-attribute'])
    expect(codes('payment.charge.where(exception.type == CardDeclined)')).toEqual(['event-attribute'])
  })

  test('is not warned of where the sample could not keep all keys', () => {
    const sample = newCatalogue(HOUR_LIMITS)
    const seen = noteSpans(sample, 'payment.charge', 'shop', 1, 100)
    for (let index = 0; index < 300; index++) noteAttribute(sample, seen, `k${index}`, 'string')
    expect(codes('payment.charge.where(fraud.score > 3)', sample)).toEqual([])
  })
})

describe('a misspelt attribute of a bound span', () => {
  test.each(['payment.charge as p and p.amuont > 3', 'when { payment.charge as p } always { p.amuont < 3 }'])(
    '%s',
    (text) => {
      expect(warned(text)).toEqual([
        {
          code: 'unknown-attribute',
          message: 'no such span of the sample has the attribute amuont',
          hint: 'did you mean amount?',
        },
      ])
    },
  )
})

describe('an attribute that is always of another type', () => {
  test.each([
    ['payment.refund.where(amount > 5)', 'amount is always a string in the sample, and this compares it with a number'],
    [
      'payment.refund as r and r.amount > 5',
      'amount is always a string in the sample, and this compares it with a number',
    ],
    ['payment.charge.where(amount == "5")', 'amount is always a number in the sample, and this compares it with text'],
    ['payment.charge.where(paid == "true")', 'paid is always a boolean in the sample, and this compares it with text'],
    [
      'payment.charge.where(amount matches "^5")',
      'amount is always a number in the sample, and this compares it with text',
    ],
  ])('%s', (text, message) => expect(warned(text)).toMatchObject([{ code: 'attribute-type', message }]))

  test('is put right by what the hint says', () => {
    expect(warned('payment.refund.where(amount > 5)')).toMatchObject([{ hint: 'write num(amount) > 5' }])
    expect(warned('payment.refund.where(num(amount) > 5)')).toEqual([])
  })

  test('is not warned of where types differ from span to span, or it is of another type than a scalar', () => {
    const sample = sampled({ a: { mixed: ['string', 'int'], list: 'array' } }, 50)
    expect(codes('a.where(mixed > 5 or list == "x")', sample)).toEqual([])
    expect(codes('trace.has(payment.*).where(amount > 5)')).toEqual([])
  })

  test('is what the sample has, whatever the conventions say', () => {
    const sample = sampled({ a: { 'http.response.status_code': 'string' }, b: { 'http.status_code': 'int' } }, 50)
    expect(codes('a.where(http.response.status_code == "500")', sample)).toEqual([])
    expect(codes('a.where(http.response.status_code == 500)', sample)).toEqual(['attribute-type'])
    expect(codes('b.where(http.response.status_code == "500")', sample)).toEqual(['attribute-type'])
  })
})

describe('names that are grouped', () => {
  const sample = newCatalogue(HOUR_LIMITS)
  for (let index = 0; index < 5_100; index++) {
    noteAttribute(sample, noteSpans(sample, `GET /users/${index}`, 'web', 2), 'http.route', 'string')
  }

  test('are those of each name in the group', () => {
    expect(sample.isGrouped).toBe(true)
    expect(codes('trace.has("GET /users/7000".where(http.route == "x"))', sample)).toEqual([])
    expect(codes('trace.has("GET /users/7".where(tenant == "x"))', sample)).toEqual(['absent-attribute'])
    expect(codes('trace.has("GET /orders")', sample)).toEqual(['unknown-span-name'])
  })

  test('leave patterns without a warning', () => {
    expect(codes('trace.has(nothing.*).where(tenant == "x")', sample)).toEqual([])
  })
})
