import { describe, expect, test } from 'vitest'
import type { CheckedRule } from '../../../shared/rules/ast.ts'
import { exerciseOf } from '../../../shared/rules/blind/exercise.ts'
import { withinServices } from '../../../shared/rules/blind/within-services.ts'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { judge } from '../../../shared/rules/judge/judge.ts'
import { printCondition } from '../../../shared/rules/print/print.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'
import { type TestSpan, TRACE_ID, tracesData } from '../../pipeline/traces.ts'

function ruleOf(body: string): CheckedRule {
  const { rules, problems } = checkRules([{ file: 'r.rules', text: `// Signal: R (high)\n${body}\n` }])
  expect(problems).toEqual([])
  return rules[0] as CheckedRule
}

function exercise(body: string): string {
  const { body: derived } = exerciseOf(ruleOf(body), 'E')
  return derived.kind === 'pattern' ? printCondition(derived.condition) : ''
}

describe('a pattern is exercised', () => {
  test.each([
    ['where all but what it forbids holds', 'a.where(x > 1) and not b', 'trace.has(a).where(x > 1 or not exists(x))'],
    ['wherever the forbidding part stands', 'not b and a and c', 'trace.has(a) and trace.has(c)'],
    ['where all but the last part holds', 'a and a.where(lost > 0)', 'trace.has(a)'],
    [
      'by an open breaker, whether a request follows or not',
      's.where(state == open) and r',
      'trace.has(s).where(state == open or not exists(state))',
    ],
    ['where a span of any name has the value', 'any.where(x > 1) and not b', 'trace.has(any).where(x > 1)'],
    ['where the parts in brackets hold', '(a and b) and c', 'trace.has(a) and trace.has(b)'],
    ['by any span of its name', 'trace.has(api.request).where(retries > 3 and host == eu)', 'trace.has(api.request)'],
    [
      'by any span that has what it asks for, where it names no span',
      'trace.has(any).where(retries > 3 and host == eu)',
      'trace.has(any).where(exists(retries)).where(exists(host))',
    ],
    [
      'by any span that has one of the values',
      'trace.has(any).where(a == 1 or b == 2)',
      'trace.has(any).where(exists(a) or exists(b))',
    ],
    ['by every trace, where a value must be there', 'trace.has(any).where(not exists(a))', 'trace.has(any)'],
    ['by any span of the name, where only its state counts', 'a.where(span.status == error)', 'trace.has(a)'],
    ['by any value that it adds up', 'trace.sum(any, tokens) > 9', 'trace.has(any).where(exists(tokens))'],
    ['by any span with such an event', 'a.event(exception).where(type == Timeout)', 'trace.has(a).event(exception)'],
    ['by any span that could have the event', 'a.event(exception)', 'trace.has(a)'],
    ['by any span that it counts', 'trace.count(db.query) > 20', 'trace.has(db.query)'],
    ['by any span of one of its names', 'count(a) != count(b)', 'trace.has(a) or trace.has(b)'],
    ['by every trace, where a span must never be', 'debug.backdoor', 'trace.has(any)'],
    ['by every trace, where it names no span', 'trace.duration > 5s', 'trace.has(any)'],
    ['by every trace, where it only forbids', 'not a', 'trace.has(any)'],
    ['by any of its alternatives', '(a and not b) or c.where(x > 1)', 'trace.has(a) or trace.has(c)'],
    ['where a bound span is, if another decides', 'a as x and not b.where(k == x.k) before x', 'trace.has(a) as x'],
    [
      'where both are that must not be in this order',
      'b.where(x == 1) before a',
      'trace.has(b).where(x == 1) and trace.has(a)',
    ],
    ['where both are that must not be so placed', 'b under a', 'trace.has(b) and trace.has(a)'],
    ['where a span is, if the trace decides', 'checkout and trace.duration > 5s', 'trace.has(checkout)'],
  ])('%s', (_, body, expected) => {
    expect(exercise(body)).toBe(expected)
  })
})

test('an invariant is exercised where its when holds outside its exception', () => {
  expect(exercise('when { a } always { b } except when { c }')).toBe('trace.has(a) and not trace.has(c)')
  expect(exercise('when { a or d } always { b }')).toBe('trace.has(a) or trace.has(d)')
})

describe('within services', () => {
  const outcome = (rule: CheckedRule, spans: readonly TestSpan[]) => {
    const [verdict] = judge(compileRules([rule]), assembleTrace(TRACE_ID, [tracesData(spans)]))
    return verdict?.outcome
  }
  const cart = { name: 'a', id: 1, service: 'cart' }

  test('a rule judges only traces in which one of them took part', () => {
    const pattern = ruleOf('a')
    expect(outcome(withinServices(pattern, ['cart']), [cart])).toBe('violated')
    expect(outcome(withinServices(pattern, ['payment']), [cart])).toBe('satisfied')
    expect(outcome(withinServices(pattern, ['payment']), [cart, { name: 'b', id: 2, service: 'payment' }])).toBe(
      'violated',
    )
    const invariant = ruleOf('when { a } always { b }')
    expect(outcome(withinServices(invariant, ['cart']), [cart])).toBe('violated')
    expect(outcome(withinServices(invariant, ['payment']), [cart])).toBe('vacuous')
  })

  test('it keeps its name and revision, and is itself where no service is named', () => {
    const rule = ruleOf('a')
    expect(withinServices(rule, [])).toBe(rule)
    expect(withinServices(rule, ['cart'])).toMatchObject({ name: 'R', revision: rule.revision })
  })
})
