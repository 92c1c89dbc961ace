import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { runInProcess } from '../cli/fake-terminal.ts'

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

test('the README names every command there is', async () => {
  const { out } = await runInProcess(['--help'])
  const commands = [...out.matchAll(/^ {2}(\w+)(?: \[options\].*| {2,}.*)$/gm)].map(([, name]) => name ?? '')
  expect(commands.length).toBeGreaterThan(8)
  for (const command of commands) expect(readme).toMatch(new RegExp(`^\\| .*\`${command}[ \`]`, 'm'))
})

test('the README names every option of serve with its environment variable', async () => {
  const { out } = await runInProcess(['serve', '--help'])
  const options = out.slice(out.indexOf('Options:'), out.indexOf('Examples:')).split(/\n(?= {2}-)/)
  for (const text of options.slice(1)) {
    const [, option = ''] = /(--[\w-]+)/.exec(text) ?? []
    if (option === '--help') continue
    const [, variable = ''] = /env:\s+(BETRACE_\w+)/.exec(text) ?? []
    expect(readme).toMatch(new RegExp(`^\\|[^\n]*\`${option}[^\n]*\`${variable}\``, 'm'))
  }
})

test('the rules in the README are well formed', () => {
  const rules = [...readme.matchAll(/```\n(\/\/ Signal:[\s\S]*?)```/g)].map(([, rule]) => rule)
  expect(rules.length).toBeGreaterThan(1)
  expect(checkRules([{ file: 'README.md', text: rules.join('\n') }]).problems).toEqual([])
})
