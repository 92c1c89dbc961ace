import { expect, it as test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { renderProblem } from '../../shared/text/problem-text.ts'

function rendered(text: string, colour = false): string {
  const { problems } = checkRules([{ file: 'shop.rules', text }])
  return problems.map((problem) => renderProblem(problem, text, { colour })).join('\n')
}

test('a problem is shown with its line, a caret under what is wrong, and what to do', () => {
  expect(rendered('// Signal: A (low)\ntrace.has(a)\n  && trace.has(b)')).toBe(
    `shop.rules:3:3  wrong-operator  "&&" is not an operator of this language
  |
3 |   && trace.has(b)
  |   ^^
  = write "and"`,
  )
})

test('carets point to the text with tabs, wide line numbers, CRLF and a byte order mark', () => {
  const text = `\uFEFF${'// c\r\n'.repeat(99)}// Signal: A (low)\r\n\ta\t&& b\r\n`
  expect(rendered(text).split('\n').slice(1)).toEqual([
    '    |',
    '101 | \ta\t&& b',
    '    | \t \t^^',
    '    = write "and"',
  ])
})

test('a problem over several lines is underlined to the end of its first', () => {
  expect(rendered('// Signal: A (low)\nx.where(latency_ms >\n 5s)').split('\n').slice(2, 4)).toEqual([
    '2 | x.where(latency_ms >',
    '  |         ^^^^^^^^^^^^',
  ])
})

test('a long line is cut around the problem', () => {
  const long = `${'a and '.repeat(200)}b && c${' and d'.repeat(200)}`
  const [, , line = '', carets = ''] = rendered(`// Signal: A (low)\n${long}`).split('\n')
  expect(line.length).toBeLessThan(130)
  expect(line.slice(carets.indexOf('^'), carets.indexOf('^') + 2)).toBe('&&')
})

test('colour is added only where it is asked for', () => {
  const text = '// Signal: A (low)\na && b'
  const plain = rendered(text)
  expect(plain).not.toContain('\u001B')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ANSI escapes begin with one
  expect(rendered(text, true).replace(/\u001B\[\d+m/g, '')).toBe(plain)
})

test.each([
  ['in the line', '// Signal: A (low)\na && "\u001B[31m"'],
  ['in a message', '// Signal: A (\u001B[31m)\na'],
  ['in a hint', '// Signal: A (low)\nt match/\u001B[31m/'],
  ['that turn text around', '// Signal: A (\u202E)\na'],
])('control characters of a file do not reach the terminal: those %s', (_, text) => {
  expect(rendered(text).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202E]/u)
})

test('a message that quotes several lines stays on one', () => {
  const shown = rendered('// Signal: A (low)\ntrace.count(a\n)\n > x and trace.sum(\nb')
  expect(shown.split('\n').filter((line) => !/^(?:shop\.rules:| *\d* [|=] )/.test(`${line} `))).toEqual([])
})
