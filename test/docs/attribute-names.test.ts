import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RENAMED_ATTRIBUTES } from '../../shared/trace/renamed-attributes.ts'

const page = readFileSync(new URL('../../docs/attribute-names.md', import.meta.url), 'utf8')

test('the page lists each row of the table, and no other', () => {
  const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ')
  const expected = RENAMED_ATTRIBUTES.flatMap(({ rows = [], narrower = [] }) => [
    ...rows.map(([newer, ...older]) => `| \`${newer}\` | ⇄ | ${code(older)} |`),
    ...narrower.map(([newer, ...older]) => `| \`${newer}\` | ← | ${code(older)} |`),
  ])
  const listed = [...page.matchAll(/^\| `.*$/gm)].map(([line]) => line.split('|').map((cell) => cell.trim()))
  expect(listed.map(([, newer, sign, older]) => `| ${newer} | ${sign} | ${older} |`)).toEqual(expected)
})
