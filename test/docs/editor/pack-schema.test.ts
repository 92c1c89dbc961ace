import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { checkRules } from '../../../shared/rules/check.ts'

const path = new URL('../../../docs/editor/betrace-pack.schema.json', import.meta.url)
const schema = JSON.parse(readFileSync(path, 'utf8'))
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema)

/** What the loader refuses about a pack besides its conditions, which a schema cannot read. */
function refusals(yaml: string): readonly string[] {
  return checkRules([{ file: 'a.yaml', text: yaml }]).problems.map(({ code, message }) => `${code}: ${message}`)
}

const RULE = 'id: A\n  severity: low\n  condition: a'

test.each([
  ['the least', `rules:\n- ${RULE}`],
  [
    'every key',
    `rules:\n- ${RULE}\n  name: n\n  description: d\n  runbook: https://r.example\n  owner: o\n  tags: [a, 1]\n  mode: shadow`,
  ],
  ['tags as text', `rules:\n- ${RULE}\n  tags: a, b`],
  ['JSON', '{"rules": [{"id": "A", "severity": "info", "condition": "a"}]}'],
])('a pack with %s is accepted by schema and loader', (_what, yaml) => {
  expect(refusals(yaml)).toEqual([])
  expect(validate(parse(yaml)) || validate.errors).toBe(true)
})

test.each([
  ['a list', `- ${RULE}`],
  ['nothing', ''],
  ['no rules', 'rules: []'],
  ['another key beside rules', `rules:\n- ${RULE}\nversion: 1`],
  ['a rule that is text', 'rules: [a]'],
  ['no id', 'rules:\n- severity: low\n  condition: a'],
  ['no severity', 'rules:\n- id: A\n  condition: a'],
  ['no condition', 'rules:\n- id: A\n  severity: low'],
  ['an empty condition', 'rules:\n- id: A\n  severity: low\n  condition: ""'],
  ['an id with blanks', 'rules:\n- id: "A B"\n  severity: low\n  condition: a'],
  ['an unknown severity', 'rules:\n- id: A\n  severity: urgent\n  condition: a'],
  ['an unknown key', `rules:\n- ${RULE}\n  severty: low`],
  ['a number for a text', `rules:\n- ${RULE}\n  owner: 7`],
  ['an unknown mode', `rules:\n- ${RULE}\n  mode: off`],
  ['a map for tags', `rules:\n- ${RULE}\n  tags: {a: b}`],
  ['a list among tags', `rules:\n- ${RULE}\n  tags: [[a]]`],
])('a pack with %s is refused by schema and loader', (_what, yaml) => {
  expect(refusals(yaml)).not.toEqual([])
  expect(validate(parse(yaml))).toBe(false)
})

const value = fc.constantFrom<unknown>('A', 'b c', 'low', 'live', 7, true, ['a', 1], [['a']], { a: 'b' })
const rule = fc
  .record(
    {
      id: fc.oneof({ weight: 4, arbitrary: fc.constant('A') }, value),
      severity: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('critical', 'high', 'medium', 'low', 'info') }, value),
      condition: fc.oneof({ weight: 4, arbitrary: fc.constant('trace.has(a)') }, fc.constantFrom(7, ['a'])),
      name: value,
      description: value,
      runbook: value,
      owner: value,
      tags: value,
      mode: fc.oneof(fc.constantFrom('live', 'shadow'), value),
      title: value,
    },
    { requiredKeys: [] },
  )
  .map((entries) => ({ id: 'A', severity: 'low', condition: 'a', ...entries }))

test('schema and loader agree on whatever stands under the keys', () => {
  fc.assert(
    fc.property(rule, (one) => {
      const yaml = stringify({ rules: [one] })
      expect([yaml, validate(parse(yaml))]).toEqual([yaml, refusals(yaml).length === 0])
    }),
    { seed: 3, numRuns: 500 },
  )
})
