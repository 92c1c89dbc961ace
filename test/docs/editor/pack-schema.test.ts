import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { checkRules } from '../../../shared/rules/check/check.ts'

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

// No empty text: the loader takes one for none, where an editor had better ask for some.
const values = ['A', 'b c', 'low', 'live', 'shadow', 7, true, ['a', 1], [['a']], { a: 'b' }, undefined]
const keys = ['id', 'severity', 'condition', 'name', 'description', 'runbook', 'owner', 'tags', 'mode', 'title']

/** A good rule with one or two values changed, added or taken out. */
const rule = fc
  .array(fc.tuple(fc.constantFrom(...keys), fc.constantFrom(...values)), { minLength: 1, maxLength: 2 })
  .filter((changes) => changes.every(([key, value]) => key !== 'condition' || value !== 'b c'))
  .map((changes) => ({ id: 'A', severity: 'low', condition: 'a', ...Object.fromEntries(changes) }))

test('schema and loader agree on whatever is under the keys', () => {
  let accepted = 0
  fc.assert(
    fc.property(rule, (one) => {
      const yaml = stringify({ rules: [one] })
      const isValid = validate(parse(yaml))
      if (isValid) accepted += 1
      expect([yaml, isValid]).toEqual([yaml, refusals(yaml).length === 0])
    }),
    { seed: 3, numRuns: 500 },
  )
  expect(accepted).toBeGreaterThan(50)
})
