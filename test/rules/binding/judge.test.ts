import { describe, expect, it as test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { idleOutcome, judge } from '../../../shared/rules/judge/judge.ts'
import { rulesOf } from '../../reference/rules.ts'
import { type SpanSketch, traceOf } from '../../reference/traces.ts'

function outcomeOf(body: string, spans: readonly SpanSketch[]) {
  const [rule] = rulesOf(body)
  if (rule === undefined) throw new Error('no rule')
  return judge(compileRules([rule]), traceOf(spans))[0]?.outcome ?? idleOutcome(rule)
}

/** A span from one moment to another, in nanoseconds after one that is not a whole millisecond. */
function span(name: string, from: number, to: number, attributes: SpanSketch['attributes'] = {}): SpanSketch {
  return { name, startNanos: BigInt(from) + 1n, durationNanos: BigInt(to - from), attributes }
}

const chargeBeforeItsValidation = `
  when   { trace.has(payment.charge) as charge }
  always { trace.has(cart.validate).where(cart.id == charge.cart.id) before charge }
  except when { charge.amount < 10 }`

describe('a charge before its own validation', () => {
  const validated = (id: string, from: number) => span('cart.validate', from, from + 1, { 'cart.id': id })
  const charged = (id: string, from: number, amount = 20) =>
    span('payment.charge', from, from + 1, { 'cart.id': id, amount })

  test.each([
    ['each charge follows the validation of its cart', [validated('a', 0), charged('a', 5)], 'satisfied'],
    ['the cart is validated later', [charged('a', 0), validated('a', 5)], 'violated'],
    ['another cart is validated before', [validated('b', 0), charged('a', 5)], 'violated'],
    ['one charge of two is not validated', [validated('a', 0), charged('a', 5), charged('b', 7)], 'violated'],
    ['that charge is small', [validated('a', 0), charged('a', 5), charged('b', 7, 9)], 'satisfied'],
    ['every charge is small', [charged('a', 5, 9)], 'vacuous'],
    ['nothing is charged', [validated('a', 0)], 'vacuous'],
    ['the charge has no cart', [validated('a', 0), span('payment.charge', 5, 6, { amount: 20 })], 'violated'],
  ] as const)('%s', (_title, spans, expected) => expect(outcomeOf(chargeBeforeItsValidation, spans)).toBe(expected))
})

const at = (name: string, attributes: SpanSketch['attributes'], from = 0) => span(name, from, from + 1, attributes)

describe('values of two spans', () => {
  const join = 'a as p and b.where(k == p.k)'
  const differ = 'a as p and b.where(k != p.k)'
  test.each([
    [join, 1, 1, true],
    [join, 1, 2, false],
    [join, 1, '1', false],
    [join, true, true, true],
    [join, 9_007_199_254_740_993n, 9_007_199_254_740_993n, true],
    [join, 9_007_199_254_740_993n, 9_007_199_254_740_992, false],
    [join, 9_007_199_254_740_992, 9_007_199_254_740_992n, true],
    [join, Number.NaN, Number.NaN, false],
    [join, -0, 0, true],
    [join, null, null, false],
    [join, [1, 2], 2, true],
    [join, [1, 2], [2, 3], true],
    [join, [[1]], 1, true],
    [join, [], [], false],
    [join, new Uint8Array([1]), new Uint8Array([1]), false],
    [differ, 1, 2, true],
    [differ, 1, 1, false],
    [differ, 1, 'x', false],
    [differ, 1, null, false],
    [differ, Number.NaN, Number.NaN, true],
    [differ, [1, 2], 3, true],
    [differ, [1, 2], 2, false],
    [differ, [], new Uint8Array([1]), true],
    [differ, 5, [], true],
  ] as const)('%s with %o and %o', (rule, left, right, expected) => {
    const spans = [at('a', { k: left }), at('b', { k: right })]
    expect(outcomeOf(rule, spans)).toBe(expected ? 'violated' : 'satisfied')
  })

  test('a value that one of the spans lacks equals nothing', () => {
    expect(outcomeOf(join, [at('a', {}), at('b', {})])).toBe('satisfied')
    expect(outcomeOf(differ, [at('a', {}), at('b', { k: 1 })])).toBe('satisfied')
    expect(outcomeOf('a as p and b.where(not (k == p.k))', [at('a', {}), at('b', {})])).toBe('violated')
  })

  test('num(…) joins text with numbers', () => {
    expect(outcomeOf('a as p and b.where(num(k) == p.k)', [at('a', { k: 5 }), at('b', { k: '5' })])).toBe('violated')
  })

  test.each([
    ['a as p and b as q and p.k + 1 == q.k', true],
    ['a as p and b as q and p.k < q.k', true],
    ['a as p and b as q and p.k > q.k', false],
    ['a as p and b as q and c as r and p.k != q.k and q.k == r.k', true],
    ['a as p and b as q and c as r and p.k == q.k and q.k == r.k', false],
    ['a as p and not (b as q and q.k > p.k)', false],
    ['a as p and (p.k == 7 or b.where(k == p.k + 1))', true],
    ['a as p and trace.count(any.where(k == p.k)) == 1', true],
    ['a as p and trace.count(any.where(k != p.k)) > 2', false],
    ['a as p and trace.sum(any.where(k != p.k), k) == p.k * 4', true],
    ['b as p and trace.count(any.where(k == p.k)).by(k) > 1', true],
    ['a as p and trace.all(any).where(k == p.k)', false],
    ['b as p and trace.all(c).where(k == p.k)', true],
  ] as const)('%s', (rule, expected) => {
    const spans = [at('a', { k: 1 }), at('b', { k: 2 }), at('c', { k: 2 })]
    expect(outcomeOf(rule, spans)).toBe(expected ? 'violated' : 'satisfied')
  })
})

test('many spans with values of their own are distinguished from an array that equals most of them', () => {
  const spans = [at('a', { k: [1, 2, 3, 4, 5] }), ...[1, 2, 3, 4, 5, 1, 2].map((k) => at('b', { k }))]
  for (const rule of ['a as p and b.where(k != p.k)', 'a as p and b.where(not (k == p.k))']) {
    expect(outcomeOf(rule, spans)).toBe('satisfied')
    expect(outcomeOf(rule, [...spans, at('b', { k: 6 })])).toBe('violated')
  }
})

describe('bindings', () => {
  test('finds a retry: the later attempt goes to the same target', () => {
    const rule =
      'attempt.where(status == failed) as first before attempt as second within 5us and first.to == second.to'
    const failed = at('attempt', { status: 'failed', to: 'x' })
    expect(outcomeOf(rule, [failed, at('attempt', { to: 'x' }, 3)])).toBe('violated')
    expect(outcomeOf(rule, [failed, at('attempt', { to: 'y' }, 3)])).toBe('satisfied')
    expect(outcomeOf(rule, [failed, at('attempt', { to: 'x' }, 30_000)])).toBe('satisfied')
  })

  test('a bound span is found by later selectors, but does not count as another span', () => {
    const one = [at('q', { sql: 's' })]
    expect(outcomeOf('q as p and q.where(sql == p.sql)', one)).toBe('violated')
    expect(outcomeOf('q as p and q as other and p before other', one)).toBe('satisfied')
    expect(outcomeOf('q as p before q as other', [at('q', {}), at('q', {}, 1)])).toBe('violated')
  })

  test('an invariant is violated where one of many pairs violates it', () => {
    const rule = 'when { a as p and b.where(k == p.k) as q } always { q before p }'
    const pairs = [at('b', { k: 1 }, 0), at('a', { k: 1 }, 5), at('b', { k: 2 }, 9)]
    expect(outcomeOf(rule, pairs)).toBe('satisfied')
    expect(outcomeOf(rule, [...pairs, at('a', { k: 2 }, 3)])).toBe('violated')
  })

  test('except when takes out the bindings it is true of, and no others', () => {
    const rule = 'when { a as p } never { p.bad } except when { b.where(k == p.k) }'
    expect(outcomeOf(rule, [at('a', { k: 1, bad: true }), at('b', { k: 1 })])).toBe('vacuous')
    expect(outcomeOf(rule, [at('a', { k: 1, bad: true }), at('a', { k: 2 }), at('b', { k: 1 })])).toBe('satisfied')
    expect(outcomeOf(rule, [at('a', { k: 1, bad: true }), at('b', { k: 2 })])).toBe('violated')
  })

  test('structure relates bound spans', () => {
    const spans = [
      { ...span('root', 0, 9), id: 1 },
      { ...span('call', 1, 8, { k: 1 }), id: 2, parent: 1 },
      { ...span('query', 2, 3, { k: 1 }), id: 3, parent: 2 },
    ]
    expect(outcomeOf('query as q and call.where(k == q.k) as c and q directly under c', spans)).toBe('violated')
    expect(outcomeOf('query as q and root as r and q directly under r', spans)).toBe('satisfied')
    expect(outcomeOf('query as q and q under root and not q under call.where(k != q.k)', spans)).toBe('violated')
  })

  test('events are compared with bound spans', () => {
    const spans = [at('a', { k: 1 }), { ...at('b', {}), events: [{ name: 'e', attributes: { k: 1 } }] }]
    expect(outcomeOf('a as p and b.event(e).where(k == p.k)', spans)).toBe('violated')
    expect(outcomeOf('a as p and b.event(e).where(k != p.k)', spans)).toBe('satisfied')
    expect(outcomeOf('b as p and p.event(e).where(k == 1) and not p.event(f)', spans)).toBe('violated')
  })

  test('a definition keeps its names to itself', () => {
    const rule = 'define doubled = q as p and q.where(n == p.n + 1)\na as p and doubled and p.ok'
    expect(outcomeOf(rule, [at('a', { ok: true }), at('q', { n: 1 }), at('q', { n: 2 })])).toBe('violated')
    expect(outcomeOf(rule, [at('a', { ok: true }), at('q', { n: 1 }), at('q', { n: 3 })])).toBe('satisfied')
  })
})

describe('limits', () => {
  const many = (size: number, keyOf: (index: number) => number) =>
    Array.from({ length: size }, (_, index) => [
      at('b', { k: keyOf(index) }, index),
      at('a', { k: keyOf(index) }, size + index),
    ]).flat()

  test.each([
    'when { a as p } always { b.where(k == p.k) before p }',
    'when { a as p and b.where(k == p.k) as q } always { q before p }',
    'a as p and b as q and p.k == q.k and p before q',
    'a as p and b.where(k != p.k) as q and p before q and p.k == q.k',
    'when { a as p } never { trace.all(b).where(k != p.k) }',
  ])('%s is answered of 10,000 spans, on one key shared by all', (rule) => {
    expect(
      outcomeOf(
        rule,
        many(5000, () => 1),
      ),
    ).toBe('satisfied')
  })

  const chain = (parentOf: (id: number) => number) =>
    Array.from({ length: 10_000 }, (_, index) => ({
      ...at(index % 2 === 0 ? 'a' : 'b', { k: index % 3 }, index),
      id: index + 1,
      parent: parentOf(index + 1),
    }))

  test.each([
    ['a chain of parents', chain((id) => id - 1)],
    ['a cycle of parents', chain((id) => (id === 1 ? 9_999 : id - 1))],
  ])('%s is followed to its end', (_title, spans) => {
    expect(outcomeOf('a as p and b.where(k == p.k) as q and p under q and q before p', spans)).toBe('violated')
    expect(outcomeOf('a as p and b as q and p directly under q and p.k == q.k', spans)).toBe('satisfied')
  })

  test('a rule that asks pair by pair is given up after 10 million steps', () => {
    expect(
      outcomeOf(
        'a as p and b as q and p.k < q.k',
        many(3200, () => 1),
      ),
    ).toBe('inconclusive')
  }, 60_000)
})
