import fc from 'fast-check'
import { expect, test } from 'vitest'
import { revisionOf } from '../../../shared/rules/print/canonical.ts'
import { printCondition } from '../../../shared/rules/print/print.ts'
import { boundBody } from '../../reference/bound-rules.ts'
import { anyBody, bodyOf, rulesOf } from '../../reference/rules.ts'

/** The condition of a pattern, printed. */
function printed(condition: string): string {
  const [rule] = rulesOf(condition)
  if (rule?.body.kind !== 'pattern') throw new Error('not a pattern')
  return printCondition(rule.body.condition)
}

test.each([
  ['payment.charge', 'trace.has(payment.charge)'],
  ['"GET /x"', 'trace.has("GET /x")'],
  ['a and (b or c) and not (not d)', 'trace.has(a) and (trace.has(b) or trace.has(c)) and not not trace.has(d)'],
  ['(a and b) or c', 'trace.has(a) and trace.has(b) or trace.has(c)'],
  [
    'x.where(a == EU and b == "E U").where(c != attr(d))',
    'trace.has(x).where(a == EU and b == "E U").where(c != attr("d"))',
  ],
  ['x.where("k-1" < b)', 'trace.has(x).where(attr("k-1") < b)'],
  ['x.where(a == attr(b, exact))', 'trace.has(x).where(a == attr("b", exact))'],
  ['x.where(exists(attr("k-1" , exact)))', 'trace.has(x).where(exists(attr("k-1", exact)))'],
  ['x.where(a - (b - c) * 2 > -(d))', 'trace.has(x).where(a - (b - c) * 2 > -d)'],
  ['x.where(span.duration > 1500ms)', 'trace.has(x).where(span.duration > 1.5s)'],
  ['x.where(span.duration > 7200s)', 'trace.has(x).where(span.duration > 2h)'],
  ['x.where(span.duration > 0.5us)', 'trace.has(x).where(span.duration > 0.5us)'],
  ['x.where(p matches "\\d+\\\\n")', 'trace.has(x).where(p matches "\\\\d+\\\\n")'],
  ['count(http.*.where(a == 1)) >= 2', 'trace.count(http.*).where(a == 1) >= 2'],
  [
    'sum(a.where(b), c * 2) > max(any, span.duration) / 1ms',
    'trace.sum(a, c * 2).where(b) > trace.max(any, span.duration) / 1ms',
  ],
  ['max(a, n).by(k, "k-1", span.service) > 1', 'trace.max(a, n).by(k, attr("k-1"), span.service) > 1'],
  ['distinct(a, "k-1") > 1', 'trace.distinct(a, attr("k-1")) > 1'],
  ['all(q.where(a)).where(b)', 'trace.all(q.where(a)).where(b)'],
])('%s is printed as %s', (condition, text) => {
  expect(printed(condition)).toBe(text)
})

test('an exact key is another rule than the key, whose revision stays what it was', () => {
  const revision = (filter: string) => revisionOf(bodyOf(`x.where(${filter})`))
  expect(revision('http.method == GET')).toBe(revision('attr("http.method") == GET'))
  expect(revision('http.method == GET')).not.toBe(revision('attr(http.method, exact) == GET'))
  expect(revision('attr(http.method,exact) == GET')).toBe(revision('attr("http.method", exact) == GET'))
})

test('what is printed reads back as the same condition', () => {
  fc.assert(
    fc.property(fc.oneof(anyBody, boundBody), (text) => {
      const body = bodyOf(text)
      if (body.kind !== 'pattern') return
      expect(revisionOf(bodyOf(printCondition(body.condition)))).toBe(revisionOf(body))
    }),
    { numRuns: 800, seed: 3 },
  )
})
