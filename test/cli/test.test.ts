import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SHIPPED_RULES } from '../shipped-packs.ts'
import { runInProcess } from './fake-terminal.ts'
import { jsonRequest, traceIdOf } from './otlp.ts'
import { parseXml, type XmlElement } from './rule-tests/xml.ts'

const RULES = `// Signal: CHARGE_WITHOUT_VALIDATION (critical)
trace.has(payment.charge)
  and not trace.has(cart.validate)

// Signal: REFUND_APPROVED (high)
when { refund.where(amount > 100 and currency == EUR) }
always { approval }
except when { test.run }
`

const VIOLATION = `  - name: a charge alone
    trace: |
      checkout
        payment.charge
    signals: CHARGE_WITHOUT_VALIDATION
`
const HEALTHY = `  - name: a validated charge
    trace: |
      checkout
        cart.validate
        payment.charge
    signals: []
    vacuous: REFUND_APPROVED
`
const REFUNDS = `  - name: a refund without approval
    trace: refund amount=101 currency=EUR
    signals: REFUND_APPROVED
  - name: an approved refund
    trace: |
      refund amount=101 currency=EUR
        approval
    signals: []
    satisfied: REFUND_APPROVED
  - name: a small refund
    trace: refund amount=100 currency=EUR
    signals: []
  - name: a refund in another currency
    trace: refund amount=500 currency=USD
    signals: []
  - name: a refund in a test
    trace: |
      test.run
        refund amount=101 currency=EUR
    signals: []
    vacuous: [REFUND_APPROVED]
`

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-test-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

const json = async (...args: readonly string[]) => {
  const { exitCode, out, err } = await runInProcess(['test', '--format', 'json', ...args])
  return { exitCode, err, report: JSON.parse(out) }
}

test('tests that hold pass, every clause is counted, and the exit code is 0', async () => {
  await put('shop.rules', RULES)
  const file = await put('shop.test.yaml', `tests:\n${VIOLATION}${HEALTHY}${REFUNDS}`)
  const { exitCode, out, err } = await runInProcess(['test', folder])
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
  expect(out).toContain(`${file}\n  ✓ a charge alone\n  ✓ a validated charge\n`)
  expect(out).toMatch(/\n✓ 7 tests passed, 7 of 7 clauses covered\n$/)
})

test('a rule that signals unexpectedly, or does not where it is to, fails the test with its evidence; the exit code is 1', async () => {
  await put('shop.rules', RULES)
  const wrong = `tests:\n${HEALTHY.replace('signals: []', 'signals: CHARGE_WITHOUT_VALIDATION')}${VIOLATION.replace(
    'signals: CHARGE_WITHOUT_VALIDATION',
    'signals: []',
  )}`
  const file = await put('shop.test.yaml', wrong)
  const { exitCode, out } = await runInProcess(['test', file])
  expect(exitCode).toBe(1)
  expect(out).toContain(`✗ a validated charge  ${file}:2:11\n`)
  expect(out).toContain('CHARGE_WITHOUT_VALIDATION is to signal; it is satisfied')
  expect(out).toContain('CHARGE_WITHOUT_VALIDATION signals; no signal of it is expected')
  expect(out).toContain('0 of 2 spans named cart.validate')
  expect(out).toContain('✗ 2 of 2 tests failed')
})

test('a rule that is to hold or to be vacuous and is not fails the test', async () => {
  await put('shop.rules', RULES)
  const wrong = 'tests:\n  - name: a\n    trace: refund amount=1\n    signals: []\n    satisfied: REFUND_APPROVED\n'
  const other = '  - name: b\n    trace: checkout\n    signals: []\n    vacuous: CHARGE_WITHOUT_VALIDATION\n'
  await put('shop.test.yaml', wrong + other)
  const { exitCode, report } = await json(folder)
  expect(exitCode).toBe(1)
  const messages = report.suites[0].tests.map(
    ({ failures }: { failures: { message: string }[] }) => failures[0]?.message,
  )
  expect(messages).toEqual([
    'REFUND_APPROVED is to be satisfied; it is vacuous',
    'CHARGE_WITHOUT_VALIDATION is to be vacuous; it is satisfied',
  ])
})

test('clauses never true or never false, and rules never seen to signal or to hold, are named with their place', async () => {
  const rules = await put('shop.rules', RULES)
  await put('shop.test.yaml', `tests:\n${VIOLATION}`)
  const { exitCode, report } = await json(folder)
  expect(exitCode).toBe(0)
  expect({ clauses: report.clauses, covered: report.covered }).toEqual({ clauses: 7, covered: 0 })
  expect(report.uncovered).toContainEqual({
    file: rules,
    line: 3,
    column: 11,
    rule: 'CHARGE_WITHOUT_VALIDATION',
    clause: 'trace.has(cart.validate)',
    never: 'true',
  })
  const { out } = await runInProcess(['test', folder])
  expect(out).toContain(`no test shows\n  ${rules}:1:12  CHARGE_WITHOUT_VALIDATION is never satisfied\n`)
  expect(out).toContain(`  ${rules}:6:21  REFUND_APPROVED: amount > 100 is never true\n`)
  expect(out).toContain(`  ${rules}:7:10  REFUND_APPROVED: approval is never false\n`)
})

test('a clause that uses a name is shown by the spans that the name is bound to', async () => {
  await put(
    'bound.rules',
    `// Signal: CHARGE_BEFORE_ITS_VALIDATION (critical)
when   { payment.charge as charge }
always { cart.validate.where(cart == charge.cart and ok) before charge }
except when { charge.amount < 10 or trial as other and other.cart == charge.cart }
`,
  )
  const charged = (amount: number) => `      payment.charge cart=a amount=${amount}\n`
  const violation = `tests:\n  - name: a\n    trace: |\n${charged(20)}      cart.validate cart=a ok=false\n    signals: CHARGE_BEFORE_ITS_VALIDATION\n`
  await put('bound.test.yaml', violation)
  const { report } = await json(folder)
  const clauses = report.uncovered.map(({ clause, never }: Record<string, string>) => `${clause} ${never}`)
  expect(clauses).toContain('ok true')
  expect(clauses).toContain('other.cart == charge.cart true')
  expect(clauses).not.toContain('cart == charge.cart true')
  const trial = `  - name: b\n    trace: |\n${charged(9)}      cart.validate cart=b ok=true\n      trial cart=a\n    signals: []\n`
  const other = `  - name: c\n    trace: |\n${charged(30)}      trial cart=z\n      cart.validate cart=z ok=true\n    signals: CHARGE_BEFORE_ITS_VALIDATION\n`
  const fine = `  - name: d\n    trace: |\n      cart.validate cart=a ok=true\n${charged(30)}    signals: []\n  - name: e\n    trace: home\n    signals: []\n`
  await put('bound.test.yaml', violation + trial + other + fine)
  expect((await json(folder)).report.uncovered).toEqual([])
})

test('a clause of a block counts only where the block matters', async () => {
  await put('shop.rules', RULES)
  const vacuous = '  - name: an approval alone\n    trace: approval\n    signals: []\n'
  await put('shop.test.yaml', `tests:\n${vacuous}`)
  const { report } = await json(folder)
  const missing = report.uncovered.filter(({ clause }: { clause?: string }) => clause === 'approval')
  expect(missing.map(({ never }: { never: string }) => never)).toEqual(['true', 'false'])
})

test('the filters of an order are clauses too, and so are each event and each test of a filter', async () => {
  const order = 'cart.validate.where(ok == true) before payment.charge within 5s'
  const events = 'payment.charge.where(amount > 10).event(exception).where(exception.type == IO and not escaped)'
  await put('shop.rules', `// Signal: ORDERED (high)\n${order}\n\n// Signal: FAILED (low)\n${events}\n`)
  const trace = (text: string) => `    trace: |\n      ${text.split('\n').join('\n      ')}\n`
  const ordered = trace('cart.validate 2ms ok=true\npayment.charge amount=1')
  await put('shop.test.yaml', `tests:\n  - name: in order\n${ordered}    signals: ORDERED\n`)
  const gaps = async () => {
    const { report } = await json(folder)
    return report.uncovered.map(({ clause, never }: Record<string, string>) => `${clause}: ${never}`)
  }
  const ofClauses = async () => (await gaps()).filter((gap: string) => !gap.startsWith('undefined'))
  expect(await ofClauses()).toEqual([
    `${order}: false`,
    'ok == true: false',
    `${events}: true`,
    'amount > 10: true',
    'event(exception).where(exception.type == IO and not escaped): true',
    'exception.type == IO: true',
    'exception.type == IO: false',
    'escaped: true',
    'escaped: false',
  ])
  const late = trace(
    'payment.charge 2ms amount=11\n  ! exception @1ms exception.type=IO\n  ! exception escaped=true\ncart.validate',
  )
  const overlapping = trace('cart.validate 9ms ok=true\npayment.charge @8ms')
  await put(
    'shop.test.yaml',
    `tests:\n  - name: in order\n${ordered}    signals: ORDERED\n  - name: late\n${late}    signals: FAILED\n  - name: overlapping\n${overlapping}    signals: []\n`,
  )
  expect(await gaps()).toEqual([])
})

test('clauses that use a bound name are asked where it is bound', async () => {
  const rule = `// Signal: TWICE (high)
when { charge.where(ok) as first }
never { charge.where(ok and order == first.order) as again and again starts after first and first.where(x and y) }
`
  await put('shop.rules', rule)
  const spans = '      charge ok=true order=1 x=true y=true\n      charge ok=true order=1\n'
  await put('shop.test.yaml', `tests:\n  - name: twice\n    trace: |\n${spans}    signals: TWICE\n`)
  const { exitCode, report } = await json(folder)
  expect({ exitCode, clauses: report.clauses }).toEqual({ exitCode: 0, clauses: 8 })
  const gaps = report.uncovered.map(({ clause, never }: Record<string, string>) => `${clause}: ${never}`)
  expect(gaps).toEqual([
    'undefined: holds',
    'charge.where(ok) as first: false',
    'charge.where(ok and order == first.order) as again: false',
    'ok: false',
    'order == first.order: false',
  ])
})

test('--require-coverage turns a gap into exit code 1, also of rules without any test', async () => {
  await put('shop.rules', RULES)
  await put('shop.test.yaml', `tests:\n${VIOLATION}${HEALTHY}${REFUNDS}`)
  expect((await runInProcess(['test', '--require-coverage', folder])).exitCode).toBe(0)
  await put('other.rules', '// Signal: OTHER (low)\na\n')
  expect((await runInProcess(['test', folder])).exitCode).toBe(0)
  expect((await runInProcess(['test', '--require-coverage', folder])).exitCode).toBe(1)
})

test('a test may take a recorded trace, one of several by its id', async () => {
  await put('shop.rules', RULES)
  const two = [jsonRequest('one', [{ name: 'payment.charge' }]), jsonRequest('two', [{ name: 'cart.validate' }])]
  await put('recorded/two.jsonl.gz', gzipSync(two.map((request) => `${JSON.stringify(request)}\n`).join('')))
  await put('recorded/one.json', JSON.stringify(two[0]))
  await put(
    'shop.test.yaml',
    `tests:
  - {name: the only, file: recorded/one.json, signals: CHARGE_WITHOUT_VALIDATION}
  - {name: by id, file: recorded/two.jsonl.gz, traceId: ${traceIdOf('two')}, signals: []}
  - {name: by how it begins, file: recorded/two.jsonl.gz, traceId: "${traceIdOf('two').slice(0, 6).toUpperCase()}", signals: []}
`,
  )
  expect(await json(folder)).toMatchObject({ exitCode: 0, report: { tests: 3, passed: 3 } })
})

test.each([
  ['a file that is not there', '{name: a, file: none.json, signals: []}', '2:21 unreadable-trace'],
  ['a file of several traces', '{name: a, file: two.jsonl, signals: []}', '2:21 unreadable-trace'],
  ['an id that is not in it', '{name: a, file: two.jsonl, traceId: xyz, signals: []}', '2:41 unreadable-trace'],
  ['how several ids begin', '{name: a, file: two.jsonl, traceId: abc, signals: []}', '2:41 unreadable-trace'],
  ['a misspelt rule', '{name: a, trace: a, signals: REFUND_APROVED}', '2:34 unknown-rule'],
  ['a misdrawn trace', '{name: a, trace: a 3, signals: []}', '2:24 malformed-span'],
])('%s is a problem with its place, the rest is tested, and the exit code is 2', async (_what, one, expected) => {
  await put('shop.rules', RULES)
  const requests = ['one', 'two'].map((trace, index) =>
    JSON.stringify(jsonRequest(trace, [{ name: 'a' }])).replaceAll(traceIdOf(trace), `abc${index}`.padEnd(32, '0')),
  )
  await put('two.jsonl', `${requests.join('\n')}\n`)
  const file = await put('shop.test.yaml', `tests:\n  - ${one}\n${VIOLATION}`)
  const { exitCode, report } = await json(folder)
  expect(exitCode).toBe(2)
  const shown = report.problems.map(
    ({ file, line, column, code }: Record<string, unknown>) => `${file}:${line}:${column} ${code}`,
  )
  expect(shown).toEqual([`${file}:${expected}`])
  expect(report.suites[0].tests.map(({ name }: { name: string }) => name)).toContain('a charge alone')
  const pretty = await runInProcess(['test', folder])
  expect(pretty.exitCode).toBe(2)
  expect(pretty.err).toContain(`${file}:${expected.split(' ')[0]}  `)
})

test('a rule that does not compile is a problem, and the others are tested', async () => {
  const rules = await put('shop.rules', `${RULES}\n// Signal: BROKEN (low)\na && b\n`)
  await put('shop.test.yaml', `tests:\n${VIOLATION}`)
  const { exitCode, report } = await json(folder)
  expect({ exitCode, passed: report.passed }).toEqual({ exitCode: 2, passed: 1 })
  expect(report.problems).toMatchObject([{ file: rules, line: 11, code: 'wrong-operator' }])
})

test('of more than 1,000 problems the first are listed, and the last says how many more there are', async () => {
  const broken = (stem: string) =>
    Array.from({ length: 800 }, (_, index) => `// Signal: ${stem}${index} (low)\na && b\n`).join('')
  await put('shop.rules', `${RULES}\n${broken('A')}${broken('B')}`)
  await put('other.rules', broken('C'))
  await put('shop.test.yaml', `tests:\n${VIOLATION}`)
  const { exitCode, report } = await json(folder)
  expect([exitCode, report.problems.length]).toEqual([2, 1001])
  expect(report.problems.at(-1)).toMatchObject({
    code: 'too-many-problems',
    message: '1,400 problems more, not listed',
  })
})

test('tests name the rules they test where these lie elsewhere', async () => {
  await put('rules/shop.yaml', 'rules: [{id: OTHER, severity: low, condition: a and b}]')
  const file = await put('tests/all.test.yml', 'rules: ../rules/shop.yaml\ntests: [{name: a, trace: a, signals: []}]')
  expect(await json(file)).toMatchObject({ exitCode: 0, report: { tests: 1, clauses: 2 } })
  await put('tests/all.test.yml', 'rules: [../rules/shop.rules]\ntests: [{name: a, trace: a, signals: []}]')
  expect(await json(file)).toMatchObject({
    exitCode: 2,
    report: { problems: [{ line: 1, column: 9, code: 'missing-rules' }] },
  })
})

test('naming the rules runs the tests beside them', async () => {
  const rules = await put('shop.rules', RULES)
  await put('shop.test.yaml', `tests:\n${VIOLATION}`)
  await put('other.test.yaml', `rules: shop.rules\ntests:\n${VIOLATION}`)
  expect((await json(rules)).report.tests).toBe(1)
  expect((await json(folder)).report.tests).toBe(2)
})

test('a test file without rules beside it says what to do', async () => {
  await put('alone.test.yaml', `tests:\n${VIOLATION}`)
  const { exitCode, err } = await runInProcess(['test', folder])
  expect(exitCode).toBe(2)
  expect(err).toContain('alone.test.yaml:1:1  missing-rules')
  expect(err).toContain('add rules: and the path of the rules it tests')
})

test('nothing to test is one clear line and exit code 2', async () => {
  await put('shop.rules', RULES)
  const { exitCode, out, err } = await runInProcess(['test', folder])
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
  expect(err).toBe(`betrace: no tests in ${folder}\n  write payments.test.yaml beside payments.rules\n`)
})

test('JUnit XML is well-formed, its counts add up, and it carries failures, problems and coverage', async () => {
  const rules = await put('shop.rules', RULES)
  const odd = VIOLATION.replace('name: a charge alone', 'name: "<odd> & \\"quoted\\" \\u0007"').replace(
    ': CHARGE',
    ': [] # ',
  )
  const file = await put('shop.test.yaml', `tests:\n${odd}${HEALTHY}  - {name: bad, trace: a 3, signals: []}\n`)
  const { exitCode, out } = await runInProcess(['test', '--format', 'junit', '--require-coverage', folder])
  expect(exitCode).toBe(2)
  const root = parseXml(out)
  expect(root.name).toBe('testsuites')
  expect(root.attributes).toMatchObject({ tests: '4', failures: '2', errors: '1' })
  for (const suite of root.children) expectSoundSuite(suite)
  const [tests, coverage, problems] = root.children
  expect(tests?.attributes).toMatchObject({ name: file, tests: '2', failures: '1' })
  const [failed] = tests?.children ?? []
  expect(failed?.attributes).toMatchObject({ name: '<odd> & "quoted" \\u0007', classname: file })
  expect(failed?.children[0]).toMatchObject({ name: 'failure', attributes: { type: 'CHARGE_WITHOUT_VALIDATION' } })
  expect(failed?.children[0]?.text).toContain('0 of 2 spans named cart.validate')
  expect(coverage?.children[0]?.children[0]?.text).toContain(`${rules}:7:10 REFUND_APPROVED: approval is never true`)
  expect(problems?.children[0]?.children[0]).toMatchObject({ name: 'error', attributes: { type: 'malformed-span' } })
})

function expectSoundSuite({ name, attributes, children }: XmlElement): void {
  const withChild = (kind: string) => children.filter((one) => one.children.some((inner) => inner.name === kind)).length
  expect(name).toBe('testsuite')
  expect(attributes).toMatchObject({
    tests: String(children.length),
    failures: String(withChild('failure')),
    errors: String(withChild('error')),
  })
  for (const one of children) {
    expect(one.name).toBe('testcase')
    expect(Object.keys(one.attributes)).toEqual(['name', 'classname', 'time'])
  }
}

test('the rules that ship pass their tests, every clause covered', async () => {
  const { exitCode, report } = await json('--require-coverage', ...SHIPPED_RULES)
  expect({ exitCode, uncovered: report.uncovered, problems: report.problems }).toEqual({
    exitCode: 0,
    uncovered: [],
    problems: [],
  })
})
