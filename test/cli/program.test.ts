import { expect, test } from 'vitest'
import { runInProcess } from './fake-terminal.ts'

test('the help of every command shows its options and an example', async () => {
  const { exitCode, out } = await runInProcess(['--help'])
  expect(exitCode).toBe(0)
  const commands = [...out.matchAll(/^ {2}(\w+) .*(?:\[options\]|<)/gm)].map(([, name]) => name ?? '')
  expect(commands).toContain('check')
  for (const command of commands) {
    const help = await runInProcess([command, '--help'])
    expect(help.exitCode).toBe(0)
    expect(help.out).toContain(`Usage: betrace ${command}`)
    expect(help.out).toMatch(/Examples:\n {2}# .+\n {2}\$ betrace /)
  }
})

test('the version is that of the package', async () => {
  const { exitCode, out } = await runInProcess(['--version'])
  expect({ exitCode, out }).toEqual({ exitCode: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

test('without a command the help goes to stderr and the exit code is 2', async () => {
  const { exitCode, out, err } = await runInProcess([])
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
  expect(err).toContain('Usage: betrace')
})

test('an unknown command is answered with the nearest known one', async () => {
  const { exitCode, err } = await runInProcess(['chekc'])
  expect(exitCode).toBe(2)
  expect(err).toContain("betrace: unknown command 'chekc'; did you mean check?")
})
