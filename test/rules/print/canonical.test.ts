import { describe, expect, it as test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { canonicalBody } from '../../../shared/rules/print/canonical.ts'
import { shippedPacks } from '../../shipped-packs.ts'

function read(body: string) {
  const { rules, problems } = checkRules([{ file: 'a.rules', text: `// Signal: A (low)\n${body}` }])
  expect(problems).toEqual([])
  const [rule] = rules
  if (rule === undefined) throw new Error(`not read: ${body}`)
  return rule
}

describe('the canonical form', () => {
  test.each([
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

const arm = (index: number) => `a${index} as p and b.where(x == p.x)`
const canonicalArm = (index: number, name: string) =>
  `trace.has("a${index}") as ${name} and trace.has("b").where(attr("x") == ${name}.attr("x"))`

describe('the canonical form of a rule that binds spans', () => {
  test.each([
    [[0, 1, 2, 3].map(arm).join(' or '), [0, 1, 2, 3].map((i) => canonicalArm(i, `s${i + 1}`)).join(' or ')],
    [
      [0, 1, 2, 3, 4, 5].map(arm).join(' or '),
      [0, 1, 2, 3, 4, 5].map((i) => canonicalArm(i, `s${i < 4 ? i + 1 : 1}`)).join(' or '),
    ],
    [
      `when { ${arm(0)} } always { ${arm(1).replaceAll('p', 'q')} } never { ${[2, 3, 4].map((i) => `not (${arm(i).replaceAll('p', 'q')})`).join(' and ')} }`,
      `when { ${canonicalArm(0, 's1')} } always { ${canonicalArm(1, 's2')} } never { not (${canonicalArm(2, 's3')}) and not (${canonicalArm(3, 's4')}) and not (${canonicalArm(4, 's2')}) }`,
    ],
    [
      'a as p and b.where(x == s1.x and y == p.y)',
      'trace.has("a") as s_1 and trace.has("b").where(attr("x") == s1.x and attr("y") == s_1.attr("y"))',
    ],
  ])('of %s', (body, canonical) => {
    expect(canonicalBody(read(body).body)).toBe(canonical)
    expect(canonicalBody(read(canonical).body)).toBe(canonical)
  })
})

/** Firing signals hang on revisions: a release may not change that of a rule whose meaning it leaves alone. */
describe('the revisions of rules that bind at most four spans', () => {
  test.each([
    ['trace.has(payment.charge) and not trace.has(cart.validate)', '558433b57c0156634f1889d63355124e'],
    ['a as p and b.where(x == p.x)', '5d72bc303e3166c5e520f272279d8c74'],
    [
      'when { a as p and b as q before p } never { c.where(x == q.x) as r or d as r under p }',
      'b8f4916a03d11331e9804a08de4b9d00',
    ],
  ])('stay: %s', (body, revision) => {
    expect(read(body).revision).toBe(revision)
  })

  test('stay for every rule that ships', () => {
    const { rules } = checkRules(shippedPacks())
    expect(rules.length).toBeGreaterThan(50)
    for (const { name, body } of rules) {
      const names = [...canonicalBody(body).matchAll(/ as (\w+)/g)].map(([, bound]) => bound)
      expect([name, names]).toEqual([name, names.map((_, index) => `s${index + 1}`)])
    }
  })
})

describe('a revision', () => {
  const revision = (body: string) => read(body).revision

  test.each([
    ['trace.has(a).where(b == EU)', 'a . where(b == "EU")'.replace(' . ', '.')],
    ['a and b and c', '(a and b) and // why\n c'],
    ['x.where(a > 1000)', 'x.where(a > 1kb)'],
    ['x.where(span.duration > 1000ms)', 'x.where(span.duration > 1s)'],
    ['when { a } always { b } never { c }', 'when { a } never { c } always { b }'],
  ])('is the same for %s and %s', (one, other) => {
    expect(revision(one)).toBe(revision(other))
  })

  test.each([
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

  test('is 32 hex digits', () => {
    expect(revision('a')).toMatch(/^[0-9a-f]{32}$/)
  })
})
