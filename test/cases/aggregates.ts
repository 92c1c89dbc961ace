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

const q = (statement: string, rest: RuleCase['spans'][number]['attributes'] = {}) => span('q', { statement, ...rest })

/** `.by(…)`. */
export const groups: readonly RuleCase[] = [
  given('some group is large enough', 'trace.count(q).by(statement) > 1', 'violated', q('a'), q('b'), q('a')),
  given('no group is large enough', 'trace.count(q).by(statement) > 1', 'satisfied', q('a'), q('b')),
  given('some group is small enough', 'trace.count(q).by(statement) == 1', 'violated', q('a'), q('b'), q('a')),
  given('not is of all groups', 'not trace.count(q).by(statement) > 1', 'violated', q('a'), q('b')),
  given('without spans there is no group', 'trace.count(q).by(statement) == 0', 'satisfied', span('x')),
  given('spans that lack a key are in no group', 'trace.count(q).by(table) > 0', 'satisfied', q('a'), q('b')),
  given(
    'several keys',
    'trace.count(q).by(statement, table) > 1',
    'satisfied',
    q('a', { table: 't' }),
    q('a', { table: 'u' }),
  ),
  given('keys differ by type', 'trace.count(q).by(n) > 1', 'satisfied', q('a', { n: 1 }), q('b', { n: '1' })),
  given(
    'an aggregate of a group',
    'trace.sum(q, rows).by(statement) > 5',
    'violated',
    q('a', { rows: 3 }),
    q('b', { rows: 3 }),
    q('a', { rows: 3 }),
  ),
  given(
    'groups compare with all spans',
    'trace.count(q).where(rows > 0).by(statement) > trace.count(q) / 2',
    'satisfied',
    q('a', { rows: 3 }),
    q('a', { rows: 0 }),
    q('b'),
  ),
  given(
    'a value of the span is a key',
    'trace.count(q).by(span.service) == 1',
    'violated',
    span('q', {}, { service: 'pay' }),
  ),
]
