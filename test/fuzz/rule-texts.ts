import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { aggregates, groups } from '../cases/aggregates.ts'
import { definitions } from '../cases/definitions.ts'
import { firstSlice } from '../cases/first-slice.ts'
import { boundBody } from '../reference/bound-rules.ts'
import { anyBody } from '../reference/rules.ts'
import { shippedPacks, shippedRuleTests } from '../shipped-packs.ts'

const root = new URL('../../', import.meta.url)
const HEADER = '// Signal: A (high)\n'

/** Rule files to change: the packs that ship, the examples of the grammar, the rules of the cases, and random ones. */
export function ruleTexts(): readonly string[] {
  const cases = [...aggregates, ...groups, ...definitions, ...Object.values(firstSlice).flat()]
  const random = fc.sample(fc.oneof(anyBody, boundBody), { numRuns: 60, seed: 1 })
  const bodies = [...cases.map(({ rule }) => rule), ...random].map((body) => `${HEADER}${body}\n`)
  const written = examples('betrace').map((text) => (text.includes('// Signal:') ? text : `${HEADER}${text}`))
  return [...shippedTexts().flatMap(withParts), ...written, ...bodies]
}

/** YAML packs to change: the examples of the grammar, and rules of the packs that ship as YAML. */
export function packTexts(): readonly string[] {
  const bodies = shippedTexts().flatMap((text) => text.split(/^\/\/ Signal: .*$/m).slice(1))
  const packs = bodies.map((body, index) => {
    const condition = body.replace(/^\s*\/\/.*$/gm, '').trim()
    const block = index % 2 === 0 ? `|\n${condition.replace(/^/gm, '      ')}` : JSON.stringify(condition)
    return `rules:\n  - id: rule_${index}\n    severity: high\n    tags: [a, "b c"]\n    description: >\n      folded\n      text\n    condition: ${block}\n`
  })
  return [...examples('yaml'), ...packs, ...ODD_PACKS]
}

/** What YAML can do beyond what packs need. */
const ODD_PACKS = [
  `a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: &d [*c, *c, *c]\nrules: [*d, *d]\n`,
  `rules:\n  - &base\n    id: a\n    severity: low\n    condition: a\n  - <<: *base\n    id: b\n  - *base\n`,
  `rules: &r\n  - *r\n`,
  `rules:\n  - {id: a, severity: low, condition: !!str 5, id: b}\n  - !!map {id: 0x1F, severity: 1e999, condition: null}\n`,
  `%YAML 1.2\n---\nrules:\n- ? id\n  : a\n  ? [severity]\n  : low\n---\nrules: []\n`,
  `rules:\n  - id: "\\u0000\\ud83d\\ude00"\n    severity: 'lo''w'\n    condition: "a\\\n      b \\x41 \\U0001F600"\n`,
  `"rules": !!set {a, b}\n`,
  `rules: !!binary aGVsbG8=\n`,
  `rules:\n  - id: a\n    severity: low\n    condition: |2-\n        a and\n      b\n`,
  `rules:\n  - id: 2025-01-01\n    severity: low\n    condition: >+\n\n      a\n\n        and b\n\n`,
]

/** Files of rule tests to change. */
export function ruleTestTexts(): readonly string[] {
  return shippedRuleTests().flatMap(({ text }) => {
    const [head = '', ...tests] = text.split(/^(?= {2}- name:)/m)
    return [text, ...tests.map((test) => head + test)]
  })
}

function shippedTexts(): readonly string[] {
  return shippedPacks().map(({ text }) => text)
}

function withParts(text: string): readonly string[] {
  return [text, ...text.split(/^(?=\/\/ Signal:)/m)]
}

function examples(language: string): readonly string[] {
  const readme = readFileSync(new URL('grammar/README.md', root), 'utf8')
  return [...readme.matchAll(/^```(betrace|yaml)\n(.*?)^```$/gms)]
    .filter(([, tongue]) => tongue === language)
    .map(([, , content = '']) => content.replace(/^(?:\/\/|#) error .*$/gm, ''))
}
