import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { lintRules } from '../../shared/rules/lint/lint.ts'
import { RULE_WARNING_CODES } from '../../shared/rules/lint/warning.ts'
import { sampled } from '../catalogue/sampled.ts'

const page = readFileSync(new URL('../../docs/warnings.md', import.meta.url), 'utf8')
const sections = page.split(/^### /m).slice(1)

const sample = sampled({ 'cart.validate': {}, 'payment.charge': { amount: 'int', currency: 'string' } }, 20)

/** The warnings of an example as the page writes them; a header stands above an example that leaves it out. */
function warningsOf(example: string, code: string) {
  const text = example.replace(/^\/\/ warning .*\n/gm, '')
  const offset = text.includes('// Signal:') ? 0 : 1
  const written = offset === 0 ? text : `// Signal: EXAMPLE (info)\n${text}`
  const { rules, problems } = checkRules([{ file: 'example.rules', text: written }])
  expect(problems).toEqual([])
  const { items: warnings } = lintRules(rules, /^(?:unknown|absent)-/.test(code) ? sample : undefined)
  return warnings.map(
    ({ code, range: { start }, hint }) => `${code} at ${start.line - offset}:${start.column}: ${hint}`,
  )
}

describe.each(sections.map((section) => [section.split('\n')[0] ?? '', section] as const))('%s', (code, section) => {
  const examples = [...section.matchAll(/^```betrace\n(.*?)^```$/gms)].map(([, example = '']) => example)

  test('is shown by an example that is warned of, and by none that is warned of otherwise', () => {
    const expected = examples.map((example) => [...example.matchAll(/^\/\/ warning (.*)$/gm)].map(([, line]) => line))
    expect(examples.map((example) => warningsOf(example, code))).toEqual(expected)
    expect(expected.flat().every((line) => line?.startsWith(`${code} at `))).toBe(true)
    expect(expected.flat().length).toBeGreaterThan(0)
  })
})

test('the page has a heading for each code there is, and for no other', () => {
  const headings = sections.map((section) => section.split('\n')[0] ?? '')
  expect(headings.toSorted()).toEqual([...RULE_WARNING_CODES].toSorted())
})
