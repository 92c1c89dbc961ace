import { describe, expect, test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { lintRules } from '../../shared/rules/lint/lint.ts'
import { sampled } from '../catalogue/sampled.ts'

const COUNT = 1100
/** Ten times what they take, at least: a set takes some 0.15 s, the slowest 1 s. */
const MOST_MS = 10_000

const letters = (index: number) =>
  index
    .toString(26)
    .padStart(3, '0')
    .replace(/\d/g, (digit) => 'qrstuvwxyz'[+digit] ?? '')
const rulesText = (body: (index: number) => string, name = (index: number) => `R${index}`) =>
  Array.from({ length: COUNT }, (_, index) => `// Signal: ${name(index)} (high)\n${body(index)}\n`).join('\n')
const packText = (condition: (index: number) => string) =>
  `rules:\n${Array.from({ length: COUNT }, (_, index) => `  - id: R${index}\n    severity: high\n    condition: |\n      ${condition(index)}\n`).join('')}`

const SAMPLE = sampled(
  Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [
      `pay.charge.${letters(index)}`,
      { [`key.${letters(index)}`]: 'string' } as const,
    ]),
  ),
  100,
)

const SETS: readonly (readonly [string, (index: number) => string])[] = [
  ['copies of one rule', () => 'pay.charge.where(amount > 1) and not fraud_check'],
  ['near copies of one rule', (index) => `pay.charge.where(amount > ${index}) and not fraud_check`],
  ['the narrowest first', (index) => `pay.charge.where(amount > ${COUNT - index})`],
  ['values of one attribute', (index) => `pay.charge.where(tenant.id == t${index})`],
  ['attributes of one span name', (index) => `pay.charge.where(k${index} == 1)`],
  ['absence beside one span', (index) => `pay.charge and not check.c${index}`],
  ['names that differ by a letter', (index) => `trace.has(pay.charge.${letters(index)}x)`],
  ['attributes that differ by a letter', (index) => `trace.has(pay.charge.qqq).where(key.${letters(index)}x == 1)`],
  ['patterns of names', (index) => `trace.has("*${letters(index)}*")`],
  ['many ways to hold', (index) => `x.where((a == ${index} or b == 2) and (c == 3 or d == 4) and (e == 5 or f == 6))`],
  ['expressions', (index) => `x.where(path matches "^/v[0-9]+/${index}/[a-z]{2,8}(foo|bar${index})?.*$")`],
  ['expressions to compile', (index) => `x.where(path matches "^\\\\pL{1,9}${index}$")`],
  ['attributes of patterns of names', (index) => `trace.has("*${letters(index)[0]}*").where(k${index} == 1)`],
  ['values of bound spans', (index) => `trace.has("pay.charge.qqq") as b and b.k${index} > 1`],
  ['attributes of any span', (index) => `trace.has(any.where(k${index} == 1))`],
  ['bound spans', (index) => `a as b and c.where(id${index} == b.id) before b`],
  ['definitions', (index) => `define d${index} = trace.has(a${index})\nd${index} and d${index >> 1}`],
]

describe(`checking and linting ${COUNT} rules takes no more than reading them a few times`, () => {
  test.each(SETS)('%s', (_what, body) => {
    const started = performance.now()
    const { rules, ruleCount } = checkRules([{ file: 'a.rules', text: rulesText(body) }])
    lintRules(rules, SAMPLE)
    expect(performance.now() - started).toBeLessThan(MOST_MS)
    expect([ruleCount, rules.length]).toEqual([COUNT, COUNT])
  })

  test('rules of a pack', () => {
    const started = performance.now()
    const { rules } = checkRules([{ file: 'a.yaml', text: packText((index) => `pay.charge.where(k${index} == 1)`) }])
    lintRules(rules)
    expect(performance.now() - started).toBeLessThan(MOST_MS)
    expect(rules).toHaveLength(COUNT)
  })
})

describe('of many problems the first 1,000 are kept, and all counted', () => {
  const BAD: readonly (readonly [string, string, string])[] = [
    ['syntax', 'a.rules', rulesText(() => 'trace.has(')],
    ['kinds', 'a.rules', rulesText(() => 'trace.has(a).where(span.duration == "t")')],
    ['expressions', 'a.rules', rulesText((index) => `x.where(path matches "(a+${index}")`)],
    ['syntax in a pack', 'a.yaml', packText(() => 'trace.has(')],
    ['items of a pack', 'a.yaml', `rules:\n${'  - {severity: high, condition: a}\n'.repeat(COUNT)}`],
  ]
  test.each(BAD)('%s', (_what, file, text) => {
    const started = performance.now()
    const { problems, more, ruleCount, rules } = checkRules([{ file, text }])
    expect(performance.now() - started).toBeLessThan(MOST_MS)
    expect([ruleCount, rules.length]).toEqual([COUNT, 0])
    expect([problems.length, more]).toEqual([1000, { count: COUNT - 1000, files: 1 }])
  })

  test('names that are taken', () => {
    const { problems, more, rules } = checkRules([
      {
        file: 'a.rules',
        text: rulesText(
          () => 'a',
          () => 'SAME',
        ),
      },
    ])
    expect([rules.length, problems.length, more]).toEqual([1, 1000, { count: COUNT - 1001, files: 1 }])
  })

  test('in the order of files and places, whichever file they are in', () => {
    const bad = (count: number, file: number) =>
      Array.from({ length: count }, (_, index) => `// Signal: F${file}_${index} (high)\ntrace.has(\n`).join('')
    const files = [700, 700, 1].map((count, index) => ({ file: `${index}.rules`, text: bad(count, index) }))
    const { problems, more } = checkRules(files)
    const places = problems.map(({ file, range }) => [file, range.start.offset] as const)
    const inOrder = places.toSorted(([a, at], [b, bt]) => a.localeCompare(b) || at - bt)
    expect(places).toEqual(inOrder)
    expect(problems).toHaveLength(1000)
    expect(more).toEqual({ count: 401, files: 2 })
  })
})

test('of many warnings the first 1,000 are kept, and all counted', () => {
  const { rules } = checkRules([{ file: 'a.rules', text: rulesText(() => 'a.where(x == USD or EUR)') }])
  const { items, more } = lintRules(rules)
  // Each is a stray value, and all but one are implied by the first.
  expect([items.length, more]).toEqual([1000, { count: 2 * COUNT - 1 - 1000, files: 1 }])
})
