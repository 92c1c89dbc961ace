import { describe, expect, it as test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'

function check(text: string) {
  const { problems, ...rest } = checkRules([{ file: 'a.yaml', text }])
  const places = problems.map(({ code, range, hint }) => [`${code} ${range.start.line}:${range.start.column}`, hint])
  return { ...rest, problems, places }
}

describe('a pack', () => {
  test('holds rules with everything a rule file can say', () => {
    const { rules, problems, ruleCount } = check(`# a pack
rules:
  - id: no-unvalidated-charge
    name: Charge without validation
    description: every charge follows a validation
    severity: critical
    condition: trace.has(payment.charge) and not trace.has(cart.validate)
    tags: [payments, "soc2:cc6.1"]
    runbook: https://runbooks.example/payments
    owner: payments
    mode: shadow
  - {id: B, severity: low, condition: 'when { a } never { b }', tags: "x, y"}
`)
    expect(problems).toEqual([])
    expect(ruleCount).toBe(2)
    expect(rules).toMatchObject([
      {
        name: 'no-unvalidated-charge',
        severity: 'critical',
        metadata: {
          description: 'Charge without validation: every charge follows a validation',
          tags: ['payments', 'soc2:cc6.1'],
          runbook: 'https://runbooks.example/payments',
          owner: 'payments',
          mode: 'shadow',
        },
        text: 'trace.has(payment.charge) and not trace.has(cart.validate)',
      },
      { name: 'B', severity: 'low', metadata: { tags: ['x', 'y'], mode: 'live' }, body: { kind: 'invariant' } },
    ])
  })

  test('says the same as a rule file', () => {
    const [packed] = check('rules: [{id: A, severity: low, condition: "payment.where(a == \\"b\\")"}]').rules
    const [plain] = checkRules([
      { file: 'a.rules', text: '// Signal: A (low)\ntrace.has(payment).where(a == b)' },
    ]).rules
    expect(packed?.revision).toBe(plain?.revision)
  })

  const rule = (condition: string) =>
    `rules:\n  - id: A\n    severity: low\n    condition: ${condition}\n    tags: [x]\n`

  test.each([
    ['plain', 'trace.has(a) && b', '4:29'],
    ['plain over lines', 'trace.has(a)\n      and   b\n      || c', '6:7'],
    ['single quotes', `'x.where(a == "b") && trace.has(c)'`, '4:35'],
    ['single quotes doubled', `'x.where(a == "it''s") && c'`, '4:39'],
    ['double quotes', '"x.where(a == 1) && c"', '4:33'],
    ['double quotes with escapes', '"x.where(a == \\"b\\" and \\u0063 == \\x64) && \\U0001F600"', '4:56'],
    ['double quotes with an escape at the start of a line', '"x and\n      \\x79 && v"', '5:12'],
    ['double quotes with an escape behind a continued line', '"x and \\\n      \\x79 && v"', '5:12'],
    ['double quotes over lines', '"x and y\n\n      and z   \\\n      and w && v"', '7:13'],
    ['a literal block', '|\n      trace.has(a)\n\n        and b // c\n        && c\n', '8:9'],
    ['a literal block that keeps its end', '|+\n       a\n       && c\n\n', '6:8'],
    ['a literal block with a digit', '|2\n        a\n       && c\n', '6:8'],
    ['a folded block', '>-\n      trace.has(a)\n      and b\n\n      && c\n', '8:7'],
    ['an anchor', '&first "a && c"', '4:26'],
  ])('tells where in the file a problem stands: %s', (_style, condition, place) => {
    expect(check(rule(condition)).places).toContainEqual(
      [`wrong-operator ${place}`, 'write "and"'].map((text) =>
        place === '6:7' ? text.replace('"and"', '"or"') : text,
      ),
    )
  })

  test('tells the place with CRLF line ends and a byte order mark', () => {
    const text = `\uFEFF${rule('|\n      a\n      && c\n')}`.replaceAll('\n', '\r\n')
    expect(check(text).places).toEqual([['wrong-operator 6:7', 'write "and"']])
  })

  test('takes aliases for values, each looked at once', () => {
    const text = `rules:
  - {id: A, severity: &severity high, condition: &condition trace.has(a), tags: &tags [x]}
  - {id: B, severity: *severity, condition: *condition, tags: *tags}
`
    expect(check(text)).toMatchObject({
      problems: [],
      rules: [{ name: 'A' }, { name: 'B', severity: 'high', metadata: { tags: ['x'] } }],
    })
  })

  test('takes an alias for the anchor last set before it, however many there are', () => {
    const item = (index: number) =>
      `  - {id: A${index}, severity: low, condition: a, tags: ${index % 2 ? '*tags' : `&tags [t${index}]`}}\n`
    const started = performance.now()
    const { rules } = check(`rules:\n${Array.from({ length: 2000 }, (_, index) => item(index)).join('')}`)
    expect(rules.map(({ metadata }) => metadata.tags).slice(-2)).toEqual([['t1998'], ['t1998']])
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('is not slowed down by aliases of aliases', () => {
    const levels = Array.from({ length: 40 }, (_, level) => `&l${level + 1} [${`*l${level}, `.repeat(9)}]`)
    const started = performance.now()
    const { problems } = check(
      `rules:\n  - id: A\n    severity: low\n    condition: trace.has(a)\n    tags: [&l0 x, ${levels.join(', ')}]\n`,
    )
    expect(problems).toMatchObject([{ code: 'malformed-pack' }])
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test.each([
    ['', 'malformed-pack 1:1', 'write rules: and below it one item a rule'],
    ['rules: 5', 'malformed-pack 1:8', 'write rules: and below it one item a rule'],
    ['rules: *missing', 'malformed-pack 1:8', 'write rules: and below it one item a rule'],
    ['rules: []', 'malformed-pack 1:8', 'add a rule with id, severity and condition'],
    ['rules:\n  - trace.has(a)', 'malformed-pack 2:5', 'write id, severity and condition'],
    ['- id: A', 'malformed-pack 1:1', 'write rules: and below it one item a rule'],
    ['rules: [{severity: low, condition: a}]', 'malformed-pack 1:9', 'add id: …'],
    ['rules: [{id: A, condition: a}]', 'malformed-pack 1:9', 'add severity: …'],
    ['rules: [{id: A, severity: low}]', 'malformed-pack 1:9', 'add condition: …'],
    ['rules: [{id: A}]', 'malformed-pack 1:9', 'add severity: …, condition: …'],
    ['rules: [{id: A, severity: low, condition: ""}]', 'malformed-pack 1:9', 'add condition: …'],
    ['rules: [{id: A, severity: low, condition: [a]}]', 'malformed-pack 1:43', 'put it in quotes'],
    ['rules: [{id: 5, severity: low, condition: a}]', 'malformed-pack 1:14', 'put it in quotes'],
    ['rules: [{id: a b, severity: low, condition: a}]', 'malformed-name 1:14', 'write a_b'],
    ['rules: [{id: A, severity: urgent, condition: a}]', 'unknown-severity 1:27', 'write critical'],
    ['rules: [{id: A, severity: low, condition: a, mode: of}]', 'malformed-metadata 1:52', 'write live or shadow'],
    [
      'rules: [{id: A, severity: low, condition: a, tags: {b: c}}]',
      'malformed-pack 1:52',
      'write tags: [payments, soc2:cc6.1]',
    ],
    ['rules: [{id: A, severity: low, condition: a, tag: b}]', 'malformed-pack 1:46', 'did you mean "tags"?'],
    [
      'rules: [{id: A, severity: low, condition: a, foo: b}]',
      'malformed-pack 1:46',
      'use only id, name, description, severity, condition, tags, runbook, owner, mode, wait, group, alert',
    ],
    ['rule: [{id: A, severity: low, condition: a}]', 'malformed-pack 1:1', 'did you mean "rules"?'],
  ])('reports what is no pack: %s', (text, place, hint) => {
    expect(check(text).places[0]).toEqual([place, hint])
    expect(check(text).rules).toEqual([])
  })

  test.each([
    ['rules: [{id: A', 1],
    ['rules:\n  - id: "A', 2],
    ['rules:\n  - id: A\n   severity: low', 3],
    ['rules: [{id: A, id: B}]', 1],
    ['a: 1\n---\nb: 2', 2],
    ['rules: !odd [a]', 1],
    [`rules: ${'['.repeat(50_000)}`, 1],
    [`rules:\n${'- '.repeat(50_000)}a`, 2],
  ])('reports what is no YAML, at its line: %#', (text, line) => {
    const { problems } = check(text)
    expect(problems[0]).toMatchObject({ code: 'malformed-yaml', range: { start: { line } } })
  })

  test('reads the other rules where one has problems', () => {
    const { rules, ruleCount, places } = check('rules:\n  - {id: A}\n  - {id: B, severity: low, condition: b}\n  - 5\n')
    expect(rules.map(({ name }) => name)).toEqual(['B'])
    expect(ruleCount).toBe(3)
    expect(places.map(([place]) => place)).toEqual(['malformed-pack 2:5', 'malformed-pack 4:5'])
  })
})
