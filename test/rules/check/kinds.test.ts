import { describe, expect, it as test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'

function codes(body: string): readonly string[] {
  return checkRules([{ file: 'a.rules', text: `// Signal: A (low)\n${body}` }]).problems.map(({ code }) => code)
}

const VALUES = {
  attribute: ['amount', 'user.id', '"a b"', 'attr(x)', 'resource.x'],
  number: ['5', '-1.5', '2kb', 'num(x)', 'amount * 2', 'trace.spans', 'trace.services', 'span.duration / 1ms', 'a % 2'],
  duration: [
    '5s',
    'span.duration',
    'trace.duration',
    'attempt * 100ms',
    '2 * 1s',
    'span.duration - 5ms',
    '1h / 2',
    '5s % 2s',
    '-5s',
  ],
  text: ['span.name', 'span.status_message', 'span.service', 'trace.root.name', 'trace.root.service'],
}
type Known = keyof typeof VALUES

/** Kinds that may be equal, and be in order. */
const AGREE: Readonly<Record<Known, readonly Known[]>> = {
  attribute: ['attribute', 'number', 'text'],
  number: ['attribute', 'number'],
  duration: ['duration'],
  text: ['attribute', 'text'],
}

const pairs = (Object.keys(VALUES) as Known[]).flatMap((left) =>
  (Object.keys(VALUES) as Known[]).map((right) => [left, right] as const),
)

describe.each(['<', '>='])('values in order by %s', (operator) => {
  test.each(pairs)('%s and %s go together or are refused', (left, right) => {
    const mismatched = AGREE[left].includes(right) ? [] : ['kind-mismatch']
    for (const one of VALUES[left]) {
      for (const other of VALUES[right].filter((value) => !value.startsWith('"'))) {
        const body = `x.where(${one} ${operator} ${other})`
        const found = codes(body).filter((code) => code !== 'constant-condition')
        expect([body, found]).toEqual([body, mismatched])
      }
    }
  })
})

describe('in a comparison for equality', () => {
  test.each([
    [
      'an attribute equals anything but a duration',
      ['a == 5', 'a == EU', 'a == "x"', 'a == true', 'a == b.c', 'a != span.name', 'a == span.status'],
    ],
    [
      'statuses are unset, ok and error',
      ['span.status == ok', 'span.status != "error"', 'span.status in [unset, ok]', 'span.status == attr(x)'],
    ],
    [
      'kinds are those of OpenTelemetry',
      ['span.kind == server', 'span.kind not in [internal, client, producer, consumer, unspecified]'],
    ],
    [
      'a bare word is text beside text',
      ['span.name == checkout', 'span.service != checkout', 'trace.root.name == checkout'],
    ],
    ['numbers equal numbers', ['trace.spans == 5', 'a * 2 == 4', 'num(a) != 3']],
  ])('%s', (_law, bodies) => {
    for (const body of bodies) expect([body, codes(`x.where(${body})`)]).toEqual([body, []])
  })

  test.each([
    'span.duration == 5',
    'span.duration != timeout',
    'a == 5s',
    'a in [5s]',
    'span.status == 2',
    'span.status == true',
    'span.status in [1, 2]',
    'span.name == 5',
    'span.kind == 3',
    'a * 2 == "4"',
    'a * 2 == true',
    'num(a) == b',
    'trace.spans == many',
    'trace.services in [shop]',
    'span.duration in [5, 10]',
    'span.service in [5]',
  ])('%s is refused', (body) => {
    expect(codes(`x.where(${body})`)).toContain('kind-mismatch')
  })

  test.each([
    'span.status == Error',
    'span.status == failed',
    'span.status in [ok, err]',
    'span.kind == SERVER',
    'span.kind in ["SPAN_KIND_CLIENT"]',
  ])('%s is never so', (body) => {
    expect(codes(`x.where(${body})`)).toEqual(['unknown-value'])
  })
})

describe('in a comparison of text', () => {
  test.each([
    'a contains b',
    'a contains 5',
    'a contains true',
    'a contains "x"',
    'a starts with b.c',
    'span.name ends with x',
    'span.service contains attr(y)',
    'a matches "x"',
    'span.name matches "x"',
  ])('%s is read', (body) => {
    expect(codes(`x.where(${body})`)).toEqual([])
  })

  test.each([
    'a contains 5s',
    'a starts with 5',
    'a ends with true',
    'span.name contains 5',
    'span.duration starts with 5',
    'num(a) contains 5',
    'a * 2 matches "5"',
    'trace.spans matches "5"',
    'trace.services contains shop',
  ])('%s is refused', (body) => {
    expect(codes(`x.where(${body})`)).toEqual(['kind-mismatch'])
  })
})

describe('arithmetic', () => {
  test.each([
    '1s + 5',
    '5 - 1s',
    '1s * 1s',
    '5 / 1s',
    '5 % 1s',
    '1s % 5',
    'a + 1s',
    '"x" + 1',
    'a + "x"',
    'a * true',
    '-true',
    'span.name + 1',
    'span.status * 2',
    'num(1s)',
    'num(true)',
  ])('makes nothing of %s', (term) => {
    expect(codes(`x.where(b > ${term})`)).toContain('kind-mismatch')
  })

  test('reports each part that does not fit, once', () => {
    expect(codes('x.where(a > (1s + 5) * 2 + (3 - 1s))')).toEqual(['kind-mismatch', 'kind-mismatch'])
  })
})

describe('a value alone', () => {
  test.each([
    'span.duration',
    'span.status',
    'span.kind',
    'span.service',
    'span.name',
    'trace.duration',
    'trace.root.name',
  ])('%s is no condition', (value) => {
    expect(codes(`x.where(${value})`)).toEqual(['not-a-condition'])
  })

  test('an attribute is one', () => {
    expect(codes('x.where(a and not b.c or "d e" and attr(f) and resource.g)')).toEqual([])
  })
})

describe('in a plain condition', () => {
  test.each([
    ['amount > 5', ['attribute-outside-where']],
    ['exists(amount)', ['attribute-outside-where']],
    ['count(a) > limit', ['attribute-outside-where']],
    ['count(a) > limit * attr("b c")', ['attribute-outside-where', 'attribute-outside-where']],
    ['span.duration > 5s', ['attribute-outside-where']],
    ['resource.service.name == shop', ['attribute-outside-where']],
    ['"a b" in [c]', ['attribute-outside-where']],
    ['amount matches "x"', ['attribute-outside-where']],
    ['trace.duration > 5s and trace.spans * 2 > count(a) and exists(trace.root.name)', []],
  ])('%s gives %j', (body, expected) => {
    expect(codes(body)).toEqual(expected)
  })

  test.each(['1 == 1', '1 + 1 > 1', 'x.where(5s > 3s)', 'x.where(3 in [3])', 'x.where(num(5) > 3)'])(
    '%s says nothing',
    (body) => {
      expect(codes(body)).toEqual(['constant-condition'])
    },
  )
})

test('checks reach into blocks, groups, counts and filters inside brackets alike', () => {
  const bad = 'span.duration > 5'
  const bodies = [
    `when { a.where(${bad}) } always { not (b or c.where(${bad} or ${bad})) } except when { count(d.where(${bad})) > 1 }`,
    `trace.all(a.where(${bad})).where(${bad}) and count(b).where(${bad}) + count(c.where(${bad})) > 1`,
  ]
  expect(bodies.map((body) => codes(body).length)).toEqual([4, 4])
})
