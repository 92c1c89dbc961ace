import { describe, expect, test } from 'vitest'
import { absentAttributes } from '../../../shared/rules/blind/absent.ts'
import { needsOf } from '../../../shared/rules/blind/needs.ts'
import { printFilters } from '../../../shared/rules/print/print.ts'
import { rulesOf } from '../../reference/rules.ts'

const bodyOf = (text: string) => (rulesOf(text)[0] as ReturnType<typeof rulesOf>[number]).body

/** What the rule asks, of which spans: `amount of payment where currency == USD`. */
function asked(text: string): readonly string[] {
  return needsOf(bodyOf(text)).map(({ attribute, spans, event }) => {
    const name = spans.name.kind === 'exact' ? spans.name.name : spans.name.kind === 'glob' ? spans.name.pattern : 'any'
    const where = spans.filters.length === 0 ? '' : ` where ${printFilters(spans.filters)}`
    const of = event === undefined ? name : `${event.kind === 'exact' ? event.name : 'any'} of ${name}`
    return `${attribute.from === 'resource' ? 'resource.' : ''}${attribute.key} of ${of}${where}`
  })
}

describe('a rule needs', () => {
  test.each([
    ['what its filters compare', 'pay.where(amount > 1)', ['amount of pay']],
    ['nothing where it asks for presence alone', 'pay.where(exists(amount) and not exists(refund))', []],
    ['nothing of span values', 'pay.where(span.status == error)', []],
    [
      'an attribute of the spans that the other filters leave',
      'pay.where(span.kind == server and amount > 1)',
      ['amount of pay where span.kind == server'],
    ],
    ['both sides of a join', 'when { a as x } never { b.where(k == x.j) }', ['k of b', 'j of a']],
    [
      'what is read of a bound span',
      'when { a.where(span.kind == server) as x } always { x.where(k == 1) }',
      ['k of a where span.kind == server'],
    ],
    ['what events carry', 'pay.event(exception).where(type == Timeout)', ['type of exception of pay']],
    ['what a resource carries', 'any.where(resource.region == EU)', ['resource.region of any']],
    ['what is added up and grouped', 'trace.sum(llm, tokens).by(user) > 9', ['user of llm', 'tokens of llm']],
    ['what all spans must be', 'not trace.all(db.*).where(tls)', ['tls of db.*']],
    ['the attribute a word may mean, where it cannot be text', 'a.where(x != y.z)', ['x of a', 'y.z of a']],
  ])('%s', (_, text, expected) => {
    expect(asked(text)).toEqual(expected)
  })
})

describe('an absent attribute', () => {
  const absent = (text: string, ...seen: readonly (readonly [asked: number, found: boolean, ...string[]])[]) =>
    absentAttributes(
      bodyOf(text),
      seen.map(([count, found, ...keys]) => ({ asked: count, found, keys })),
    )

  test('is named with its spans, how many were asked, and the key that was meant', () => {
    expect(absent('pay.where(order.id == 1)', [134, false, 'app.order.id', 'amount'])).toEqual([
      { attribute: 'order.id', spans: 'pay', asked: 134, nearest: 'app.order.id' },
    ])
  })

  test.each([
    ['amout', ['service.name', 'amount'], 'amount'],
    ['order.id', ['orderId', 'order.idx'], 'orderId'],
    ['order_id', ['order.ids', 'order.id'], 'order.id'],
    ['app.order.id', ['id', 'order.id'], 'order.id'],
    ['id', ['app.order.id'], null],
    ['gen_ai.operation.name', ['db.operation.name'], null],
    ['refund', ['amount'], null],
  ])('%s, where spans carry %j, is taken for %s', (key, keys, nearest) => {
    expect(absent(`pay.where(attr("${key}") == 1)`, [1, false, ...keys])[0]?.nearest).toBe(nearest)
  })

  test('is none that was found once, or that no span was asked for', () => {
    expect(absent('pay.where(a == 1)', [5, true])).toEqual([])
    expect(absent('pay.where(a == 1)', [0, false])).toEqual([])
  })

  test('is none where another arm of an alternative found what it needs', () => {
    const text = 'any.where(url.full matches "x" or http.target matches "x")'
    expect(absent(text, [5, true], [5, false])).toEqual([])
    expect(absent(text, [5, false], [5, false])).toHaveLength(2)
    expect(absent('any.where(not (a == 1 and b == 2))', [5, true], [5, false])).toEqual([])
    expect(absent('any.where(a == 1 and b == 2)', [5, true], [5, false])).toMatchObject([{ attribute: 'b' }])
    expect(absent('any.where(not (a == 1 or b == 2))', [5, true], [5, false])).toMatchObject([{ attribute: 'b' }])
  })

  test('is named once for the same spans, by the most that were asked', () => {
    const found = absent('pay.where(a == 1 and b == 2) or pay.where(a == 3)', [5, false], [5, true], [9, false])
    expect(found).toEqual([{ attribute: 'a', spans: 'pay', asked: 9, nearest: null }])
  })
})
