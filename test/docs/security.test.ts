import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SHOWN_BY } from './security-tests.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

interface Threat {
  readonly hop: string
  readonly kind: string
  readonly threat: string
  readonly control: string
  readonly limit: string
}

/** Rows of the tables of docs/security.md, with the heading above them. */
function threatsIn(page: string): readonly Threat[] {
  return page.split('\n## ').flatMap((section) => {
    const [hop = '', ...lines] = section.split('\n')
    const rows = lines
      .filter((line) => /^\| [A-Z] /.test(line))
      .map((line) => line.split('|').map((part) => part.trim()))
    return rows.map(([, kind = '', threat = '', control = '', limit = '']) => ({ hop, kind, threat, control, limit }))
  })
}

const threats = threatsIn(read('docs/security.md'))
const keyOf = ({ hop, threat }: Pick<Threat, 'hop' | 'threat'>) => `${hop}: ${threat}`
const testsOf = new Map(SHOWN_BY.map((entry) => [keyOf(entry), entry.tests]))

test('every hop has its threats, of every kind somewhere', () => {
  expect(threats.length).toBeGreaterThan(60)
  expect(new Set(threats.map(({ hop }) => hop)).size).toBe(14)
  expect(new Set(threats.map(({ kind }) => kind))).toEqual(new Set('STRIDE'))
})

test.each(threats)('"$threat" has a control, and a test or a reason', (threat) => {
  expect(threat.threat.length).toBeGreaterThan(10)
  expect(threat.control.length).toBeGreaterThan(10)
  const isArgued = /\bon a real account only\b/.test(threat.limit) || /^accepted: .{20}/.test(threat.limit)
  expect(isArgued || (testsOf.get(keyOf(threat)) ?? []).length > 0).toBe(true)
})

test('tests are listed only for threats of the page', () => {
  const known = new Set(threats.map(keyOf))
  expect([...testsOf.keys()].filter((key) => !known.has(key))).toEqual([])
})

test('every test that is listed exists, by its title', () => {
  const listed = SHOWN_BY.flatMap(({ tests }) => tests)
  expect(listed.length).toBeGreaterThan(80)
  const missing = listed.filter(
    ([path, title]) => !["'", '`', '"'].some((quote) => read(path).includes(`${quote}${title}${quote}`)),
  )
  expect(missing).toEqual([])
})
