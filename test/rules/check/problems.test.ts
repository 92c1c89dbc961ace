import { describe, expect, it as test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'

/** A condition, and for each of its problems `CODE FIRST-LAST` columns (the last exclusive) and the hint. */
type Mistake = readonly [string, readonly (readonly [string, string])[]]

const MISTAKES: readonly Mistake[] = [
  [
    'trace.has(foo(x))',
    [
      [
        'unknown-function 11-14',
        'use one of trace.has, trace.count, trace.all, trace.sum, trace.min, trace.max, trace.avg, trace.distinct, exists, attr, num',
      ],
    ],
  ],
  ["trace.has('payment')", [['wrong-quotes 11-20', 'write "payment"']]],
  ['trace.has(/api/v1)', [['unquoted-pattern 11-18', 'write "/api/v1"']]],
  [
    'trace.has(not x)',
    [['not-a-value 11-16', 'write trace.has(…) for each name and combine them outside, or filter with .where(…)']],
  ],
  ['trace.has(a, b)', [['unexpected-text 14-15', 'write trace.has(…) once for each name, with "and" or "or" between']]],
  ['trace.has(5)', [['malformed-name 11-12', 'write "5" if a span is named so']]],
  ['trace.has("a" "b")', [['unexpected-text 15-16', 'put the whole text in one pair of quotes']]],
  ['trace.has(😀)', [['malformed-name 11-13', 'write "😀"']]],
  ['trace.has payment', [['missing-bracket 1-10', 'write trace.has(payment.charge)']]],
  ['NOT trace.has(x)', [['wrong-operator 1-4', 'write "not"']]],
  ['trace.has(x) and and trace.has(y)', [['missing-value 14-17', 'write a condition']]],
  ['and trace.has(x)', [['missing-value 1-4', 'write a condition']]],
  ['trace.has(x))', [['unexpected-text 13-14', 'remove it, or add the bracket that opens it']]],
  ['trace.has(x).where()', [['missing-value 19-21', 'write the condition of .where(…)']]],
  ['payment.where amount > 3', [['missing-bracket 8-14', 'write .where(amount > 1000)']]],
  ['trace.has(x).where', [['missing-bracket 14-19', 'write .where(amount > 1000)']]],
  ['trace.has(x).where(amount > > 5)', [['missing-value 27-28', 'write the value to compare after it']]],
  ['trace.has(x).where(amount > 1_000)', [['malformed-number 29-34', 'write 1000']]],
  ['trace.has(x).where(amount > .5)', [['malformed-number 29-31', 'write 0.5']]],
  ['trace.has(x).where(amount > 5.)', [['unexpected-text 30-31', 'write the number without the point']]],
  ['trace.has(x).where(amount == 10.0.0.1)', [['malformed-number 30-38', 'write "10.0.0.1" for text']]],
  ['trace.has(x).where(amount > 1e999)', [['malformed-number 29-34', 'write a number below 1e308']]],
  ['trace.has(x).where(amount > 10MB)', [['unknown-unit 29-33', 'write 10mb; for text write "10MB"']]],
  [
    'trace.has(x).where(amount == 5xx)',
    [['unknown-unit 30-33', 'use one of us ms s m h kb mb gb; for text write "5xx"']],
  ],
  ['trace.has(x).where(5 == amount)', [['kind-mismatch 20-31', 'write the attribute first: amount == …']]],
  [
    'trace.has(x).where(price * quantity == total)',
    [['kind-mismatch 20-45', 'write attr(total) for the attribute so named']],
  ],
  ['trace.has(x).where(a == b == c)', [['chained-comparison 27-29', 'write a == b and … == …']]],
  ['trace.has(x).where(a in [1, 2)', [['unclosed-bracket 25-26', 'add the "]" that belongs to it']]],
  [
    'trace.has(x).where(a in [1, b c])',
    [['unexpected-text 31-32', 'write an operator before it, or put the whole text in quotes']],
  ],
  ['trace.has(x).where(a in [1,])', [['missing-value 27-28', 'write a fixed value for a list']]],
  ['trace.has(x).where(a in [5ms])', [['kind-mismatch 26-29', 'write a number in the unit of the attribute']]],
  [
    'trace.has(x).where(a in [5 + 3])',
    [['not-a-value 26-31', 'write a fixed value for a list, such as a word, a number or text in quotes']],
  ],
  ['trace.has(x).where(a in [null])', [['null-comparison 26-30', 'write exists(key) or not exists(key)']]],
  ['trace.has(x).where(a notin [b])', [['wrong-operator 22-27', 'write "not in"']]],
  ['trace.has(x).where(a == null)', [['null-comparison 25-29', 'write not exists(a)']]],
  ['trace.has(x).where(null == a)', [['null-comparison 20-24', 'write exists(key) or not exists(key)']]],
  ['trace.has(x).where(a not contains "x")', [['wrong-operator 22-34', 'write not (a contains …)']]],
  ['trace.has(x).where(a not == 5)', [['wrong-operator 22-28', 'write not (a == …)']]],
  ['trace.has(x).where(a startsWith "x")', [['wrong-operator 22-32', 'write a starts with …']]],
  ['trace.has(x).where(a ilike "x%")', [['wrong-operator 22-27', 'write a matches "(?i)…"']]],
  ['trace.has(x).where(a !~ "x")', [['wrong-operator 22-24', 'write not (a matches …)']]],
  ['trace.has(x).where(a : 5)', [['wrong-operator 22-23', 'write a == …']]],
  ['trace.has(x).where(a CONTAINS "x")', [['wrong-operator 22-30', 'write a contains …']]],
  ['trace.has(x).where(a matches foo)', [['unquoted-pattern 30-33', 'write "foo"']]],
  ['trace.has(x).where(a matches b + c)', [['not-a-value 30-35', 'write the pattern in quotes after matches']]],
  [
    'trace.has(x).where(span.duration > 5 s)',
    [
      ['kind-mismatch 20-37', 'give the number a unit, as in 5ms'],
      ['missing-operator 38-39', 'write a unit right after its number: 5s'],
    ],
  ],
  ['trace.has(x).where(span.duration + 5 > 1s)', [['kind-mismatch 20-37', 'give the number a unit, as in 5ms']]],
  [
    'trace.has(x).where(span.duration * 1s > 1s)',
    [['kind-mismatch 20-38', 'multiply and divide durations by numbers only']],
  ],
  [
    'trace.has(x).where(5 / span.duration > 1)',
    [['kind-mismatch 20-37', 'multiply and divide durations by numbers only']],
  ],
  ['trace.has(x).where(num(span.duration) > 3)', [['kind-mismatch 24-37', 'leave num(…) out']]],
  [
    'trace.has(x).where(span.status == 500)',
    [['kind-mismatch 20-38', 'compare with unset, ok or error; a response code is an attribute']],
  ],
  ['trace.has(x).where(span.status == STATUS_CODE_ERROR)', [['unknown-value 35-52', 'write error']]],
  ['trace.has(x).where(span.status > ok)', [['kind-mismatch 20-36', 'compare with == or in [ … ]']]],
  ['trace.has(x).where(span.kind in [server, clent])', [['unknown-value 42-47', 'write client']]],
  ['trace.has(x).where(span.status)', [['not-a-condition 20-31', 'compare it, as in span.status == error']]],
  ['trace.has(x).where(span.name contains 5)', [['kind-mismatch 20-40', 'write the text after it in quotes']]],
  ['trace.has(x).where(span.duration contains "5")', [['kind-mismatch 20-46', 'compare it with == or <']]],
  ['trace.has(x).where(span.duration matches "5")', [['kind-mismatch 20-45', 'compare it with == or <']]],
  ['trace.has(x).where(a >= true)', [['kind-mismatch 20-29', 'compare with == or !=']]],
  ['trace.has(x).where(span == 3)', [['reserved-word 20-24', 'write "span" for a name or an attribute']]],
  ['trace.has(x).where(a == trace)', [['reserved-word 25-30', 'write "trace" for a name or an attribute']]],
  ['trace.has(x).where(trace.has(y))', [['trace-inside-where 20-32', 'write it outside, joined with "and"']]],
  ['trace.has(x).where(exists a)', [['missing-operator 27-28', 'write exists(a)']]],
  [
    'trace.has(x).where(exists(a) == true)',
    [['not-a-value 20-29', 'exists(…) is already true or false: leave the comparison out']],
  ],
  ['trace.has(x).where(attr(5) > 3)', [['not-a-value 25-26', 'write a word, or the key in quotes']]],
  ['trace.has(x).where("" > 3)', [['malformed-name 20-22', 'write the key between the quotes']]],
  [
    'trace.has(x).where(a == "x" + "y")',
    [
      ['kind-mismatch 25-28', 'write attr("x") for the attribute so named'],
      ['kind-mismatch 31-34', 'write attr("y") for the attribute so named'],
    ],
  ],
  ['trace.has(x).where(--a > 5)', [['missing-value 20-21', 'write a value']]],
  ['trace.has(x).where(a > 3, b > 4)', [['unexpected-text 27-32', 'write "and" or "or" between conditions']]],
  ['trace.has(x).where(.foo == 3)', [['unexpected-text 20-21', 'write the attribute without the leading point']]],
  [
    'trace.has(x).where((a == 1) == true)',
    [['not-a-value 21-27', 'conditions do not compare: combine them with and, or, not']],
  ],
  ['trace.has(x).where([a] == b)', [['not-a-value 20-23', 'compare with a list by in [ … ]']]],
  ['count(x) == "3"', [['kind-mismatch 1-16', 'write a number without quotes']]],
  ['count(x) contains 3', [['kind-mismatch 1-20', 'compare it with == or <']]],
  ['count(x) + 1', [['not-a-condition 1-13', 'compare it, or write "count(x) + 1" if a span is named so']]],
  ['trace.duration', [['not-a-condition 1-15', 'compare it, as in trace.duration > 5s']]],
  ['trace.duration > 5', [['kind-mismatch 1-19', 'give the number a unit, as in 5ms']]],
  ['trace.root.name', [['not-a-condition 1-16', 'compare it, as in trace.root.name == "GET /"']]],
  ['span.duration > 5s', [['attribute-outside-where 1-14', 'write any.where(span.duration …)']]],
  [
    'trace.all(x).where(a) > 3',
    [['not-a-value 1-22', 'count them with trace.count(…), or compare an attribute inside .where(…)']],
  ],
  ['trace.hsa(x)', [['unknown-function 1-10', 'did you mean trace.has(…)?']]],
  ['Trace.has(x)', [['unknown-method 7-10', 'write trace.has(…) without anything before it']]],
  ['trace.has(x).wher(a > 3)', [['unknown-method 14-18', 'did you mean .where(…)?']]],
  ['GET /x', [['not-a-condition 1-7', 'compare it, or write "GET /x" if a span is named so']]],
  ['http.*', [['unexpected-text 5-6', 'write a name with * inside trace.has(…)']]],
  ['trace.has(x) # comment', [['unexpected-text 14-15', 'start a comment with //']]],
  [
    'trace.has(x) /* comment */',
    [['unexpected-text 14-15', 'start a comment with // at the start of a line or after a space']],
  ],
  ['trace.has(x), trace.has(y)', [['unexpected-text 13-14', 'write "and" or "or" between conditions']]],
  [
    'x.where(a == http://foo)',
    [['unexpected-text 18-19', 'remove it, or put the text that holds it in quotes, as in "a:b"']],
  ],
  ['when { a, b } always { c }', [['unexpected-text 9-10', 'write "and" or "or" between conditions']]],
  ['WHEN { a } always { b }', [['unknown-block 1-5', 'write when { … }']]],
  [
    'when { a } always { b } trace.has(c)',
    [['unexpected-text 25-30', 'write an operator before it, or put the whole text in quotes']],
  ],
  ['when { a } always { b } }', [['unexpected-text 25-26', 'remove it, or add the bracket that opens it']]],
  ['when { a and } always { b }', [['missing-value 10-13', 'write a condition']]],
  ['{ .http.status = 500 }', [['unexpected-text 1-2', 'write when { … } always { … }, or ( … ) to group']]],
]

describe('a mistake in a condition', () => {
  test.each(MISTAKES)('is named with its fix: %s', (condition, expected) => {
    const { problems } = checkRules([{ file: 'a.rules', text: `// Signal: A (low)\n${condition}` }])
    const found = problems.map(({ code, range: { start, end }, hint }) => [
      `${code} ${start.column}-${end.column}`,
      hint,
    ])
    expect(found).toEqual(expected)
    expect(problems.every(({ range }) => range.start.line === 2)).toBe(true)
  })
})

test('every problem of every rule and file is reported at once', () => {
  const { problems, ruleCount, rules } = checkRules([
    {
      file: 'one.rules',
      text: `// Signal: A (hgh)
x.where(a && b || span.status == faild).where(c == null).where(latency_ms > 5s)

// Signal: B (low)
when { count(x) } always { y.where(z matches "(" and z in [a, null]) } never { }

// Signal: C (low)
c
`,
    },
    { file: 'two.rules', text: '// Signal: D (low)\nd or\n// Signal: A (low)\na' },
  ])
  const found = problems.map(
    ({ file, rule, code, range }) => `${file}:${range.start.line}:${range.start.column} ${rule} ${code}`,
  )
  expect(found).toEqual([
    'one.rules:1:15 A unknown-severity',
    'one.rules:2:11 A wrong-operator',
    'one.rules:2:16 A wrong-operator',
    'one.rules:2:34 A unknown-value',
    'one.rules:2:52 A null-comparison',
    'one.rules:2:64 A kind-mismatch',
    'one.rules:5:8 B not-a-condition',
    'one.rules:5:46 B invalid-regex',
    'one.rules:5:63 B null-comparison',
    'one.rules:5:78 B missing-condition',
    'two.rules:2:3 D missing-value',
    'two.rules:3:12 A duplicate-rule',
  ])
  expect(rules.map(({ name }) => name)).toEqual(['C'])
  expect(ruleCount).toBe(5)
})
