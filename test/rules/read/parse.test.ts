import { describe, expect, it as test } from 'vitest'
import type { Condition, Filter, Operand } from '../../../shared/rules/ast.ts'
import { parseBody } from '../../../shared/rules/read/parse.ts'
import { sourceOf } from '../../../shared/rules/read/source.ts'

function parse(text: string) {
  return parseBody(text, sourceOf(text).positionAt)
}

/** The condition of a pattern, which must read without a problem. */
function condition(text: string): Condition {
  const { body, problems } = parse(text)
  expect(problems).toEqual([])
  if (body?.kind !== 'pattern') throw new Error(`no pattern: ${text}`)
  return body.condition
}

function filter(text: string): Filter {
  const node = condition(`x.where(${text})`)
  const only = node.kind === 'has' ? node.selector.filters[0] : undefined
  if (only === undefined) throw new Error(`no filter: ${text}`)
  return only
}

function sides(test: Condition): readonly [Operand, Operand] {
  if (test.kind !== 'comparison') throw new Error(`no comparison: ${test.kind}`)
  return [test.left, test.right]
}

const right = (text: string) => sides(filter(text))[1]
const left = (text: string) => sides(filter(text))[0]

describe('a word after an operator', () => {
  test.each([
    ['a == EU', { kind: 'text', value: 'EU', quoted: false }],
    ['a != tenant-A', { kind: 'text', value: 'tenant-A' }],
    ['a contains application/json', { kind: 'text', value: 'application/json' }],
    ['a == gpt-4.1', { kind: 'text', value: 'gpt-4.1' }],
    ['a == v1.2', { kind: 'text', value: 'v1.2' }],
    ['a == (EU)', { kind: 'text', value: 'EU' }],
    ['a starts with user.region', { kind: 'attributeOrText', word: 'user.region' }],
    ['a == us-east.zone', { kind: 'attributeOrText', word: 'us-east.zone' }],
    ['a < limit', { kind: 'attribute', key: 'limit', from: 'any' }],
    ['a >= user.limit', { kind: 'attribute', key: 'user.limit' }],
    ['a == "user.region"', { kind: 'text', value: 'user.region', quoted: true }],
    ['a == attr(limit)', { kind: 'attribute', key: 'limit' }],
    ['a == attr("the limit")', { kind: 'attribute', key: 'the limit' }],
    ['a == resource.host.name', { kind: 'attribute', key: 'host.name', from: 'resource' }],
    ['a == span.service', { kind: 'intrinsic', name: 'span.service' }],
    ['a == true', { kind: 'boolean', value: true }],
    ['a == false', { kind: 'boolean', value: false }],
    ['a == trueish', { kind: 'text', value: 'trueish' }],
    ['a == not-found', { kind: 'text', value: 'not-found' }],
    ['a == or.else', { kind: 'attributeOrText', word: 'or.else' }],
    ['a == значение', { kind: 'text', value: 'значение' }],
  ])('in %s', (text, expected) => {
    expect(right(text)).toMatchObject(expected)
  })

  test('is text in a plain condition, which is not about a span', () => {
    expect(sides(condition('trace.root.name == http.post'))[1]).toMatchObject({ kind: 'text', value: 'http.post' })
  })

  test('is text in a list, dotted or not', () => {
    expect(filter('a in [EU, b.c, "d", -5, 1.5, true]')).toMatchObject({
      kind: 'membership',
      negated: false,
      items: [{ value: 'EU' }, { value: 'b.c' }, { value: 'd' }, { value: -5 }, { value: 1.5 }, { value: true }],
    })
  })
})

describe('the left of a comparison', () => {
  test.each([
    ['count == 1', { kind: 'attribute', key: 'count' }],
    ['content-type == 1', { kind: 'attribute', key: 'content-type' }],
    ['"a b" == 1', { kind: 'attribute', key: 'a b' }],
    ['attr(a, exact) == 1', { kind: 'attribute', key: 'a', exact: true }],
    ['attr("a b", exact) == 1', { kind: 'attribute', key: 'a b', exact: true }],
    ['num(attr(a, exact)) > 1', { kind: 'numberOf', operand: { kind: 'attribute', key: 'a', exact: true } }],
    ['attr(exact) == 1', { kind: 'attribute', key: 'exact' }],
    ['"span.duration" == 1', { kind: 'attribute', key: 'span.duration', from: 'any' }],
    ['span.duration > 1s', { kind: 'intrinsic', name: 'span.duration' }],
    ['name == 1', { kind: 'attribute', key: 'name' }],
    ['when.done == 1', { kind: 'attribute', key: 'when.done' }],
    ['-a > 1', { kind: 'negation', operand: { kind: 'attribute', key: 'a' } }],
    ['num("a b") > 1', { kind: 'numberOf', operand: { kind: 'attribute', key: 'a b' } }],
    ['"a b" * 2 > 1', { kind: 'arithmetic', left: { kind: 'attribute', key: 'a b' } }],
  ])('in %s', (text, expected) => {
    expect(left(text)).toMatchObject(expected)
  })
})

describe('numbers', () => {
  test.each([
    ['5', 5],
    ['-5', -5],
    ['- 5', -5],
    ['+5', 5],
    ['-0', 0],
    ['1e3', 1000],
    ['1.5e-3', 0.0015],
    ['99.99', 99.99],
    ['1.1kb', 1100],
    ['2.3gb', 2_300_000_000],
    ['3mb', 3_000_000],
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740992', 9_007_199_254_740_992n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['-9223372036854775808', -9_223_372_036_854_775_808n],
    ['18446744073709551615', 18_446_744_073_709_551_615n],
  ])('%s is exact', (text, value) => {
    expect(right(`a == ${text}`)).toMatchObject({ kind: 'number', value })
  })

  test.each([
    ['1us', 1e3],
    ['1.5ms', 1.5e6],
    ['2s', 2e9],
    ['0.1m', 6e9],
    ['1h', 3.6e12],
    ['-1s', -1e9],
    ['0.001us', 1],
  ])('%s is a duration in nanoseconds', (text, nanos) => {
    expect(right(`span.duration > ${text}`)).toMatchObject({ kind: 'duration', nanos })
  })
})

describe('text', () => {
  test.each([
    [String.raw`"a\"b"`, 'a"b'],
    [String.raw`"a\\b"`, String.raw`a\b`],
    [String.raw`"a\nb\tc"`, 'a\nb\tc'],
    [String.raw`"\d+\.\/"`, String.raw`\d+\.\/`],
    [String.raw`"\\\\d"`, String.raw`\\d`],
    ['"// no comment"', '// no comment'],
    ['"日本語 🌍"', '日本語 🌍'],
    ['""', ''],
  ])('%s', (text, value) => {
    expect(right(`a == ${text}`)).toMatchObject({ kind: 'text', value, quoted: true })
  })
})

describe('names', () => {
  test.each([
    ['trace.has(payment.charge)', { kind: 'exact', name: 'payment.charge' }],
    ['has(payment.charge)', { kind: 'exact', name: 'payment.charge' }],
    ['payment.charge', { kind: 'exact', name: 'payment.charge' }],
    ['"GET /users/*"', { kind: 'exact', name: 'GET /users/*' }],
    ['trace.has("")', { kind: 'exact', name: '' }],
    ['trace.has("\\n")', { kind: 'exact', name: '\n' }],
    ['trace.has(GET/users)', { kind: 'exact', name: 'GET/users' }],
    ['trace.has(3ds.challenge)', { kind: 'exact', name: '3ds.challenge' }],
    ['trace.has(trace.incomplete)', { kind: 'exact', name: 'trace.incomplete' }],
    ['trace.has(span)', { kind: 'exact', name: 'span' }],
    ['trace.has(count)', { kind: 'exact', name: 'count' }],
    ['trace.has(any.thing)', { kind: 'exact', name: 'any.thing' }],
    ['before', { kind: 'exact', name: 'before' }],
    ['trace.has(http.*)', { kind: 'glob', pattern: 'http.*' }],
    ['trace.has(*)', { kind: 'glob', pattern: '*' }],
    ['trace.has(*-api/*.get)', { kind: 'glob', pattern: '*-api/*.get' }],
    ['trace.has(any)', { kind: 'any' }],
    ['any', { kind: 'any' }],
    ['trace.has("any")', { kind: 'exact', name: 'any' }],
    ['trace . has', undefined],
  ])('%s', (text, name) => {
    if (name === undefined) return expect(parse(text).problems).not.toEqual([])
    expect(condition(text)).toMatchObject({ kind: 'has', selector: { name } })
  })

  test('take filters inside the brackets and after them alike', () => {
    const inside = condition('trace.has(a.where(x == 1)).where(y == 2)')
    expect(inside).toMatchObject({ selector: { filters: [{ left: { key: 'x' } }, { left: { key: 'y' } }] } })
    expect(condition('trace.all(a.where(x)).where(y)')).toMatchObject({
      kind: 'all',
      selector: { filters: [{ operand: { key: 'x' } }] },
      filters: [{ operand: { key: 'y' } }],
    })
    expect(sides(condition('count(a.where(x)).where(y) > 1'))[0]).toMatchObject({
      kind: 'count',
      selector: { filters: [{ operand: { key: 'x' } }, { operand: { key: 'y' } }] },
    })
  })
})

describe('precedence', () => {
  test('binds or loosest, then and, then not', () => {
    expect(condition('a or b and not c')).toMatchObject({
      kind: 'or',
      operands: [
        { kind: 'has' },
        { kind: 'and', operands: [{ kind: 'has' }, { kind: 'not', operand: { kind: 'has' } }] },
      ],
    })
  })

  test('allows not before a comparison without brackets', () => {
    expect(filter('not a contains "x"')).toMatchObject({ kind: 'not', operand: { kind: 'comparison' } })
  })

  test('calculates from the left, products first', () => {
    expect(left('a - b - c * 2 > 0')).toMatchObject({
      operator: '-',
      left: { operator: '-', left: { key: 'a' }, right: { key: 'b' } },
      right: { operator: '*', left: { key: 'c' } },
    })
    expect(left('(a - b) * c > 0')).toMatchObject({ operator: '*', left: { operator: '-' } })
  })
})

describe('layout', () => {
  test.each([
    ['CRLF line ends', 'trace.has(a)\r\n  and not trace.has(b)\r\n'],
    ['tabs', '\ttrace.has(a)\tand\tnot\ttrace.has(b)'],
    ['no-break spaces', 'trace.has(a)\u00a0and not\u00a0trace.has(b)'],
    ['comments between all words', '// c\ntrace.has( // c\n a // c\n) // c\nand // c\nnot // c\ntrace.has(b) // c'],
    ['no white space at all', 'trace.has(a)and not(trace.has(b))'],
    ['methods on their own lines', 'trace.has(a)\n  .where(x)\n  .where(y)\n and not trace.has(b)'],
  ])('does not care about %s', (_what, text) => {
    expect(condition(text)).toMatchObject({ kind: 'and', operands: [{ kind: 'has' }, { kind: 'not' }] })
  })

  test('gives every node its place in the file', () => {
    const text = 'trace.has(a)\n  and b.where(x > 1)'
    const node = condition(text)
    const second = node.kind === 'and' ? node.operands[1] : undefined
    const test = second?.kind === 'has' ? second.selector.filters[0] : undefined
    expect(test?.range).toEqual({
      start: { offset: 27, line: 2, column: 15 },
      end: { offset: 32, line: 2, column: 20 },
    })
  })
})

describe('nesting', () => {
  const nested = (open: string, count: number, inner: string, close: string) =>
    `${open.repeat(count)}${inner}${close.repeat(count)}`

  test.each([
    ['groups in a condition', (n: number) => nested('(', n, 'a', ')')],
    ['not', (n: number) => nested('not ', n, 'a', '')],
    ['groups and not', (n: number) => nested('not (', Math.floor(n / 2), n % 2 ? '(a)' : 'a', ')')],
    ['groups in a filter', (n: number) => `a.where(${nested('(', n, 'x == 1', ')')})`],
    ['groups that are compared', (n: number) => `a.where(${nested('(', n, 'x', ')')} == 1)`],
    ['groups in arithmetic', (n: number) => `a.where(${nested('(', n, 'x', ' + 1)')} > y * 2)`],
    ['groups of counts', (n: number) => `${nested('(', n, 'count(a)', ')')} > 1`],
  ])('goes 64 levels deep and no deeper: %s', (_what, text) => {
    expect(parse(text(64)).problems).toEqual([])
    expect(parse(text(65)).problems).toMatchObject([{ code: 'nesting-too-deep' }])
  })

  test.each(['(', 'not ', 'not (', 'a.where(', 'num(', 'trace.has(', '[', 'when {', '-(', 'a in [('])(
    'does not overflow on 60 KB of %s',
    (open) => {
      const { problems } = parse(open.repeat(60_000 / open.length))
      expect(problems.length).toBeGreaterThan(0)
    },
  )

  test('is read once each: 64 levels of any kind take milliseconds', () => {
    const started = performance.now()
    parse(`a.where(${nested('(', 30, `${nested('(', 30, 'x', ' + 1)')} == 1`, ' or y)')})`)
    parse(`${nested('(', 60, 'count(a) > 1', ' and b)')}`)
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('counts operators of one calculation up to 200', () => {
    const sum = (operators: number) => `a.where(x${' + 1'.repeat(operators)} > 0)`
    expect(parse(sum(200)).problems).toEqual([])
    expect(parse(sum(201)).problems).toMatchObject([{ code: 'expression-too-long' }])
    expect(parse(sum(15_000)).problems).toMatchObject([{ code: 'expression-too-long' }])
  })

  test('has no limit on conditions in a row', () => {
    const text = Array.from({ length: 5000 }, (_, index) => `s${index}`).join(' and ')
    expect(condition(text)).toMatchObject({ kind: 'and', operands: { length: 5000 } })
  })
})
