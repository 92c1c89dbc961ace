import { describe, expect, test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'

/** `CODE at LINE:COLUMN: HINT` for each problem of a condition. */
function problemsOf(text: string): readonly string[] {
  const { problems } = checkRules([{ file: 'a.rules', text: `// Signal: EXAMPLE (low)\n${text}\n` }])
  return problems.map(({ code, range, hint }) => `${code} at ${range.start.line - 1}:${range.start.column}: ${hint}`)
}

describe('a number of traces over time', () => {
  test.each([
    ['trace.count(a) > 5 per minute', 'per minute', 20],
    ['trace.count(a) > 5 per 1m', 'per 1m', 20],
    ['trace.count(a) > 5 PER hour and b', 'PER hour', 20],
    ['trace.count(a) > 5 every 10s', 'every 10s', 20],
    ['trace.count(a) > 5 over 5m', 'over 5m', 20],
    ['trace.count(a) > 5 over the last 5 minutes', 'over the last 5 minutes', 20],
    ['trace.count(a) > 5 in 1m', 'in 1m', 20],
    ['trace.count(a) > 5 in the last hour', 'in the last hour', 20],
    ['trace.count(a) > 5 within 1m', 'within 1m', 20],
    ['trace.count(a) > 5/min', '/min', 19],
    ['any.where(retries > 5 per second)', 'per second', 23],
    ['when { a } never { trace.count(a) > 5 per day }', 'per day', 39],
  ])('%s is no business of a rule', (text, written, column) => {
    const hint = `leave "${written}" out to count within a trace; traces over time are counted by // Alert: 5 in 10m in the header`
    expect(problemsOf(text)).toEqual([`unexpected-text at 1:${column}: ${hint}`])
  })

  test.each([
    'a before b within 5s',
    'trace.has(a1) before trace.has(b2) within 5s',
    'a1 before b2 within 5s',
    'trace.has(v.1) before trace.has(v.2) within 5s',
    'trace.count(per) > 5',
    'any.where(in_use in [1, 2])',
    'trace.count(a) > 5 and minute',
  ])('%s is none', (text) => {
    expect(problemsOf(text)).toEqual([])
  })
})

test.each([
  ['trace.count(x) by k > 10', 'trace.count(x).by(k) > 10'],
  ['trace.count(x) by(k) > 10', 'trace.count(x).by(k) > 10'],
  ['trace.count(x) by (k) > 10', 'trace.count(x).by(k) > 10'],
  ['trace.count(x) > 10 by k', 'trace.count(x).by(k) > 10'],
  ['trace.count(x) group by k > 10', 'trace.count(x).by(k) > 10'],
  ['trace.count(x.where(a > 1)) by http.route >= 3', 'trace.count(x.where(a > 1)).by(http.route) >= 3'],
  ['sum(a, amount) by order.id > 10', 'sum(a, amount).by(order.id) > 10'],
])('%s is grouped by the method', (text, meant) => {
  expect(problemsOf(text).map((problem) => problem.replace(/^.*?: /, ''))).toEqual([`write ${meant}`])
  expect(problemsOf(meant)).toEqual([])
})

test.each([
  ['attributes["http.route"]', 'http.route'],
  ["attributes['http.route']", 'http.route'],
  ['span.attributes["http.route"]', 'http.route'],
  ['attributes["my key"]', 'attr("my key")'],
  ['tags["env"]', 'env'],
  ['resource["service.name"]', 'resource.service.name'],
  ['resource.attributes["service.name"]', 'resource.service.name'],
])('%s is the attribute %s', (written, meant) => {
  expect(problemsOf(`any.where(${written} == "x")`).map((each) => each.replace(/^.*?: /, ''))).toEqual([
    `write ${meant} instead of ${written}`,
  ])
  expect(problemsOf(`any.where(${meant} == "x")`)).toEqual([])
})

test.each([
  ['if a then b', '1:1'],
  ['IF a THEN b', '1:1'],
  ['if a\nthen b', '1:1'],
  ['if (a) then (b)', '1:1'],
  ['if a or b then c', '1:1'],
  ['if trace.count(a) > 1 then b', '1:1'],
])('%j is an invariant', (text, place) => {
  expect(problemsOf(text)).toEqual([`unknown-block at ${place}: write when { … } always { … }`])
})

test('a implies b is an invariant', () => {
  expect(problemsOf('a implies b')).toEqual(['wrong-operator at 1:3: write when { … } always { … }'])
})

test.each([
  ['when { a } always { b } within 2s', '1:25'],
  ['when { a }\nalways { b }\nwithin 2s', '3:1'],
  ['when { a } never { b } within 500ms', '1:24'],
])('%j limits no block', (text, place) => {
  const [problem, ...others] = problemsOf(text)
  expect(problem).toContain(`unexpected-text at ${place}: bind the span of when, and order it inside the block`)
  expect(others).toEqual([])
})

test.each([
  ['any.where(amount > 10,000)', '10000'],
  ['trace.count(a) > 10,000', '10000'],
  ['trace.count(a) > 1,000,000 and b', '1000000'],
  ['any.where(size > 1,234.5)', '1234.5'],
  ['any.where(amount in [10,000, 5])', '10000'],
  ['let $most = 10,000\na', '10000'],
])('%j has a number with separators', (text, meant) => {
  expect(problemsOf(text).map((each) => each.replace(/ at .*?: /, ': '))).toEqual([`malformed-number: write ${meant}`])
})

test.each(['any.where(amount in [10,200])', 'any.where(amount in [10, 000])', 'trace.max(a, 10 + x) > 1'])(
  '%s has numbers of a list',
  (text) => {
    expect(problemsOf(text)).toEqual([])
  },
)

test.each(['p99', 'p95', 'p99_9', 'trace.p50', 'percentile', 'quantile', 'trace.median', 'stddev'])(
  '%s(…) is answered with all aggregates',
  (name) => {
    const [problem, ...others] = problemsOf(`${name}(db.query, span.duration) > 1s`)
    expect(problem).toMatch(/trace\.sum, trace\.min, trace\.max, trace\.avg and trace\.distinct/)
    expect(others).toEqual([])
  },
)

test.each([
  ['any.where(duration > 1s)', 'write span.duration'],
  ['any.where(latency <= 500ms)', 'write span.duration'],
  ['trace.max(db.query, duration) > 1s', 'take span.duration'],
])('%s is about span.duration', (text, hint) => {
  expect(problemsOf(text)).toEqual([expect.stringContaining(hint)])
})

test('hostile text of phrases is read in time linear in its length', () => {
  const startedMs = performance.now()
  for (const phrase of ['trace.count(a) by ', 'if then ', '5 per minute ', 'a,000 ', 'x["k"] ', 'implies '])
    problemsOf(phrase.repeat(5_000))
  expect(performance.now() - startedMs).toBeLessThan(10_000)
})
