import { type RuleCase, span } from './span-notation.ts'

const given = (name: string, rule: string, outcome: RuleCase['outcome'], ...spans: RuleCase['spans']): RuleCase => ({
  name,
  rule,
  spans,
  outcome,
})
const x = (n: RuleCase['spans'][number]['attributes'][string], startMs = 0) => span('x', { n }, { startMs })

/** sum, min, max, avg, distinct. */
export const aggregates: readonly RuleCase[] = [
  given('a sum of an attribute', 'trace.sum(x, n) == 6', 'violated', x(1), x(2), x(3)),
  given(
    'a sum takes filters inside and after',
    'sum(x.where(n > 1), n).where(n < 3) == 2',
    'violated',
    x(1),
    x(2),
    x(3),
  ),
  given('a sum leaves out what is no number', 'trace.sum(x, n) == 1', 'violated', x(1), x('5'), x(true), span('x')),
  given('a sum reads numeric text with num', 'trace.sum(x, num(n)) == 6', 'violated', x(1), x('5')),
  given('a sum of a calculation', 'trace.sum(x, n * 2 + 1) == 8', 'violated', x(1), x(2)),
  given('the sum of nothing is 0', 'trace.sum(x, n) == 0', 'violated', span('y')),
  given('the max of nothing is missing', 'not (trace.max(x, n) < 5) and trace.max(x, n) != 5', 'satisfied', span('y')),
  given('a sum of int64 is exact', 'trace.sum(x, n) == 9223372036854775810', 'violated', x(9223372036854775807n), x(3)),
  given(
    'a sum of doubles does not depend on the order of spans',
    'trace.sum(x, n) != trace.sum(y, n)',
    'satisfied',
    ...[0.1, 0.2, 0.3].map((n, i) => span('x', { n }, { startMs: i })),
    ...[0.3, 0.2, 0.1].map((n, i) => span('y', { n }, { startMs: i })),
  ),
  given('a min', 'trace.min(x, n) == -2', 'violated', x(1), x(-2)),
  given('a max', 'trace.max(x, n) > 1', 'satisfied', x(1), x(-2)),
  given('an average', 'trace.avg(x, n) == 1.5', 'violated', x(1), x(2)),
  given('a duration', 'trace.max(x, span.duration) > 9ms', 'violated', x(1)),
  given('an average of durations', 'trace.avg(x, span.duration) > 10ms', 'satisfied', x(1), x(2)),
  given('distinct values', 'trace.distinct(x, n) == 2', 'violated', x('a'), x('b'), x('a'), span('x')),
  given('distinct values differ by type', 'trace.distinct(x, n) == 3', 'violated', x('1'), x(1), x(true)),
  given(
    'aggregates calculate with each other',
    'trace.sum(x, n) / trace.count(x) == trace.avg(x, n)',
    'violated',
    x(1),
    x(4),
  ),
]
