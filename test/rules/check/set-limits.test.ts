import { expect, test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { reportUnusableRegexes } from '../../../shared/rules/check/regexes.ts'
import { MAX_SET_REGEX_COST, regexCost } from '../../../shared/rules/compile/regex.ts'
import { testsOf } from '../../../shared/rules/walk.ts'

const rulesText = (count: number, body: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `// Signal: R${index} (high)\n${body(index)}\n`).join('\n')

test('regular expressions of a set may cost so much together, and not one more', () => {
  const { rules } = checkRules([{ file: 'a.rules', text: '// Signal: R (high)\na.where(b matches "x")\n' }])
  const [matches] = testsOf(rules.flatMap(({ body }) => (body.kind === 'pattern' ? [body.condition] : [])))
  if (matches?.test.kind !== 'matches') throw new Error('the rule has no regular expression')
  const { test: one, of } = matches
  const patternOf = (index: number) => `${index}`.padStart(200, 'x')
  const most = Math.floor(MAX_SET_REGEX_COST / regexCost(patternOf(0)))
  const codes: string[] = []
  const pass = reportUnusableRegexes()
  for (let index = 0; index <= most; index++) {
    const pattern = patternOf(index)
    const report = () => codes.push(`regex-too-large of ${index}`)
    // The second time costs nothing.
    for (let times = 0; times < 2; times++) pass([{ test: { ...one, pattern }, of }], report)
  }
  expect(codes).toEqual([`regex-too-large of ${most}`, `regex-too-large of ${most}`])
})

test('definitions add a million parts to a set at most, and the rules before that are used', () => {
  const clauses = Array.from({ length: 150 }, (_, index) => `trace.has(a${index}).where(b == ${index})`).join(' and ')
  const text = rulesText(3000, (index) => (index === 0 ? `define big = ${clauses}\nbig` : `big and c${index}`))
  const { rules, problems, more } = checkRules([{ file: 'a.rules', text }])
  expect(rules.length).toBeGreaterThan(500)
  expect(rules.length + problems.length + more.count).toBe(3000)
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['expression-too-long']))
  expect(problems[0]?.message).toBe('definitions may add at most 1,000,000 parts of all rules of a set')
})
