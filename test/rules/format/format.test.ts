import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatRules } from '../../../shared/rules/format/format.ts'
import { scatteredBody } from './rule-text.ts'

function formatted(text: string, file = 'a.rules'): string {
  const result = formatRules(file, text)
  if ('problems' in result) throw new Error(result.problems.map(({ message }) => message).join('; '))
  return result.text
}

/** The body of one rule as it comes out. */
function formattedBody(body: string): string {
  return formatted(`// Signal: A (low)\n${body}`).replace('// Signal: A (low)\n', '')
}

const LONG = 'a_long_attribute_name'

test.each([
  ['a pattern breaks before each operand', 'a and not   b', 'a\n  and not b\n'],
  ['one condition stays on its line', 'trace.has( a )', 'trace.has(a)\n'],
  ['operands of operands stay on the line', 'a and (b or c) or d', 'a and (b or c)\n  or d\n'],
  ['blocks stand one a line', 'when{a}never{b}except\n when{c}', 'when { a }\nnever { b }\nexcept when { c }\n'],
  ['filters keep to one line', 'a .where(x==1 and  y!=2)', 'a.where(x == 1 and y != 2)\n'],
  ['lists are spaced', 'a.where(x not in[b,"c"])', 'a.where(x not in [b, "c"])\n'],
  ['arithmetic is spaced, signs are not', 'a.where(x<- 1+b*2)', 'a.where(x < -1 + b * 2)\n'],
  ['quotes and escapes stay as written', 'a.where(x matches "\\d+ //  y")', 'a.where(x matches "\\d+ //  y")\n'],
  [
    'a long filter breaks inside its brackets',
    `a.where(${LONG} == 1 and ${LONG} == 2 and ${LONG} == 3 and ${LONG} == 4)`,
    `a.where(\n  ${LONG} == 1\n    and ${LONG} == 2\n    and ${LONG} == 3\n    and ${LONG} == 4\n)\n`,
  ],
  [
    'several long filters stand one a line',
    `a.where(${LONG} == 1).where(${LONG} == 2).where(${LONG} == 3).where(${LONG} == 4)`,
    `a\n  .where(${LONG} == 1)\n  .where(${LONG} == 2)\n  .where(${LONG} == 3)\n  .where(${LONG} == 4)\n`,
  ],
  [
    'a long list breaks inside its brackets',
    `a.where(x in [${LONG}1, ${LONG}2, ${LONG}3, ${LONG}4])`,
    `a.where(\n  x in [\n    ${LONG}1,\n    ${LONG}2,\n    ${LONG}3,\n    ${LONG}4\n  ]\n)\n`,
  ],
  [
    'a block that does not fit opens up',
    `when { a.where(${LONG} == 1) and b.where(${LONG} == 2) and c.where(${LONG} == 3) } always { d }`,
    `when {\n  a.where(${LONG} == 1)\n    and b.where(${LONG} == 2)\n    and c.where(${LONG} == 3)\n}\nalways { d }\n`,
  ],
])('%s', (_what, written, expected) => {
  expect(formattedBody(written)).toBe(expected)
})

test.each([
  ['behind an operand', 'a // one\n and b // two', 'a // one\n  and b // two\n'],
  ['above an operand', 'a\n// one\nand\n   // two\n b', 'a\n  // one\n  and\n  // two\n  b\n'],
  [
    'inside brackets',
    'a.where( // one\n// two\nx == 1\n// three\n)',
    'a.where( // one\n  // two\n  x == 1\n  // three\n)\n',
  ],
  [
    'between and behind blocks',
    'when { a } // one\n// two\nalways { b } // three',
    'when { a } // one\n// two\nalways { b } // three\n',
  ],
  ['in a list', 'a.where(x in [b, // one\n c])', 'a.where(\n  x in [\n    b, // one\n    c\n  ]\n)\n'],
])('a comment %s stays where it is', (_where, written, expected) => {
  expect(formattedBody(written)).toBe(expected)
})

test('header and metadata are spelt one way, in the order written, without blank lines', () => {
  const written = '\uFEFF//Signal: A   (low)\n\n  //tags:x,y\n\n// description :  why\n//as it was\na\n'.replace(
    '//S',
    '// S',
  )
  expect(formatted(written)).toBe('// Signal: A (low)\n// Tags: x,y\n// Description: why\n//as it was\na\n')
})

test('rules stand one blank line apart, and comments between them stay on their side of it', () => {
  const written = [
    '',
    '// the file',
    '',
    '',
    '// of the first',
    '// Signal: A (low)',
    'a',
    '// of the second',
    '// Signal: B (low)',
    'b',
    '// behind b',
    '',
    '',
    '// Signal: C (low)',
    'c   ',
    '',
    '',
    '// the end',
    '',
    '',
  ]
  expect(formatted(written.join('\r\n')).split('\n')).toEqual([
    '// the file',
    '',
    '// of the first',
    '// Signal: A (low)',
    'a',
    '',
    '// of the second',
    '// Signal: B (low)',
    'b',
    '// behind b',
    '',
    '// Signal: C (low)',
    'c',
    '',
    '// the end',
    '',
  ])
})

test('a file with problems is not formatted: all of them are returned, by place', () => {
  const result = formatRules('a.rules', 'stray\n// Signal: A (low)\na && b\n\n// Signal: B (hgh)\nb')
  expect('problems' in result && result.problems.map(({ code, range }) => [code, range.start.line])).toEqual([
    ['condition-before-header', 1],
    ['wrong-operator', 3],
    ['unknown-severity', 5],
  ])
})

test('a rule that would outgrow its limit by its own line breaks is not formatted', () => {
  const chain = Array.from({ length: 12_000 }, () => 'ab').join(' and ')
  const result = formatRules('a.rules', `// Signal: A (low)\n${chain}`)
  expect('problems' in result && result.problems).toMatchObject([
    { code: 'rule-too-long', range: { start: { line: 1 } } },
  ])
})

test('a pack keeps everything but the layout of conditions that are literal blocks', () => {
  const written = [
    '# a pack',
    'rules:',
    '- id: A   # first',
    '  severity: low',
    '  condition: | # a literal',
    '',
    '    // why',
    '      a   and b // c',
    '    // end',
    '',
    '  tags: [ x,y ]',
    '- {id: B, severity: low,   condition: "b   or c"}',
    '- condition: |1-',
    '    c   and d',
    '  id: C',
    '  severity: low',
    '',
  ]
  const expected = [
    ...written.slice(0, 6),
    '    // why',
    '    a',
    '      and b // c',
    '    // end',
    ...written.slice(9, 13),
    '   c',
    '     and d',
    ...written.slice(14),
  ]
  expect(formatted(written.join('\n'), 'a.yaml').split('\n')).toEqual(expected)
  expect(formatted(expected.join('\n'), 'a.yaml').split('\n')).toEqual(expected)
  expect(formatted(written.join('\r\n'), 'a.yaml').split('\r\n')).toEqual(expected)
})

test('a pack with a lone carriage return inside a condition is formatted like any white space', () => {
  const pack = (condition: string) => `rules:\n  - id: A\n    severity: low\n    condition: |\n      ${condition}\n`
  expect(formatted(pack('a.where\r(b)'), 'a.yaml')).toBe(pack('a.where(b)'))
})

test('an empty file stays empty', () => {
  expect(formatted(' \n\n')).toBe('')
})

test('only white space changes, comments keep their order and their lines, and a second time nothing does', () => {
  const words = (text: string) => text.replace(/\/\/ remark \d+/g, '').replace(/\s/g, '')
  const remarks = (text: string) => text.match(/\/\/ remark \d+/g) ?? []
  const alone = (text: string) => text.match(/^\s*\/\/ remark \d+$/gm)?.map((line) => line.trim()) ?? []
  fc.assert(
    fc.property(scatteredBody, (body) => {
      const once = formattedBody(body)
      expect(words(once)).toBe(words(body))
      expect(remarks(once)).toEqual(remarks(body))
      expect(alone(once)).toEqual(alone(body.replaceAll('\r', '')))
      expect(formattedBody(once)).toBe(once)
    }),
    { seed: 7, numRuns: 120 },
  )
})

test('a line is at most 100 columns wide where no single word or comment is wider', () => {
  fc.assert(
    fc.property(scatteredBody, (body) => {
      for (const line of formattedBody(body).split('\n')) {
        if (!line.includes('// remark')) expect(line.length).toBeLessThanOrEqual(100)
      }
    }),
    { seed: 7, numRuns: 60 },
  )
})

test('a chain of 1,500 operands comes out one a line', () => {
  const chain = (count: number) => Array.from({ length: count }, (_, i) => `a.where(x == ${i} + 1 or y)`).join(' and ')
  const lines = formattedBody(chain(1_500)).split('\n')
  expect(lines).toHaveLength(1_501)
})
