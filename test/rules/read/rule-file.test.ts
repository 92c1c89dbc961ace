import { describe, expect, test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'

function check(text: string) {
  const { problems, ...rest } = checkRules([{ file: 'a.rules', text }])
  const places = problems.map(({ code, range, hint }) => [
    `${code} ${range.start.line}:${range.start.column}-${range.end.column}`,
    hint,
  ])
  return { ...rest, problems, places }
}

const headers = (header: string) => check(`${header}\ntrace.has(a)\n`)

describe('a header', () => {
  test.each([
    ['// Signal: A (critical)', 'A', 'critical'],
    ['//Signal:A(high)', 'A', 'high'],
    ['   //   Signal:   a-B_2   (info)   ', 'a-B_2', 'info'],
    ['\t// Signal: A (low)\r', 'A', 'low'],
  ])('is read with any spacing: %j', (header, name, severity) => {
    expect(headers(header)).toMatchObject({ problems: [], rules: [{ name, severity }] })
  })

  test.each([
    ['// Signal: A', 'malformed-header 1:1-13', 'write // Signal: NAME (severity)'],
    ['// Signal:', 'malformed-header 1:1-11', 'write // Signal: NAME (severity)'],
    ['// Signal: (high)', 'malformed-header 1:1-18', 'write // Signal: NAME (severity)'],
    ['// Signal: A B (high)', 'malformed-header 1:1-22', 'write // Signal: NAME (severity)'],
    ['  // Signal: A (high) extra', 'malformed-header 1:3-28', 'write // Signal: NAME (severity)'],
    ['// signal: A (high)', 'malformed-header 1:1-20', 'write // Signal: NAME (severity)'],
    ['// Signal A (high)', 'malformed-header 1:1-19', 'write // Signal: NAME (severity)'],
    ['// Signal: Ä (high)', 'malformed-name 1:12-13', 'write a name such as PAYMENT_WITHOUT_VALIDATION'],
    ['// Signal: a.b (high)', 'malformed-name 1:12-15', 'write a_b'],
    ['// Signal: 1A (high)', 'malformed-name 1:12-14', 'write A'],
    ['// Signal: A (High)', 'unknown-severity 1:15-19', 'write high'],
    ['// Signal: A (hihg)', 'unknown-severity 1:15-19', 'write high'],
    ['// Signal: A (warning)', 'unknown-severity 1:15-22', 'write medium'],
    ['// Signal: A (P1)', 'unknown-severity 1:15-17', 'use one of critical, high, medium, low, info'],
    ['// Signal: A ()', 'unknown-severity 1:15-16', 'use one of critical, high, medium, low, info'],
  ])('is reported where it is wrong: %s', (header, place, hint) => {
    const { places, rules, ruleCount } = headers(header)
    expect(places).toEqual([[place, hint]])
    expect([rules.length, ruleCount]).toEqual([0, 1])
  })

  test('does not hide the problems of its rule', () => {
    const { places } = check('// Signal: A B (high)\ntrace.has(a) && trace.has(b)')
    expect(places.map(([place]) => place)).toEqual(['malformed-header 1:1-22', 'wrong-operator 2:14-16'])
  })

  test('is not a comment that only mentions signals', () => {
    const text =
      '// Signal processing (all of it)\n// Signals: see below\n// Signal: A (low)\ntrace.has(a)\n// signal handlers follow'
    expect(check(text)).toMatchObject({ problems: [], ruleCount: 1 })
  })
})

describe('metadata', () => {
  const metadata = (...lines: readonly string[]) => {
    const { rules, places } = check(`// Signal: A (low)\n${lines.join('\n')}\ntrace.has(a)`)
    return { metadata: rules[0]?.metadata, places }
  }

  test('is read in any order and letter case', () => {
    expect(
      metadata(
        '// mode: shadow',
        '//Owner:  payments team ',
        '',
        '// TAGS: a, b:c  d',
        '// Runbook: https://x.example/a?b=c',
        '// Description: one',
        '// Tags: e',
        '// Description: two',
      ),
    ).toEqual({
      metadata: {
        description: 'one\ntwo',
        runbook: 'https://x.example/a?b=c',
        owner: 'payments team',
        tags: ['a', 'b:c', 'd', 'e'],
        mode: 'shadow',
      },
      places: [],
    })
  })

  test('is absent where nothing is said', () => {
    expect(
      metadata('// a comment', '// Note: another', '// Node: x', '// Owners: y', '// Model: shadow of itself'),
    ).toEqual({
      metadata: { tags: [], mode: 'live' },
      places: [],
    })
  })

  test.each([
    ['1500ms', 1_500],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
  ])('says how long violations wait: %s', (wait, waitMs) => {
    expect(metadata(`// Wait: ${wait}`)).toEqual({ metadata: { tags: [], mode: 'live', waitMs }, places: [] })
  })

  test.each([
    ['each', { kind: 'each' }],
    ['5 in 10m', { kind: 'count', count: 5, windowMs: 600_000 }],
    ['1 % in 10m', { kind: 'share', share: 0.01, windowMs: 600_000 }],
    ['0.5% in 1h', { kind: 'share', share: 0.005, windowMs: 3_600_000 }],
  ])('says when violations open an incident: %s', (written, alert) => {
    expect(metadata(`// Alert: ${written}`)).toEqual({ metadata: { tags: [], mode: 'live', alert }, places: [] })
  })

  test.each(['cloud.region', '"cloud.region"'])('names the attribute that groups incidents: %s', (written) => {
    const group = 'cloud.region'
    expect(metadata(`// Group: ${written}`)).toEqual({ metadata: { tags: [], mode: 'live', group }, places: [] })
  })

  test.each([
    ['// Mode: shadwo', 'malformed-metadata 2:10-16', 'write shadow'],
    ['// Mode: off', 'malformed-metadata 2:10-13', 'write live or shadow'],
    ['// Mode:', 'malformed-metadata 2:4-8', 'write one after the colon, or remove the line'],
    ['// Mdoe: shadow', 'malformed-metadata 2:4-8', 'write Mode'],
    ['// Wait: 2 minutes', 'malformed-metadata 2:10-19', 'write 2m'],
    ['// Wait: 90', 'malformed-metadata 2:10-12', 'write a duration such as 2m'],
    ['// Wait: 0s', 'malformed-metadata 2:10-12', 'write a duration such as 2m'],
    ['// Wait: 3d', 'malformed-metadata 2:10-12', 'write a duration such as 2m'],
    ['// Wait: 25h', 'malformed-metadata 2:10-13', 'write 24h'],
    ['// Wait: 1m\n// Wait: 2m', 'malformed-metadata 3:4-8', 'remove one of them'],
    ['// Alert: sometimes', 'malformed-metadata 2:11-20', 'write each, 5 in 10m or 1 % in 10m'],
    ['// Alert: 0 in 10m', 'malformed-metadata 2:11-19', 'write a whole number from 1 to 10000'],
    ['// Alert: 2.5 in 10m', 'malformed-metadata 2:11-21', 'write a whole number from 1 to 10000'],
    ['// Alert: 5 in 10', 'malformed-metadata 2:11-18', 'write a duration such as 10m'],
    ['// Alert: 5 in 25h', 'malformed-metadata 2:11-19', 'write 24h'],
    ['// Alert: 0 % in 10m', 'malformed-metadata 2:11-21', 'write more than 0 % and at most 100 %'],
    ['// Alert: 1 % in 90s', 'malformed-metadata 2:11-21', 'write a duration such as 10m'],
    ['// Alert: each\n// Alert: each', 'malformed-metadata 3:4-9', 'remove one of them'],
    ['// Group: by region', 'malformed-metadata 2:11-20', 'write one name, such as cloud.region'],
    ['// Descripton: x', 'malformed-metadata 2:4-14', 'write Description'],
    ['// Runbok: x', 'malformed-metadata 2:4-10', 'write Runbook'],
    ['// Owner: a\n// Owner: b', 'malformed-metadata 3:4-9', 'remove one of them'],
  ])('is reported where it is wrong: %s', (lines, place, hint) => {
    expect(metadata(lines).places).toEqual([[place, hint]])
  })

  test('with the mode is reported below the condition, where it would be overlooked', () => {
    const { places } = check('// Signal: A (low)\ntrace.has(a)\n  // Mode: shadow\n// Description: of nothing')
    expect(places).toEqual([['malformed-metadata 3:3-18', 'move the line up, to just below the header']])
  })
})

describe('a file', () => {
  test('may be empty, or hold comments alone', () => {
    expect(check('')).toMatchObject({ problems: [], ruleCount: 0 })
    expect(check('\uFEFF\n// nothing yet\n\n')).toMatchObject({ problems: [], ruleCount: 0 })
  })

  test.each(['\n', '\r\n'])('may have a byte order mark, and %j line ends', (newline) => {
    const text = `\uFEFF// Signal: A (low)\n// Owner: x\ntrace.has(a)\n\n// Signal: B (low)\nb &&\n  c`.replaceAll(
      '\n',
      newline,
    )
    const { rules, places } = check(text)
    expect(rules).toMatchObject([{ name: 'A', metadata: { owner: 'x' } }])
    expect(places).toEqual([['wrong-operator 6:3-5', 'write "and"']])
  })

  test('keeps the text of each condition as written', () => {
    const { rules } = check('// Signal: A (low)\n\n  trace.has(a) // why\n    and b\n\n// more\n// Signal: B (low)\nb')
    expect(rules.map(({ text }) => text)).toEqual(['trace.has(a) // why\n    and b\n\n// more', 'b'])
  })

  test('tells where each rule and its name stand', () => {
    const [, second] = check('// Signal: A (low)\na\n// Signal: B (low)\nb.where(c)\n').rules
    expect(second?.nameRange).toMatchObject({ start: { line: 3, column: 12 }, end: { line: 3, column: 13 } })
    expect(second?.range).toMatchObject({ start: { line: 3, column: 1 }, end: { line: 4, column: 11 } })
  })

  test('reports a condition before the first header once', () => {
    expect(check('// a file\n  trace.has(a)\n  and b\n// Signal: A (low)\na').places).toEqual([
      ['condition-before-header 2:3-15', 'write // Signal: NAME (severity) on the line before the condition'],
    ])
  })

  test.each(['', '\n', '// only a comment\n', '   \n\t\n'])('reports a rule without a condition: %j', (body) => {
    expect(check(`// Signal: A (low)\n${body}`).places).toEqual([
      ['missing-condition 1:12-13', 'write its condition below the header'],
    ])
  })
})

describe('limits', () => {
  test('a rule of 64 KiB is read, one byte more is not', () => {
    const header = '// Signal: A (low)\n'
    const rule = (bytes: number) =>
      `${header}trace.has("${'é'.repeat(100)}${'x'.repeat(bytes - header.length - 13 - 200)}")`
    expect(Buffer.byteLength(rule(65_536))).toBe(65_536)
    expect(check(`${rule(65_536)}\n\n`)).toMatchObject({ problems: [], ruleCount: 1 })
    expect(check(`${rule(65_537)}\n// Signal: B (low)\nb`)).toMatchObject({
      places: [['rule-too-long 1:12-13', 'split it into several rules']],
      rules: [{ name: 'B' }],
    })
  })

  test('a list of 1,000 values is read, one more is not', () => {
    const rule = (count: number) =>
      `// Signal: A (low)\na.where(b in [${Array.from({ length: count }, (_, index) => index).join(', ')}])`
    expect(check(rule(1000)).problems).toEqual([])
    expect(check(rule(1001)).problems).toMatchObject([{ code: 'list-too-long' }])
  })

  test('a rule with 100 problems shows them all, one with more shows how many are left', () => {
    const rule = (count: number) => `// Signal: A (low)\n${'a && '.repeat(count)}a`
    expect(check(rule(100)).problems.map(({ code }) => code)).toEqual(Array(100).fill('wrong-operator'))
    const over = check(rule(130)).problems
    expect(over).toHaveLength(101)
    expect(over.at(-1)).toMatchObject({ code: 'too-many-problems', message: '30 more problems from here on' })
    expect(over.at(-1)?.range.start.column).toBe(503)
  })

  test('a set of 10,000 rules is read, of one more all but the last', () => {
    const rules = (count: number) =>
      Array.from({ length: count }, (_, index) => `// Signal: R${index} (low)\ns${index}\n`).join('')
    expect(check(rules(10_000))).toMatchObject({ problems: [], ruleCount: 10_000 })
    const over = checkRules([
      { file: 'a.rules', text: rules(9_999) },
      { file: 'b.rules', text: '// Signal: X (low)\nx\n// Signal: Y (low)\ny\n// Signal: Z (low)\nz' },
    ])
    expect(over.rules).toHaveLength(10_000)
    expect(over.rules.at(-1)?.name).toBe('X')
    expect(over.ruleCount).toBe(10_002)
    expect(over.problems).toMatchObject([{ file: 'b.rules', rule: 'Y', code: 'too-many-rules' }])
  })
})

test('a name given twice in a set is reported with the place of the first', () => {
  const { problems, rules } = checkRules([
    { file: 'a.rules', text: '// Signal: A (low)\na' },
    { file: 'b.rules', text: '// Signal: B (low)\nb\n// Signal: A (high)\nc' },
    { file: 'c.yaml', text: 'rules:\n  - {id: B, severity: low, condition: d}\n' },
  ])
  expect(problems.map(({ file, message }) => [file, message])).toEqual([
    ['b.rules', 'A is already the name of the rule at a.rules:1'],
    ['c.yaml', 'B is already the name of the rule at b.rules:1'],
  ])
  expect(rules.map(({ file, name }) => `${file} ${name}`)).toEqual(['a.rules A', 'b.rules B'])
})
