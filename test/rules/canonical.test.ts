import { describe, expect, it } from 'vitest'
import { canonicalBody } from '../../shared/rules/canonical.ts'
import { checkRules } from '../../shared/rules/check.ts'

function read(body: string) {
  const { rules, problems } = checkRules([{ file: 'a.rules', text: `// Signal: A (low)\n${body}` }])
  expect(problems).toEqual([])
  const [rule] = rules
  if (rule === undefined) throw new Error(`not read: ${body}`)
  return rule
}

describe('the canonical form', () => {
  it.each([
    ['payment', 'trace.has("payment")'],
    ['any.where((a))', 'trace.has(any).where(attr("a"))'],
    ['has(http.*)', 'trace.has(http.*)'],
    ['"say \\"hi\\"\\n"', 'trace.has("say \\"hi\\"\\n")'],
    [
      '(a and (b and c)) or (d or e)',
      'trace.has("a") and trace.has("b") and trace.has("c") or trace.has("d") or trace.has("e")',
    ],
    ['not (a or b) and (c or d)', 'not (trace.has("a") or trace.has("b")) and (trace.has("c") or trace.has("d"))'],
    ['not not a', 'not not trace.has("a")'],
    ['count(a.where(b == EU)).where(c) > 1', 'trace.count("a").where(attr("b") == "EU").where(attr("c")) > 1'],
    ['all(a).where(b in [c, "d", -1, 2.50, true])', 'trace.all("a").where(attr("b") in ["c", "d", -1, 2.5, true])'],
    ['x.where(a == b.c)', 'trace.has("x").where(attr("a") == b.c)'],
    [
      'x.where(a + b * (c - d) - (e - f) > -(g + 1))',
      'trace.has("x").where(attr("a") + attr("b") * (attr("c") - attr("d")) - (attr("e") - attr("f")) > -(attr("g") + 1))',
    ],
    ['x.where(resource.k-1 == num("a b"))', 'trace.has("x").where(resource.k-1 == num(attr("a b")))'],
    [
      'x.where(span.duration > 1500us or span.duration < 0.5us or span.duration == 2m)',
      'trace.has("x").where(span.duration > 1.5ms or span.duration < 0.5us or span.duration == 2m)',
    ],
    ['x.where(exists(a) and a matches "\\d")', 'trace.has("x").where(exists(attr("a")) and attr("a") matches "\\\\d")'],
    [
      'when { a } never { b } except when { c } always { d }',
      'when { trace.has("a") } always { trace.has("d") } never { trace.has("b") } except when { trace.has("c") }',
    ],
  ])('of %s', (body, canonical) => {
    expect(canonicalBody(read(body).body)).toBe(canonical)
    expect(canonicalBody(read(canonical).body)).toBe(canonical)
  })
})

describe('a revision', () => {
  const revision = (body: string) => read(body).revision

  it.each([
    ['trace.has(a).where(b == EU)', 'a . where(b == "EU")'.replace(' . ', '.')],
    ['a and b and c', '(a and b) and // why\n c'],
    ['x.where(a > 1000)', 'x.where(a > 1kb)'],
    ['x.where(span.duration > 1000ms)', 'x.where(span.duration > 1s)'],
    ['when { a } always { b } never { c }', 'when { a } never { c } always { b }'],
  ])('is the same for %s and %s', (one, other) => {
    expect(revision(one)).toBe(revision(other))
  })

  it.each([
    ['a', '"A"'],
    ['trace.has(*)', 'trace.has("*")'],
    ['trace.has(any)', 'trace.has("any")'],
    ['x.where(a == b.c)', 'x.where(a == "b.c")'],
    ['x.where(a == 1)', 'x.where(a == "1")'],
    ['x.where(a == 9007199254740993)', 'x.where(a == 9007199254740992)'],
    ['x.where(a - b - c > 0)', 'x.where(a - (b - c) > 0)'],
    ['x.where(a)', 'x.where(resource.a)'],
    ['x.where(a).where(b)', 'trace.all(x.where(a)).where(b)'],
    ['a and b', 'b and a'],
    ['when { a } always { b }', 'when { a } never { b }'],
  ])('differs for %s and %s', (one, other) => {
    expect(revision(one)).not.toBe(revision(other))
  })

  it('is 32 hex digits', () => {
    expect(revision('a')).toMatch(/^[0-9a-f]{32}$/)
  })
})
