import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { readTestFile } from '../../../cli/rule-tests/test-file.ts'

const path = new URL('../../../docs/editor/betrace-test.schema.json', import.meta.url)
const schema = JSON.parse(readFileSync(path, 'utf8'))
const validate = new Ajv({ strict: true, strictRequired: false }).compile(schema)

/** A schema cannot say that no rule is in two lists. */
const isRead = (yaml: string) => readTestFile(yaml).problems.every(({ message }) => message.endsWith('is named twice'))

const TEST = { name: 'a', trace: 'a', signals: [] }

test.each([
  ['the least', { tests: [TEST] }],
  ['one rule for a list', { tests: [{ ...TEST, signals: 'A' }] }],
  ['every key', { rules: ['a.rules'], tests: [{ ...TEST, signals: ['A'], satisfied: ['B'], vacuous: ['C'] }] }],
  ['a file for a trace', { tests: [{ name: 'a', file: 'a.json', traceId: 'ab', signals: [] }] }],
])('tests with %s are accepted by schema and reader', (_what, content) => {
  expect(readTestFile(stringify(content)).problems).toEqual([])
  expect(validate(content) || validate.errors).toBe(true)
})

// No empty values: the reader takes one for none, where an editor had better ask for some.
const values = ['a', 7, true, [], ['a'], [7], { a: 'b' }]
const keys = ['name', 'trace', 'file', 'traceId', 'signals', 'satisfied', 'vacuous', 'severity', 'rules', 'tests']

/** A good file with one or two values changed, added or taken out. */
const content = fc
  .array(fc.tuple(fc.constantFrom(...keys), fc.constantFrom(...values, undefined)), { minLength: 1, maxLength: 2 })
  .map((changes) => {
    const one = Object.fromEntries([
      ...Object.entries(TEST),
      ...changes.filter(([key]) => key in TEST || key !== 'tests'),
    ])
    const { rules, ...test } = one
    const file = { tests: [test], ...(rules !== undefined && { rules }) }
    return Object.fromEntries([...Object.entries(file), ...changes.filter(([key]) => key === 'tests')])
  })

test('schema and reader agree on whatever is under the keys', () => {
  let accepted = 0
  fc.assert(
    fc.property(content, (one) => {
      const yaml = stringify(one)
      const isValid = validate(parse(yaml)) === true
      if (isValid) accepted += 1
      expect([yaml, isValid]).toEqual([yaml, isRead(yaml)])
    }),
    { seed: 5, numRuns: 1000 },
  )
  expect(accepted).toBeGreaterThan(50)
})
