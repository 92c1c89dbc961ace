import { expect, test } from 'vitest'
import { wrapLines, wrapping } from '../../cli/wrap.ts'
import { fakeScreen } from './fake-terminal.ts'

test('a long line is broken at spaces, its rest indented deeper', () => {
  expect(wrapLines('short\n  one two three four five six seven', 20)).toBe(
    'short\n  one two three four\n      five six seven',
  )
})

test('a word longer than the screen is left whole', () => {
  const word = 'x'.repeat(50)
  expect(wrapLines(`  a ${word} b`, 20)).toBe(`  a\n      ${word} b`)
})

test('a line that fits, or is coloured, is left as it is', () => {
  const coloured = `\x1b[31m${'red '.repeat(10)}\x1b[39m`
  expect(wrapLines(`${'x'.repeat(20)}\n${coloured}`, 20)).toBe(`${'x'.repeat(20)}\n${coloured}`)
})

test('only a terminal is wrapped', () => {
  const file = fakeScreen({ columns: 40 })
  expect(wrapping(file)).toBe(file)
  const screen = fakeScreen({ isTTY: true, columns: 40 })
  wrapping(screen).write(`${'word '.repeat(10)}end\n`)
  expect(screen.text()).toBe(`${'word '.repeat(7)}word\n    word word end\n`)
})
