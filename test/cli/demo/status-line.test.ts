import { expect, test } from 'vitest'
import { createStatusLine } from '../../../cli/demo/status-line.ts'
import { fakeScreen } from '../fake-terminal.ts'

test('text goes above the line, which is drawn again below it', () => {
  const screen = fakeScreen({ isTTY: true, columns: 60 })
  const status = createStatusLine(screen)
  status.above.write('first\n')
  status.show('1 of 2')
  status.above.write('second\n')
  status.show('2 of 2')
  status.end()
  status.above.write('third\n')
  const clear = '\r\x1b[2K'
  expect(screen.text()).toBe(`first\n${clear}1 of 2${clear}second\n${clear}1 of 2${clear}2 of 2${clear}third\n`)
})

test('no line is shown on a screen that is not a terminal', () => {
  const screen = fakeScreen()
  const status = createStatusLine(screen)
  status.show('1 of 2')
  status.above.write('text\n')
  status.end()
  expect(screen.text()).toBe('text\n')
})
