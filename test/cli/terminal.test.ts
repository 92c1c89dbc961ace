import { expect, test } from 'vitest'
import { guarded, overwriteLine, paint, writeMarkdown } from '../../cli/terminal.ts'
import { fakeScreen, fakeTerminal } from './fake-terminal.ts'

const HOSTILE = 'a\x1b]0;title\x07b\u202ec\u200ed\u061ce\x9bf\r\n::warning::g\n  ##[error]h\n'
const SHOWN = 'a\\u001b]0;title\\u0007b\\u202ec\\u200ed\\u061ce\\u009bf\\r\n\\u003a:warning::g\n  \\u0023#[error]h\n'

test('a guarded screen shows no control or invisible character, and no line that is a command to CI', () => {
  const terminal = fakeTerminal()
  const { stdout, stderr } = guarded(terminal)
  stdout.write(HOSTILE)
  stderr.write(Buffer.from(HOSTILE))
  expect([terminal.stdout.text(), terminal.stderr.text()]).toEqual([SHOWN, SHOWN])
})

test('colours pass to a terminal alone', () => {
  const screen = fakeScreen({ isTTY: true })
  const painted = paint(screen, 'red', 'x')
  const { stdout } = guarded({ ...fakeTerminal(), stdout: screen })
  stdout.write(`${painted}\x1b[5m\n`)
  expect(screen.text()).toBe(`${painted}${'\\u001b[5m'}\n`)
  const plain = fakeTerminal()
  guarded(plain).stdout.write('\x1b[31mx\x1b[39m\n')
  expect(plain.stdout.text()).toBe('\\u001b[31mx\\u001b[39m\n')
})

test('a guarded screen is written over by what may write over it, which is guarded as well', () => {
  const screen = fakeScreen({ isTTY: true })
  const { stdout } = guarded({ ...fakeTerminal(), stdout: screen })
  overwriteLine(stdout, 'half\x07 done')
  expect(screen.text()).toBe('\r\x1b[2Khalf\\u0007 done')
})

test('headings of Markdown pass, whatever else begins with their sign does not', async () => {
  const terminal = fakeTerminal()
  await writeMarkdown(guarded(terminal).stdout, '### a\u202e\n## b\n ### c\n')
  expect(terminal.stdout.text()).toBe('### a\\u202e\n\\u0023# b\n \\u0023## c\n')
})

test('a terminal that is guarded already is guarded once', () => {
  const terminal = guarded(fakeTerminal())
  expect(guarded(terminal)).toBe(terminal)
})
