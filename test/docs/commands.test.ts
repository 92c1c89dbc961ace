import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readSettings } from '../../infra/settings.ts'
import { runInProcess } from '../cli/fake-terminal.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const PAGES = ['docs', 'docs/reference'].flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file}`),
)

/** The commands of ours that a page names: words after `betrace` up to the first that is not a command. */
function commandsIn(text: string): readonly string[] {
  const found = [...text.matchAll(/(?:run betrace -- |`betrace )((?:[a-z]+ ?)+)/g)]
  return [...new Set(found.map(([, words = '']) => words.trim()))]
}

describe.each(PAGES)('%s', (page) => {
  test('names only commands that exist', async () => {
    for (const command of commandsIn(read(page))) {
      const words = command
        .split(' ')
        .slice(0, ['keys', 'rules', 'signals', 'spans', 'experiment'].includes(command.split(' ')[0] ?? '') ? 2 : 1)
      expect(await runInProcess([...words, '--help']), command).toMatchObject({
        exitCode: 0,
        out: expect.stringContaining(`Usage: betrace ${words.join(' ')}`),
      })
    }
  })

  test('names only npm scripts and files that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: object }
    for (const [, script = ''] of read(page).matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty(script)
    for (const [, path = ''] of read(page).matchAll(/`((?:test|bench|shared|infra)\/[\w/.-]+\.ts)`/g)) {
      expect(() => read(path), path).not.toThrow()
    }
  })
})

test('the settings table has every setting with its default', () => {
  const rows = [...read('docs/reference/stack-settings.md').matchAll(/^\| `(\w+)` +\| (\S+) +\|/gm)]
  const table = Object.fromEntries(rows.map(([, name, value]) => [name, value === 'none' ? '' : value]))
  const defaults = readSettings({ getAllContext: () => ({}) })
  expect(table).toEqual(Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, String(value)])))
})
