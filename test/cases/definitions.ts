import { type RuleCase, span } from './span-notation.ts'

const given = (name: string, rule: string, outcome: RuleCase['outcome'], ...spans: RuleCase['spans']): RuleCase => ({
  name,
  rule,
  spans,
  outcome,
})

/** `let` and `define`. */
export const definitions: readonly RuleCase[] = [
  given(
    'a name for a list',
    'let $pii = [users, cards]\ndb.where(table in $pii)',
    'violated',
    span('db', { table: 'cards' }),
  ),
  given(
    'a name for a list takes nothing else',
    'let $pii = [users, cards]\ndb.where(table in $pii)',
    'satisfied',
    span('db', { table: 'logs' }),
  ),
  given(
    'a list takes in named values and lists',
    'let $a = [1, 2]\nlet $b = 3\nx.where(n not in [$a, $b])',
    'satisfied',
    span('x', { n: 2 }),
    span('x', { n: 3 }),
  ),
  given(
    'a name for a duration',
    'let $limit = 5ms\nx.where(span.duration > $limit * 2)',
    'violated',
    span('x', {}, { endMs: 11 }),
  ),
  given('a name for a negative number', 'let $least = -3\nx.where(n == $least)', 'violated', span('x', { n: -3 })),
  given('a bare word is text', 'let $region = EU.west\nx.where(r == $region)', 'violated', span('x', { r: 'EU.west' })),
  given(
    'a name for a regular expression',
    'let $re = "^a+$"\nx.where(k matches $re)',
    'violated',
    span('x', { k: 'aa' }),
  ),
  given('a name for a count', 'let $most = 1\ntrace.count(x) > $most', 'satisfied', span('x')),
  given('a name for a condition', 'define charged = trace.has(charge)\nnot charged', 'violated', span('x')),
  given('a name for a condition stands in brackets', 'define ab = a or b\nab and c', 'satisfied', span('a')),
  given(
    'a definition takes in others',
    'let $n = 1\ndefine big = x.where(n > $n)\ndefine odd = big and not y\nwhen { odd } always { z }',
    'violated',
    span('x', { n: 2 }),
  ),
  given(
    'a defined condition is no span name',
    'define paid = trace.has(payment)\npaid and not trace.has(paid)',
    'violated',
    span('payment'),
  ),
  given(
    'a bracket on the next line begins the condition',
    'define paid = payment.charge\n(paid or b) and c',
    'violated',
    span('payment.charge'),
    span('c'),
  ),
]
