import { describe, expect, it as test } from 'vitest'
import { canonicalBody } from '../../../shared/rules/print/canonical.ts'
import { parseBody } from '../../../shared/rules/read/parse.ts'

const positionAt = (offset: number) => ({ line: 1, column: offset + 1, offset })

function canonical(text: string): string {
  const { body, problems, definitions } = parseBody(text, positionAt)
  expect([...problems, ...definitions.problems]).toEqual([])
  return body === undefined ? '' : canonicalBody(body)
}

function problemsOf(text: string): readonly string[] {
  const { problems, definitions } = parseBody(text, positionAt)
  return [...definitions.problems, ...problems].map(({ code, range }) => `${code} at ${range.start.column}`)
}

describe('order and structure', () => {
  test.each([
    ['a before b', 'trace.has("a") before trace.has("b")'],
    ['has(a) starts  after trace.has("b c") within 90s', 'trace.has("a") starts after trace.has("b c") within 90s'],
    ['not a.where(x == 1) under any', 'not trace.has("a").where(attr("x") == 1) under trace.has(any)'],
    ['a directly under b and c', 'trace.has("a") directly under trace.has("b") and trace.has("c")'],
    ['before before after', 'trace.has("before") before trace.has("after")'],
    ['let $t = 5s a before b within $t', 'trace.has("a") before trace.has("b") within 5s'],
  ])('%s is read', (text, expected) => expect(canonical(text)).toBe(expected))

  test.each([
    ['a before', ['missing-value at 3']],
    ['a before b before c', ['chained-comparison at 12']],
    ['a.where(x == 1) before b == 3', ['chained-comparison at 26']],
    ['a before (b or c)', ['not-a-span at 10']],
    ['trace.count(a) before b', ['not-a-span at 1']],
    ['a before 5', ['not-a-span at 10']],
    ['a within 5s', ['unexpected-text at 3']],
    ['a before b within 5', ['kind-mismatch at 19']],
    ['a before b within -5s', ['kind-mismatch at 19']],
    ['a under b within 5s', ['unexpected-text at 11']],
    ['any.where(a before b)', ['trace-inside-where at 13']],
    ['define charged = a charged before b', ['not-a-span at 20']],
  ])('%s is an error', (text, expected) => expect(problemsOf(text)).toEqual(expected))
})

describe('binding', () => {
  test.each([
    ['a as p and p.x == 1', 'trace.has("a") as s1 and s1.attr("x") == 1'],
    ['has(a).where(y) as p and p.where(x < 3)', 'trace.has("a").where(attr("y")) as s1 and s1.where(attr("x") < 3)'],
    ['a as p and b.where(k == p.k)', 'trace.has("a") as s1 and trace.has("b").where(attr("k") == s1.attr("k"))'],
    [
      'a as p and p before b and c under p',
      'trace.has("a") as s1 and s1 before trace.has("b") and trace.has("c") under s1',
    ],
    [
      'a as p before b.where(k == p.k) as q and p.x != q.x',
      'trace.has("a") as s1 and trace.has("b").where(attr("k") == s1.attr("k")) as s2 and s1 before s2 and s1.attr("x") != s2.attr("x")',
    ],
    [
      'a as p and p.span.duration > 1s and exists(p.resource.x)',
      'trace.has("a") as s1 and s1.span.duration > 1s and exists(s1.resource.x)',
    ],
    ['a as p and p.attr("user id") == p.id', 'trace.has("a") as s1 and s1.attr("user id") == s1.attr("id")'],
    ['a as p and p.ok and trace.has(p)', 'trace.has("a") as s1 and s1.attr("ok") and trace.has("p")'],
    ['payment as payment and payment.refunded', 'trace.has("payment") as s1 and s1.attr("refunded")'],
    [
      '(a as p and p.x or a as p and p.y)',
      'trace.has("a") as s1 and s1.attr("x") or trace.has("a") as s2 and s2.attr("y")',
    ],
    [
      'when { a as p } always { b as q and q before p } never { c as q and p before q }',
      'when { trace.has("a") as s1 } always { trace.has("b") as s2 and s2 before s1 } never { trace.has("c") as s3 and s1 before s3 }',
    ],
  ])('%s is read', (text, expected) => expect(canonical(text)).toBe(expected))

  test.each([
    ['p.x == 1 and a as p', ['unbound-name at 1']],
    ['a.where(p.x == 1) as p', ['unbound-name at 9']],
    ['not (a as p) and p.x == 1', ['unbound-name at 18']],
    ['a as p or p before b', ['unbound-name at 11']],
    ['when { x } always { a as p } never { p.x }', ['unbound-name at 38']],
    ['when { a as p } always { b as p }', ['duplicate-binding at 31']],
    ['a as p and not (b as p)', ['duplicate-binding at 22']],
    ['a as p and p', ['constant-condition at 12']],
    ['a as p and p before p', ['constant-condition at 14']],
    ['a as p and p == 1', ['not-a-value at 12']],
    ['a as p and b.where(k == p)', ['not-a-value at 25']],
    ['a as p and b.where(k in [p.k])', ['not-a-value at 26']],
    ['a as p and p.x before b', ['not-a-span at 12']],
    ['a as p and p.where(x) before b', ['not-a-span at 12']],
    ['a as p and p.trace.spans > 1', ['unknown-intrinsic at 12']],
    ['a as p and b.where(k > p.k-1)', ['ambiguous-word at 24']],
    ['a as p.q', ['malformed-name at 6']],
    ['a as when', ['reserved-word at 6']],
    ['trace.has(a as p)', ['misplaced-binding at 11']],
    ['trace.all(a).where(x) as p', ['misplaced-binding at 1']],
    ['(a or b) as p', ['misplaced-binding at 1']],
    ['a as p as q', ['misplaced-binding at 8']],
    ['trace.has(a) as', ['malformed-name at 14']],
    ['a as "p"', ['malformed-name at 3']],
    ['trace.has(a) AS p', ['wrong-operator at 14']],
    ['trace.has(a).as(p)', ['misplaced-binding at 14']],
    ['a as p.where(x == 1)', ['unexpected-text at 7']],
  ])('%s is an error', (text, expected) => expect(problemsOf(text)).toEqual(expected))

  test('takes four names, not five', () => {
    expect(problemsOf('a as p and b as q and c as r and d as s')).toEqual([])
    expect(problemsOf('when { a as p and b as q and c as r and d as s } always { e as t }')).toEqual([
      'too-many-names at 64',
    ])
  })

  test('gives one revision to rules that differ in the names alone', () => {
    expect(canonical('a as p and p.x == 1')).toBe(canonical('a as other and other.x == 1'))
  })

  test('keeps the names of a definition inside', () => {
    const retried = 'define retried = a as p and b.where(k == p.k)\n'
    const inside = (name: string) =>
      `trace.has("a") as ${name} and trace.has("b").where(attr("k") == ${name}.attr("k"))`
    expect(canonical(`${retried}a as p and retried and p.x and retried`)).toBe(
      `trace.has("a") as s1 and ${inside('s2')} and s1.attr("x") and ${inside('s3')}`,
    )
  })
})

describe('span events', () => {
  test.each([
    [
      'a.event(exception).where(exception.type == Timeout)',
      'trace.has("a").event("exception").where(attr("exception.type") == "Timeout")',
    ],
    [
      'a.where(x).event("e 1").event(any).where(y)',
      'trace.has("a").where(attr("x")).event("e 1").event(any).where(attr("y"))',
    ],
    ['count(a.event(e)).where(x) > 1', 'trace.count("a").where(attr("x")).event("e") > 1'],
    [
      'a as p and p.event(e).where(k == p.k)',
      'trace.has("a") as s1 and s1.event("e").where(attr("k") == s1.attr("k"))',
    ],
  ])('%s is read', (text, expected) => expect(canonical(text)).toBe(expected))

  test.each([
    ['a.event()', ['missing-value at 3']],
    ['a.event(x, y)', ['unexpected-text at 12']],
    ['a.event(x == 1)', ['not-a-value at 9']],
    ['trace.all(a).event(e)', ['unknown-method at 14']],
  ])('%s is an error', (text, expected) => expect(problemsOf(text)).toEqual(expected))
})
