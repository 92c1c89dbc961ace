import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

interface Threat {
  readonly hop: string
  readonly kind: string
  readonly threat: string
  readonly control: string
  readonly shownBy: string
}

/** Rows of the tables of docs/security.md, with the heading above them. */
function threatsIn(page: string): readonly Threat[] {
  return page.split('\n## ').flatMap((section) => {
    const [hop = '', ...lines] = section.split('\n')
    const rows = lines
      .filter((line) => /^\| [A-Z*]/.test(line))
      .map((line) => line.split('|').map((part) => part.trim()))
    return rows.map(([, kind = '', threat = '', control = '', shownBy = '']) => ({
      hop,
      kind,
      threat,
      control,
      shownBy,
    }))
  })
}

/** `` `test/a.test.ts`: "one", "two" `` → each title with its file. */
function testsNamedIn(text: string): readonly (readonly [path: string, title: string])[] {
  const named = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`: ("[^"]+"(?:, "[^"]+")*)/g)]
  return named.flatMap(([, path = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => [path, title] as const),
  )
}

const threats = threatsIn(read('docs/security.md'))

test('every hop has its threats, of every kind somewhere', () => {
  expect(threats.length).toBeGreaterThan(60)
  expect(new Set(threats.map(({ hop }) => hop)).size).toBe(14)
  expect(new Set(threats.map(({ kind }) => kind))).toEqual(new Set('STRIDE'))
})

test.each(threats)('"$threat" has a control, and a test or a reason', ({ threat, control, shownBy }) => {
  expect(threat.length).toBeGreaterThan(10)
  expect(control.length).toBeGreaterThan(10)
  const isArgued = /\bon a real account only\b/.test(shownBy) || /^accepted: .{20}/.test(shownBy)
  expect([shownBy, isArgued || testsNamedIn(shownBy).length > 0]).toEqual([shownBy, true])
  // A file that is named without a title, or a title that is spelt in another way, would go unseen below.
  expect(shownBy.split('`test/').length - 1).toBe(shownBy.match(/`test\/[^`]+\.test\.ts`: "/g)?.length ?? 0)
})

test('every test that is named exists, by its title', () => {
  const named = threats.flatMap(({ shownBy }) => testsNamedIn(shownBy))
  expect(named.length).toBeGreaterThan(80)
  const missing = named.filter(
    ([path, title]) => !["'", '`', '"'].some((quote) => read(path).includes(`${quote}${title}${quote}`)),
  )
  expect(missing).toEqual([])
})
