import fc from 'fast-check'
import { expect, it as test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { formatRules } from '../../../shared/rules/format/format.ts'
import { anyBody } from '../../reference/rules.ts'

const header = (name: string) => `// Signal: ${name} (low)\n`

function check(text: string, file = 'a.rules') {
  const { rules, problems } = checkRules([{ file, text }])
  return {
    rules: rules.map(({ name }) => name),
    revisions: rules.map(({ revision }) => revision),
    problems: problems.map(
      ({ code, rule, range: { start } }) => `${code} ${start.line}:${start.column} ${rule ?? '-'}`,
    ),
  }
}

test('a definition holds from where it stands to the end of the file', () => {
  const text = `let $n = 1\n${header('A')}x.where(n > $n and m > $m)\nlet $m = 2\n${header('B')}x.where(n > $n and m > $m)\n`
  expect(check(text)).toMatchObject({ rules: ['B'], problems: ['unknown-definition 3:24 A'] })
})

test('a definition ends with its file', () => {
  const files = [
    { file: 'a.rules', text: `define d = x\n${header('A')}d` },
    { file: 'b.rules', text: `${header('B')}d and count(y) > $n` },
  ]
  const { rules, problems } = checkRules(files)
  expect(rules.map(({ name }) => name)).toEqual(['A'])
  expect(problems.map(({ code, file }) => [code, file])).toEqual([['unknown-definition', 'b.rules']])
})

test('a rule has the revision of its text with definitions replaced', () => {
  const [defined, written] = check(
    `let $n = [1, 2]\ndefine d = x.where(n in $n) or y\n${header('A')}d and not d\n${header('B')}(x.where(n in [1, 2]) or y) and not (x.where(n in [1, 2]) or y)`,
  ).revisions
  expect(defined).toBe(written)
})

test('any condition may be defined', () => {
  fc.assert(
    fc.property(anyBody, (body) => {
      if (body.startsWith('when')) return
      const [defined, written] = check(`define d = ${body}\n${header('A')}not d\n${header('B')}not (${body})`).revisions
      expect(defined).toBe(written)
    }),
    { numRuns: 200, seed: 5 },
  )
})

test('a definition with a problem is reported once, and leaves out the rules that use it, not the others', () => {
  const text = `define d = a && b\n${header('A')}d\n${header('B')}c\ndefine e = x > 5\n${header('C')}not d and e`
  expect(check(text)).toMatchObject({
    rules: ['B'],
    problems: [
      'wrong-operator 1:14 -',
      'broken-definition 3:1 A',
      'attribute-outside-where 6:12 -',
      'broken-definition 8:5 C',
      'attribute-outside-where 8:11 C',
    ],
  })
})

test('a name is given once', () => {
  expect(check(`let $a = 1\nlet $a = 2\n${header('A')}x\ndefine $b = y\ndefine d = y\ndefine d = z`).problems).toEqual([
    'duplicate-definition 2:5 -',
    'malformed-name 5:8 -',
    'duplicate-definition 7:8 -',
  ])
})

test.each([
  [['let $x = 1'], 'missing-condition 2:1 A'],
  [['x.where(n in $a)', 'let $a = 1'], 'unknown-definition 2:14 A'],
  [['let $a = 1', 'x.where(n in $a)'], 'not-a-list 3:14 A'],
  [['let $a = [1]', 'x.where(n == $a)'], 'not-a-value 3:14 A'],
  [['let $a = 5', 'x.where(n matches $a)'], 'not-a-value 3:19 A'],
  [['let $a = 5s', 'x.where(n > $a)'], 'kind-mismatch 3:9 A'],
  [['let $a = 5', '$a and x'], 'not-a-value 3:1 A'],
  [['define d = x', 'd.where(n == 1)'], 'not-a-value 3:1 A'],
  [['let $a = ', 'define d = x', 'd'], 'missing-value 2:8 -'],
  [['define d = ', 'let $a = 1', 'x'], 'missing-value 2:10 -'],
  [['let $a = 2 * 3', 'x'], 'not-a-value 2:12 -'],
  [['let $a = count(x)', 'x'], 'not-a-value 2:15 -'],
  [['x', 'let $a = 1', 'and y'], 'unexpected-text 4:1 A'],
])('%j', (lines, problem) => {
  expect(check(header('A') + lines.join('\n')).problems).toContain(problem)
})

test('only definitions come before the first header', () => {
  expect(check(`let $a = 1\n payment\n${header('A')}x`).problems).toEqual(['condition-before-header 2:2 -'])
  expect(check(`let $a = 1\nwhen { x } always { y }\n${header('A')}x`).problems).toEqual([
    'condition-before-header 2:1 -',
  ])
})

const doubling = (count: number) =>
  ['define d0 = x', ...Array.from({ length: count }, (_, i) => `define d${i + 1} = d${i} and d${i}`)].join('\n')

test('definitions within each other stay within a bound of size', () => {
  expect(check(`${doubling(8)}\n${header('A')}d8`)).toMatchObject({ rules: ['A'], problems: [] })
  expect(check(`${doubling(40)}\n${header('A')}d40`).problems[0]).toMatch(/^expression-too-long/)
})

const nested = (count: number) =>
  ['define d1 = x', ...Array.from({ length: count - 1 }, (_, i) => `define d${i + 2} = not d${i + 1}`)].join('\n')

test('definitions within each other nest at most 64 levels deep', () => {
  expect(check(`${nested(64)}\n${header('A')}d64`)).toMatchObject({ rules: ['A'], problems: [] })
  expect(check(`${nested(64)}\n${header('A')}not d64`).problems).toEqual(['nesting-too-deep 66:1 A'])
})

test('in a pack a definition belongs to its condition', () => {
  const rule = (id: string, condition: string) => `  - {id: ${id}, severity: low, condition: "${condition}"}\n`
  const text = `rules:\n${rule('A', 'let $n = 1 x.where(n > $n)')}${rule('B', 'x.where(n > $n)')}`
  const { rules, problems } = check(text, 'a.yaml')
  expect(rules).toEqual(['A'])
  expect(problems).toEqual([expect.stringMatching(/^unknown-definition 3:\d+ B$/)])
})

test('definitions are laid out one a line, an empty line before and after the condition', () => {
  const written = `// the file\nlet  $a=[ 1,2 ] // why\n// above\ndefine d = x   or\ny\n${header('A')}let $b=-1\nd and x.where(n in $a)\ndefine e = d\n${header('B')}e`
  const expected = `// the file\nlet $a = [1, 2] // why\n// above\ndefine d = x or y\n\n${header('A')}let $b = -1\n\nd\n  and x.where(n in $a)\n\ndefine e = d\n\n${header('B')}e\n`
  expect(formatRules('a.rules', written)).toEqual({ text: expected })
  expect(formatRules('a.rules', expected)).toEqual({ text: expected })
})
