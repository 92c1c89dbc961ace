import { expect, test } from 'vitest'
import { readTestFile } from '../../../cli/rule-tests/test-file.ts'
import type { Span } from '../../../shared/trace/span.ts'

const START_UNIX_NANO = 1_767_225_600_000_000_000n

function fileOf(lines: readonly string[]): string {
  const indented = lines.map((line) => `      ${line}\n`).join('')
  return `tests:\n  - name: one\n    signals: []\n    trace: |\n${indented}`
}

/** The spans of one drawn trace, in the order of the lines. */
function drawn(...lines: readonly string[]): readonly Span[] {
  const { tests, problems } = readTestFile(fileOf(lines))
  expect(problems).toEqual([])
  const [one] = tests
  if (one?.trace.kind !== 'drawn') throw new Error('no trace was drawn')
  return [...one.trace.trace.spans].sort((a, b) => (a.spanId < b.spanId ? -1 : 1))
}

const millisAfterStart = (unixNano: bigint) => Number((unixNano - START_UNIX_NANO) / 1000n) / 1000
const times = (spans: readonly Span[]) =>
  spans.map(({ name, startUnixNano, endUnixNano }) => [
    name,
    millisAfterStart(startUnixNano),
    Number(endUnixNano - startUnixNano) / 1e6,
  ])

test('a line is a span, its children are indented under it, and their order is their time', () => {
  const spans = drawn('checkout', '  cart.validate 5ms', '    db.query 2ms', '  payment.charge 30ms')
  expect(times(spans)).toEqual([
    ['checkout', 0, 35],
    ['cart.validate', 0, 5],
    ['db.query', 0, 2],
    ['payment.charge', 5, 30],
  ])
  const parents = spans.map(({ parentSpanId }) => spans.find(({ spanId }) => spanId === parentSpanId)?.name)
  expect(parents).toEqual([undefined, 'checkout', 'cart.validate', 'checkout'])
})

test('a start is counted from the start of the trace, and what follows goes on from there', () => {
  expect(times(drawn('a 1s', '  b @100ms 20ms', '  c', '  d @0ms 1.5ms', '  e 250us'))).toEqual([
    ['a', 0, 1000],
    ['b', 100, 20],
    ['c', 120, 1],
    ['d', 0, 1.5],
    ['e', 1.5, 0.25],
  ])
})

test('a repeated span is there so often, one after the other, with all that is under it', () => {
  expect(times(drawn('list', '  load x2', '    db.query 3ms', '  db.query 2ms x2'))).toEqual([
    ['list', 0, 10],
    ['load', 0, 3],
    ['db.query', 0, 3],
    ['load', 3, 3],
    ['db.query', 3, 3],
    ['db.query', 6, 2],
    ['db.query', 8, 2],
  ])
})

test('values are what they look like', () => {
  const [span] = drawn(
    String.raw`"GET /x" int=7 big=9007199254740993 float=2.50 exp=1e3 yes=true none=null code=007 v=1.2.3 url=https://x/y?z=1 text="a \"b\" # c" empty="" "odd key"=1 list=[a, "b c", 3, true]  # a remark`,
  )
  expect(span?.name).toBe('GET /x')
  expect(Object.fromEntries(span?.attributes.entries() ?? [])).toEqual({
    int: 7,
    big: 9007199254740993n,
    float: 2.5,
    exp: 1000,
    yes: true,
    none: null,
    code: '007',
    v: '1.2.3',
    url: 'https://x/y?z=1',
    text: 'a "b" # c',
    empty: '',
    'odd key': 1,
    list: ['a', 'b c', 3, true],
  })
})

test('kind and status are words, a service in brackets and its resource are those of the spans below too', () => {
  const spans = drawn(
    '# a remark',
    'checkout [shop] server resource.k8s.pod.name=p1',
    '',
    '  charge client error',
    '    bank [bank] consumer ok',
    '  plain unspecified resource.k8s.pod.name=p2',
  )
  expect(spans.map(({ kind, statusCode, resource }) => [kind, statusCode, resource.get('service.name')])).toEqual([
    [2, 0, 'shop'],
    [3, 2, 'shop'],
    [5, 1, 'bank'],
    [0, 0, 'shop'],
  ])
  expect(spans.map(({ resource }) => resource.get('k8s.pod.name'))).toEqual(['p1', 'p1', undefined, 'p2'])
})

test('an event is under its span, with a time and attributes', () => {
  const [, charge] = drawn(
    'checkout',
    '  charge 30ms @5ms',
    '    ! exception @20ms exception.type=Timeout',
    '    ! retry',
  )
  const events = charge?.events().map(({ name, timeUnixNano, attributes }) => {
    return [name, millisAfterStart(timeUnixNano), attributes.get('exception.type')]
  })
  expect(events).toEqual([
    ['exception', 20, 'Timeout'],
    ['retry', 5, undefined],
  ])
})

/** `line:column code: message; hint` of each problem. */
function problemsOf(text: string): readonly string[] {
  return readTestFile(text).problems.map(
    ({ range, code, message, hint }) => `${range.start.line}:${range.start.column} ${code}: ${message}; ${hint}`,
  )
}

function expectOnly(problems: readonly string[], expected: string): void {
  expect(problems).toEqual([expect.stringContaining(expected)])
  expect(problems[0]?.startsWith(expected)).toBe(true)
}

test.each([
  ['a time without a unit', 'a 30', '5:9 malformed-span: "30" says nothing of a span; write a unit: 30ms'],
  ['a negative time', 'a -3ms', '5:9 malformed-span: "-3ms" says nothing of a span; a time is not negative'],
  ['a slip', 'a eror', '5:9 malformed-span: "eror" says nothing of a span; did you mean "error"?'],
  ['a name with blanks', 'GET /cart', '5:11 malformed-span: "/cart" says nothing of a span; write key=value'],
  ['two durations', 'a 3ms 4ms', '5:13 malformed-span: a span has one duration; remove one of them'],
  ['a key twice', 'a x=1 x=2', '5:13 malformed-span: x is given twice; remove one of them'],
  ['no name', 'x=1', '5:7 malformed-span: a line begins with the name'],
  ['no value', 'a x=', '5:11 malformed-value: a value is missing'],
  ['no key', 'a =1', '5:9 malformed-value: a key is missing'],
  ['an open quote', 'a x="y', '5:11 malformed-value: the closing quote is missing'],
  ['an open list', 'a x=[1, 2', '5:11 malformed-value: the list is not closed'],
  ['a list without commas', 'a x=[1 2]', '5:14 malformed-value: a comma is missing'],
  ['an integer beyond 64 bits', 'a x=9223372036854775808', '5:11 malformed-value: a whole number beyond 64 bits'],
  ['an event without a span', '! boom', '5:7 malformed-span: an event is under a span'],
  ['an event without a name', 'a\n        !', '6:9 malformed-span: an event has a name'],
  ['a duration of an event', 'a\n        ! boom 3ms', '6:16 malformed-span: an event has no duration'],
  [
    'an indentation between two',
    'a\n          b\n        c',
    '7:7 malformed-indent: the indentation fits no line above; indent with 4 blanks',
  ],
  ['too many spans', 'a\n        b x100000', '5:7 too-many-spans: the trace would hold 100,001 spans'],
])('in a trace, %s is a problem at its place', (_what, line, expected) => {
  expectOnly(problemsOf(fileOf([line])), expected)
})

test('100,000 spans, 256 deep, are still read', () => {
  expect(drawn('a x100000')).toHaveLength(100_000)
  const deep = Array.from({ length: 256 }, (_, depth) => `${' '.repeat(depth)}a`)
  expect(drawn(...deep)).toHaveLength(256)
  expect(problemsOf(fileOf([...deep, `${' '.repeat(256)}a`]))).toEqual([expect.stringContaining('256 deep')])
})

test.each(['a 900000h x3', `a ${'9'.repeat(400)}s`, `a @${'9'.repeat(400)}s`])(
  'a trace that would outlast the times of OTLP is a problem: %s',
  (line) => {
    expect(problemsOf(fileOf([line]))).toEqual([expect.stringContaining('the trace ends after')])
  },
)

test.each([
  ['no test', 'rules: a.rules', '1:1 malformed-test: the file holds no tests'],
  ['a list', '- a', '1:1 malformed-test: the file holds no tests; write tests:'],
  ['broken YAML', 'tests: [', '1:9 malformed-yaml: '],
  [
    'a slip in a key',
    'tests:\n  - nam: a\n    name: b\n    signals: []\n    trace: a',
    '2:5 malformed-test: "nam" is not a key here; did you mean "name"?',
  ],
  ['no name', 'tests:\n  - signals: []\n    trace: a', '2:5 malformed-test: the test has no name'],
  ['no signals', 'tests:\n  - name: a\n    trace: a', '2:5 malformed-test: the test has no signals'],
  ['no trace', 'tests:\n  - name: a\n    signals: []', '2:5 malformed-test: the test has no trace'],
  [
    'empty signals',
    'tests:\n  - name: a\n    trace: a\n    signals:',
    '4:13 malformed-test: signals is a list of names; write signals: []',
  ],
  [
    'trace and file',
    'tests:\n  - name: a\n    trace: a\n    file: b\n    signals: []',
    '3:12 malformed-test: the trace is both',
  ],
  [
    'a folded block',
    'tests:\n  - name: a\n    trace: >\n      a\n      b\n    signals: []',
    '3:12 malformed-test: a folded block',
  ],
  [
    'an empty trace',
    'tests:\n  - name: a\n    trace: "# none"\n    signals: []',
    '3:12 malformed-test: the trace has no spans',
  ],
  [
    'a rule in two lists',
    'tests:\n  - name: a\n    trace: a\n    signals: A\n    vacuous: [A]',
    '5:15 malformed-test: A is named twice',
  ],
  [
    'a name twice',
    'tests:\n  - {name: a, trace: a, signals: []}\n  - {name: a, trace: a, signals: []}',
    '3:12 malformed-test: two tests',
  ],
])('%s is a problem at its place', (_what, text, expected) => {
  expectOnly(problemsOf(text), expected)
})

test('all problems of a file are found at once', () => {
  const text = 'tests:\n  - name: a\n    trace: |\n      a 30\n      b eror\n    signals: [7]\n  - nme: b\n'
  const places = problemsOf(text).map((problem) => problem.slice(0, problem.indexOf(' ')))
  expect(places).toEqual(['4:9', '5:9', '6:15', '7:5', '7:5', '7:5', '7:5'])
})
