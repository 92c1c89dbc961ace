import { expect, test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'

const RULES = `// Signal: PAYMENT_INVARIANT_VIOLATION (critical)
// Description: no charge without a validated cart
// Tags: soc2:cc6.1, payments
trace.has(payment.charge)
  and not trace.has(cart.validate)

// Signal: BROKEN (high)
trace.has(x) && trace.has(y)

// Signal: RETRIES (low)
when { count(retry) > 3 } always { alert.where(sent) } // a comment
`

test('a rule with a problem never stops the rules beside it', () => {
  const { rules, problems, ruleCount } = checkRules([{ file: 'shop.rules', text: RULES }])
  expect(ruleCount).toBe(3)
  expect(rules.map(({ name, severity }) => [name, severity])).toEqual([
    ['PAYMENT_INVARIANT_VIOLATION', 'critical'],
    ['RETRIES', 'low'],
  ])
  expect(rules[0]?.metadata).toEqual({
    description: 'no charge without a validated cart',
    tags: ['soc2:cc6.1', 'payments'],
    mode: 'live',
  })
  expect(problems).toMatchObject([
    {
      file: 'shop.rules',
      rule: 'BROKEN',
      code: 'wrong-operator',
      hint: 'write "and"',
      range: { start: { line: 8, column: 14 } },
    },
  ])
})

test('a revision tells meaning, not layout', () => {
  const revisionOf = (body: string) =>
    checkRules([{ file: 'a', text: `// Signal: A (low)\n${body}` }]).rules[0]?.revision
  expect(revisionOf('payment.where((a == EU)) // same')).toBe(revisionOf('trace.has(payment)\n  .where(a == "EU")'))
  expect(revisionOf('payment.where(a == EU)')).not.toBe(revisionOf('payment.where(a == US)'))
})
