import { expect, test } from 'vitest'
import { createProgress } from '../../cli/progress.ts'
import { fakeScreen } from './fake-terminal.ts'

test('progress appears after two seconds, at most ten times a second, and is wiped away', () => {
  let now = 0
  const screen = fakeScreen({ isTTY: true, columns: 80 })
  const progress = createProgress(screen, () => now)
  for (now = 0; now <= 2250; now += 50) progress.show(`at ${now}`)
  progress.clear()
  progress.clear()
  expect(screen.text()).toBe('\r\x1b[2Kat 2000\r\x1b[2Kat 2100\r\x1b[2Kat 2200\r\x1b[2K')
})

test('nothing is shown where the stream is not a terminal', () => {
  let now = 0
  const screen = fakeScreen()
  const progress = createProgress(screen, () => now)
  now = 5000
  progress.show('working')
  progress.clear()
  expect(screen.text()).toBe('')
})
