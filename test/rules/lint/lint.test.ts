import { describe, expect, test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { lintRules } from '../../../shared/rules/lint/lint.ts'
import type { RuleWarningCode } from '../../../shared/rules/lint/warning.ts'
import { shippedPacks } from '../../shipped-packs.ts'

function warningsOf(...bodies: readonly string[]) {
  const text = bodies.map((body, index) =>
    body.startsWith('// Signal') ? body : `// Signal: R${index} (info)\n${body}`,
  )
  const { rules, problems } = checkRules([{ file: 'a.rules', text: text.join('\n') }])
  expect(problems).toEqual([])
  return lintRules(rules).items
}

const WARNED: readonly (readonly [string, RuleWarningCode])[] = [
  ['x.where(home.region == user.region)', 'ambiguous-dotted-word'],
  ['x.where(home.region != user.region)', 'ambiguous-dotted-word'],
  ['x.where(path starts with user.home)', 'ambiguous-dotted-word'],
  ['trace.count(x.where(a == b.c)) > 2', 'ambiguous-dotted-word'],
  ['trace.all(x).where(a == b.c) and y', 'ambiguous-dotted-word'],
  ['when { x } always { y.where(a == b.c) }', 'ambiguous-dotted-word'],

  ['x.where(total == price and price > 3)', 'attribute-as-text'],
  ['x.where(total != price) and trace.sum(y, price) > 3', 'attribute-as-text'],
  ['x.where(total == price or tax < price * 2)', 'attribute-as-text'],

  ['x.where(currency == USD or EUR)', 'stray-value'],
  ['x.where(currency == "USD" or EUR)', 'stray-value'],
  ['x.where(amount > 5 and (currency == USD or EUR))', 'stray-value'],
  ['x.where(currency == USD or currency == EUR or GBP)', 'stray-value'],
  ['x.where(currency != USD and EUR)', 'stray-value'],
  ['x.where(not (currency == USD or EUR) and exists(currency))', 'stray-value'],
  ['a and (trace.root.name == checkout or cart)', 'stray-value'],

  ['x.where(not (currency == USD))', 'not-over-missing'],
  ['x.where(not currency == USD)', 'not-over-missing'],
  ['x.where(amount > 3 and not (retries in [1, 2]))', 'not-over-missing'],
  ['x.where(not (path matches "^/api"))', 'not-over-missing'],
  ['x.where(not (amount > 3 and amount < 5))', 'not-over-missing'],
  ['when { x } always { trace.all(y).where(not (tls == false)) }', 'not-over-missing'],

  ['x and (y or trace.count(x) < 0)', 'never-holds'],
  ['when { x } always { y } except when { z.where(a == 1 and a == 2) }', 'never-holds'],
  ['x and not y.where(a == 1 and a == 2)', 'never-holds'],

  ['x.where(a == 1 and a == 2)', 'never-fires'],
  ['x.where(a == 1).where(a == 2)', 'never-fires'],
  ['x.where(a > 5 and a < 3)', 'never-fires'],
  ['x.where(a > 5 and a <= 5)', 'never-fires'],
  ['x.where(5 < a and 3 > a)', 'never-fires'],
  ['x.where(a == USD and a != USD)', 'never-fires'],
  ['x.where(a in [b, c] and a in [d, e])', 'never-fires'],
  ['x.where(a in [b, c] and a not in [b, c, d])', 'never-fires'],
  ['x.where(a == 7 and a > 10)', 'never-fires'],
  ['x.where(a == "5" and a > 3)', 'never-fires'],
  ['x.where(a starts with "/api" and a starts with "/web")', 'never-fires'],
  ['x.where(a starts with "/api" and a == "/web")', 'never-fires'],
  ['x.where(exists(a) and not exists(a))', 'never-fires'],
  ['x.where(a > 1 and not exists(a))', 'never-fires'],
  ['x.where(a and not a)', 'never-fires'],
  ['x.where(a and a == false)', 'never-fires'],
  ['x.where(a < a)', 'never-fires'],
  ['x.where((a == 1 or a == 2) and a == 3)', 'never-fires'],
  ['x.where(a > 5 and not (a > 3))', 'never-fires'],
  ['x.where(span.duration < 0s)', 'never-fires'],
  ['x.where(span.duration > 5s and span.duration < 1s)', 'never-fires'],
  ['x.where(span.status == ok and span.status == error)', 'never-fires'],
  ['trace.count(x) < 0', 'never-fires'],
  ['trace.count(x) == -1', 'never-fires'],
  ['trace.count(x) == 1.5', 'never-fires'],
  ['trace.count(x) > 3 and trace.count(x) < 4', 'never-fires'],
  ['trace.count(x).by(k) < 1', 'never-fires'],
  ['trace.distinct(x, k) < 0', 'never-fires'],
  ['trace.spans < 1', 'never-fires'],
  ['trace.duration < 0s', 'never-fires'],
  ['trace.max(x, span.duration) < 0s', 'never-fires'],
  ['x and not x', 'never-fires'],
  ['trace.has(x).where(a > 1) and not trace.has(x)', 'never-fires'],
  ['x.where(a > 5) and not x.where(a > 3)', 'never-fires'],
  ['http.get and not trace.has(http.*)', 'never-fires'],
  ['x and trace.count(x) == 0', 'never-fires'],
  ['trace.all(x).where(a > 1) and x.where(not (a > 1) and exists(a))', 'never-fires'],
  ['when { x } always { x }', 'never-fires'],
  ['when { x } always { y } except when { x }', 'never-fires'],
  ['when { x.where(a > 5) } always { x.where(a > 3) }', 'never-fires'],
  ['when { not x } never { x.where(a == 1) }', 'never-fires'],

  ['not x', 'fires-without-names'],
  ['trace.all(x).where(a > 1)', 'fires-without-names'],
  ['trace.count(x) < 3', 'fires-without-names'],
  ['trace.count(x) == trace.count(y)', 'fires-without-names'],
  ['x or not y', 'fires-without-names'],
  ['not trace.has(http.*)', 'fires-without-names'],
  ['when { not x } always { y }', 'fires-without-names'],
  ['when { trace.all(x).where(tls) } always { y }', 'fires-without-names'],
]

/** Of spans by name: order, structure, binding. */
const WARNED_OF_NAMES: readonly (readonly [string, RuleWarningCode])[] = [
  ['has(pay) as charge and cart.where(cart.id == chrage.cart.id)', 'misspelt-bound-name'],
  ['has(pay) as charge and cart.where(chrage.amount > 5)', 'misspelt-bound-name'],
  ['has(pay) as charge and cart.where(id == charge.id and n < charges.n)', 'misspelt-bound-name'],

  ['pay and not cart before pay', 'unbound-order'],
  ['pay and not (cart starts before pay within 5s)', 'unbound-order'],
  ['pay and not (cart before pay or refund)', 'unbound-order'],
  ['when { pay } always { not (refund after pay) }', 'unbound-order'],

  ['db.query as q and db.query.where(sql == q.sql)', 'matches-itself'],
  ['db.query as q and trace.has(db.*).where(q.sql == attr(sql))', 'matches-itself'],
  ['db.query.where(slow) as q and db.query.where(slow).where(sql == q.sql)', 'matches-itself'],
  [
    'db.query.where(rows > 5) as q and db.query.where(rows > 3 and sql == q.sql and table == q.table)',
    'matches-itself',
  ],
  ['db.query as q and trace.count(db.query.where(sql == q.sql)) >= 1', 'matches-itself'],
  ['when { db.query as q } always { any.where(span.service == q.span.service) }', 'matches-itself'],
  ['when { db.query as q } never { db.query.where(sql == q.sql) }', 'matches-itself'],

  ['when { pay as p } always { p.ok } except when { test.run }', 'except-ignores-binding'],
  ['when { pay as p and cart as c } always { p.ok } except when { pay.where(amount < 5) }', 'except-ignores-binding'],

  ['db.query as q and retry.where(rows > q.rows)', 'unindexed-join'],
  ['db.query as q and retry.where(sql contains q.sql)', 'unindexed-join'],
  ['db.query as q and retry.where(slow and (rows < q.rows or cold))', 'unindexed-join'],
  ['db.query as q and trace.count(retry.where(rows - q.rows == 1)) > 3', 'unindexed-join'],
  ['db.query as q and retry.where(rows > q.rows) before q', 'unindexed-join'],
  ['db.query as q and retry.where(not (rows != q.rows) and exists(rows))', 'unindexed-join'],
  ['db.query as q and retry.event(failure).where(rows == q.rows)', 'unindexed-join'],
  ['db.query as q and retry as r and r.rows < q.rows', 'unindexed-join'],
  ['db.query as q and retry as r and q.rows + r.rows == 5', 'unindexed-join'],

  ['has(pay) as p and not pay', 'never-fires'],
  ['pay before cart and not cart', 'never-fires'],
  ['pay under cart and not trace.has(*)', 'never-fires'],
  ['has(pay) as p and p.amount > 5 and p.amount < 3', 'never-fires'],
  ['when { pay as p } always { p.ok } except when { not p.ok }', 'never-fires'],
  ['when { pay as p and not (p.currency == USD) } always { p.ok }', 'not-over-missing'],
  ['pay as p and p.where(not (currency == USD))', 'not-over-missing'],
  ['pay.event(exception).where(not (type == Timeout))', 'not-over-missing'],
  ['pay.event(exception).where(type == Timeout or Refused)', 'stray-value'],
  ['pay as p and p.where(a == b.c)', 'ambiguous-dotted-word'],
  ['pay or not (cart under pay)', 'fires-without-names'],
]

const RIGHT_OF_NAMES: readonly string[] = [
  'has(pay) as charge and cart.where(cart.id == charge.cart.id)',
  'has(pay) as charge and cart.where(attr(chrage.amount) > 5)',
  'has(pay) as p and cart.where(q.amount > 5)',
  'has(pay) as charge and cart.where(currency.code == charge.code)',
  'has(pay) as p and not cart before p',
  'has(pay) as p and not p after cart',
  'pay and cart before pay',
  'when { pay } never { refund before pay }',
  'pay and not (retry under pay)',
  'db.query as q and db.read.where(sql == q.sql)',
  'db.query as q and db.query.where(sql == q.text)',
  'db.query as q and db.query.where(sql != q.sql)',
  'db.query as q and db.query.where(slow and sql == q.sql)',
  'db.query as q and db.query.where(sql == q.sql) as r and r after q',
  'db.query as q and trace.count(db.query.where(sql == q.sql)) > 1',
  'db.query as q and db.query.where(sql == q.sql) before q',
  'when { pay as p } always { p.ok } except when { p.amount < 5 }',
  'when { pay as p } always { p.ok } except when { refund.where(id == p.id) }',
  'when { pay as p } always { p.ok } except when { test.run before p }',
  'when { pay as p and not test.run } always { p.ok }',
  'when { pay } always { cart } except when { test.run }',
  'db.query as q and retry.where(rows == q.rows and size > q.size)',
  'db.query as q and retry.where(rows != q.rows)',
  'db.query as q and retry.where(not (rows == q.rows) and exists(rows))',
  'db.query as q and retry.where(rows + 1 == q.rows * 2)',
  'db.query as q and retry.where(rows == q.rows or size == q.size)',
  'db.query as q and retry as r and r.rows == q.rows + 1',
  'db.query as q and retry as r and r.id == q.id and r.rows < q.rows',
  'db.query as q and retry.where(id == q.id) as r and r.rows < q.rows',
  'db.query as q and retry as r and r after q and r.rows < q.rows',
  'db.query as q and retry.where(q.rows * 2 == attr(rows))',
  'db.query as q and retry under q',
  'db.query as q and q.where(rows > size)',
  'db.query as q and q.rows > 5',
  'db.query as q and retry.where(rows > 5) before q',
  'has(pay) as p and p.amount > 5 and not (p.amount > 9)',
  'has(pay) as p and not (has(pay) as q and q after p)',
  'pay before cart and cart before pay',
  'when { pay as p } always { cart before p }',
  '(pay as p and p.ok) or (cart as p and not p.ok)',
  'pay and not (pay.event(exception).where(code == 5))',
]

/** Each is near to one that is warned of, and right as it is. */
const RIGHT: readonly string[] = [
  'x.where(home.region == "user.region")',
  'x.where(home.region == attr(user.region))',
  'x.where(model == gpt-4.1)',
  'x.where(a in [b.c, d.e])',
  'x.where(interval_ms < attempt.count * 100)',
  'x and trace.root.name == http.post',
  'x.where(total == attr(price) and price > 3)',
  'x.where(total == "price" and price > 3)',
  'x.where(state == open) and y.where(open == true)',
  'x.where(outcome == error) and y.where(error)',
  'x.where(span.status == error and error != 5)',
  'x.where(currency == USD or verified == true)',
  'x.where(currency == USD or order.verified)',
  'x.where(verified or currency == USD)',
  'x.where(currency == USD and verified)',
  'x.where(amount == 5 or verified)',
  'a and (trace.root.name == checkout or trace.has(cart))',
  'x.where(currency != USD)',
  'x.where(exists(currency) and not (currency == USD))',
  'x.where(not (exists(currency) and currency == USD))',
  'x.where(currency starts with U and not (currency == USD))',
  'x.where(not verified)',
  'x.where(not exists(currency))',
  'x.where(not (code == 101 or protocol == websocket))',
  'x.where(not (span.duration > 5s))',
  'x and not y.where(currency == USD)',
  'x.where(a == 1 or a == 2)',
  'x.where(a == 1 and b == 2)',
  'x.where(a == 1) and x.where(a == 2)',
  'x.where(a contains b and a contains c)',
  'x.where(a contains 1 and a contains b)',
  'x.where(a > 5 and a < 10)',
  'x.where(a >= 5 and a <= 5)',
  'x.where(a > 5 and a != 7)',
  'x.where(a starts with "/api" and a starts with "/api/v1")',
  'x.where(a starts with "/api" and a ends with ".js")',
  'x.where(a > 5 and not (a > 10))',
  'x.where(a < b)',
  'x.where(delta < 0)',
  'x.where(span.duration > 0s)',
  'trace.count(x) > 0',
  'trace.count(x) >= 1 and trace.count(x) <= 1',
  'trace.count(x) - trace.count(y) < 0',
  'trace.count(x).by(k) > 3 and trace.count(x).by(k) < 2',
  'trace.sum(x, amount) < 0',
  'trace.count(x) > 2 and not x.where(a == 1)',
  'x and not x.where(a == 1)',
  'x.where(a > 3) and not x.where(a > 5)',
  'x and not trace.has(y)',
  'http.get and not trace.has(https.*)',
  'x and trace.all(x).where(a > 1)',
  'when { x } always { y }',
  'when { x } always { x.where(a == 1) }',
  'when { x } never { trace.count(x) > 1 }',
  'x and trace.count(y) < 3',
  'trace.spans > 10000',
  'any.where(a > 1)',
  'trace.has(any) and not x',
  'not any.where(span.kind == server)',
  'trace.root.name == checkout and not x',
  'when { x } always { not y }',
  'when { x } always { trace.all(y).where(a > 1) }',
]

describe('a likely mistake gets one warning', () => {
  test.each([...WARNED, ...WARNED_OF_NAMES])('%s', (body, code) => {
    const warnings = warningsOf(body)
    expect(warnings.map((warning) => warning.code)).toEqual([code])
  })
})

describe('a correct rule gets no warning', () => {
  test.each([...RIGHT, ...RIGHT_OF_NAMES])('%s', (body) => {
    expect(warningsOf(body)).toEqual([])
  })
})

test('a warning says where it is, what of, and what to write', () => {
  expect(warningsOf('x.where(a > 1\n  and a == b.c)')).toEqual([
    {
      code: 'ambiguous-dotted-word',
      message: 'b.c is an attribute here, and the text "b.c" where a span lacks it',
      hint: 'write attr(b.c) for the attribute, or "b.c" for the text',
      range: { start: { offset: 46, line: 3, column: 12 }, end: { offset: 49, line: 3, column: 15 } },
      file: 'a.rules',
      rule: 'R0',
    },
  ])
})

describe('a rule that another one implies', () => {
  const implied = (...bodies: readonly string[]) => warningsOf(...bodies).map(({ rule, code }) => `${rule} ${code}`)

  test.each([
    ['the same twice', 'x and y', 'y and x', ['R1 implied-rule']],
    ['one more demand', 'x and y', 'x', ['R0 implied-rule']],
    ['a narrower filter', 'x.where(a > 5)', 'x.where(a > 3)', ['R0 implied-rule']],
    ['one of two alternatives', 'x', 'x or y', ['R0 implied-rule']],
    ['a name of a pattern', 'http.get', 'trace.has(http.*)', ['R0 implied-rule']],
    ['more of a count', 'trace.count(x) > 5', 'x', ['R0 implied-rule']],
    ['an invariant and its pattern', 'when { x } always { y }', 'x and not y', ['R1 implied-rule']],
    ['other spans', 'x', 'y', []],
    ['a filter neither narrower nor wider', 'x.where(a > 5)', 'x.where(b > 3)', []],
    ['a part in common', 'x and y', 'x and z', []],
  ])('%s', (_what, one, other, expected) => {
    expect(implied(one, other)).toEqual(expected)
  })

  test('is not a mistake where it is more severe', () => {
    expect(implied('// Signal: A (critical)\nx.where(a > 5)', '// Signal: B (high)\nx.where(a > 3)')).toEqual([])
    expect(implied('// Signal: A (low)\nx.where(a > 5)', '// Signal: B (high)\nx.where(a > 3)')).toEqual([
      'A implied-rule',
    ])
  })

  test('is not a mistake where the other one is only tried out', () => {
    expect(implied('x and y', '// Signal: B (info)\n// Mode: shadow\nx')).toEqual([])
  })
})

test('the rules that ship are warned of nothing', () => {
  expect(lintRules(checkRules(shippedPacks()).rules).items).toEqual([])
})

test('rules that all read the same are compared with some others, not with all', () => {
  const text = Array.from(
    { length: 200 },
    (_, i) => `// Signal: R${i} (info)\nx.where(a == ${i}) and not x.where(b == ${i})\n`,
  )
  const { rules } = checkRules([{ file: 'a.rules', text: text.join('') }])
  const started = performance.now()
  expect(lintRules(rules).items).toEqual([])
  expect(performance.now() - started).toBeLessThan(10_000)
})
