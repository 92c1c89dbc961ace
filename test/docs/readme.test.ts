import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { runInProcess } from '../cli/fake-terminal.ts'
import { runtimes } from '../local/harness.ts'
import { DEFAULT_RULES, shippedPacks } from '../shipped-packs.ts'

const { newHome, now, pass, start } = runtimes()

const read = (page: string) => readFileSync(join(import.meta.dirname, '../..', page), 'utf8')

test('the command line page names every command there is', async () => {
  const { out } = await runInProcess(['--help'])
  const commands = [...out.matchAll(/^ {2}(\w+)(?: \[options\].*| {2,}.*)$/gm)].map(([, name]) => name ?? '')
  expect(commands.length).toBeGreaterThan(8)
  const page = read('docs/reference/command-line.md')
  for (const command of commands) expect(page).toMatch(new RegExp(`^\\| .*\`${command}[ \`]`, 'm'))
})

test('the configuration page names every option of serve with its environment variable', async () => {
  const { out } = await runInProcess(['serve', '--help'])
  const options = out.slice(out.indexOf('Options:'), out.indexOf('Examples:')).split(/\n(?= {2}-)/)
  const page = read('docs/reference/configuration.md')
  for (const text of options.slice(1)) {
    const [, option = ''] = /(--[\w-]+)/.exec(text) ?? []
    if (option === '--help') continue
    const [, variable = ''] = /env:\s+(BETRACE_\w+)/.exec(text) ?? []
    expect(page).toMatch(new RegExp(`^\\|[^\n]*\`${option}[^\n]*\`${variable}\``, 'm'))
  }
})

test.each(['README.md', 'docs/writing-rules.md'])('the rules in %s are well formed', (page) => {
  const rules = [...read(page).matchAll(/```\n(\/\/ Signal:[\s\S]*?)```/g)].map(([, rule]) => rule)
  expect(rules.length).toBeGreaterThan(1)
  expect(checkRules([{ file: page, text: rules.join('\n') }]).problems).toEqual([])
})

test('the trace to paste breaks one rule of those in force by default, and the signal is the one shown', async () => {
  const page = read('README.md')
  const [, body = ''] = /curl http:\S+ -H 'content-type: application\/json' -d '([\s\S]*?)'\n```/.exec(page) ?? []
  const packs = shippedPacks([DEFAULT_RULES])
  const live = checkRules(packs).rules.flatMap(({ name, metadata }) => (metadata.mode === 'live' ? [name] : []))
  const runtime = await start(newHome(packs.map(({ text }) => text).join('\n')))
  const response = await fetch(`${runtime.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: body.replaceAll("'$now'", `${Math.floor(now() / 1_000)}000000000`),
  })
  expect(response.status).toBe(200)
  await pass(runtime, 15_000)
  const sent = runtime.signals.find({}).filter(({ event }) => live.includes(event.data.signal))
  expect(sent).toHaveLength(1)
  const { signal, ruleDescription, evidence } = sent[0]?.event.data ?? expect.fail('no signal')
  const [, shown = ''] = new RegExp(`\`\`\`\n([A-Z]+ ${signal} [\\s\\S]*?)\`\`\``).exec(page) ?? []
  expect(words(shown)).toContain(words(`${ruleDescription} ${evidence.text}`))
})

/** Where lines end depends on the width of the terminal, and of the page. */
function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
