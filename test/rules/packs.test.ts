import { readFileSync } from 'node:fs'
import * as stable from '@opentelemetry/semantic-conventions'
import * as incubating from '@opentelemetry/semantic-conventions/incubating'
import { expect, test } from 'vitest'
import { DEFAULT_PACKS } from '../../infra/settings.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { canonicalBody } from '../../shared/rules/print/canonical.ts'
import { operandsOf, testsOf } from '../../shared/rules/walk.ts'
import { renderProblem } from '../../shared/text/problem-text.ts'
import { DEFAULT_RULES, shippedPacks } from '../shipped-packs.ts'

const packs = shippedPacks()

test('a server in a checkout and a deployed stack have the same packs in force by default', () => {
  const files = shippedPacks([DEFAULT_RULES]).map(({ file }) => file.replace('.rules', ''))
  expect(files.toSorted()).toEqual(DEFAULT_PACKS.toSorted())
})

test('the packs in force by default name no spans, which others call as they like, save the probe of doctor', () => {
  const { rules } = checkRules(shippedPacks([DEFAULT_RULES]))
  const named = rules.filter(({ body }) => /has\((?!any\b)/.test(canonicalBody(body)))
  expect(named.map(({ name }) => name)).toEqual(['BETRACE_DOCTOR_PROBE'])
})

test('the packs that ship check clean as one set', () => {
  const { rules, problems, ruleCount } = checkRules(packs)
  const shown = problems.map((problem) => {
    const text = packs.find(({ file }) => file === problem.file)?.text ?? ''
    return renderProblem(problem, text, { colour: false })
  })
  expect(shown).toEqual([])
  expect(rules).toHaveLength(ruleCount)
})

test('every rule that ships says what it is about', () => {
  const { rules } = checkRules(packs)
  expect(rules.filter(({ metadata }) => metadata.description === undefined || metadata.tags.length === 0)).toEqual([])
})

test('every runbook of a shipped rule is a heading of the page on packs, and every heading there is a rule', () => {
  const page = readFileSync('docs/rule-packs.md', 'utf8')
  const headings = [...page.matchAll(/^### (\S+)$/gm)].map(([, name = '']) => name)
  const withRunbook = checkRules(packs).rules.filter(({ metadata }) => metadata.runbook !== undefined)
  expect(withRunbook.map(({ name, metadata }) => [name, metadata.runbook])).toEqual(
    withRunbook.map(({ name }) => [name, `docs/rule-packs.md#${name.toLowerCase()}`]),
  )
  expect(headings.toSorted()).toEqual(withRunbook.map(({ name }) => name).toSorted())
})

test('the packs that ship use attributes that the semantic conventions have, save in the examples', () => {
  const conventions = new Set(
    Object.entries({ ...stable, ...incubating })
      .filter(([key]) => key.startsWith('ATTR_'))
      .flatMap(([, value]) => (typeof value === 'string' ? [value] : [])),
  )
  const examples = ['expected-behaviour.rules', 'failover.rules', 'payments.rules', 'resilience.rules']
  const { rules } = checkRules(packs.filter(({ file }) => !examples.includes(file)))
  const conditions = rules.flatMap(({ body }) =>
    body.kind === 'pattern' ? [body.condition] : [body.when, body.always, body.never, body.except],
  )
  const tests = [...testsOf(conditions.filter((condition) => condition !== undefined))]
  const used = tests.flatMap(({ test }) => [...operandsOf(test)])
  const keys = used.flatMap((operand) => (operand.kind === 'attribute' ? [operand.key] : []))
  const isHeader = (key: string) => /^http\.(request|response)\.header\./.test(key)
  expect(keys.length).toBeGreaterThan(100)
  expect([...new Set(keys)].filter((key) => !conventions.has(key) && !isHeader(key))).toEqual([])
})

test('the packs hold the first invariants of the project', () => {
  const names = checkRules(packs).rules.map(({ name }) => name)
  expect(names).toEqual(
    expect.arrayContaining([
      'PAYMENT_INVARIANT_VIOLATION',
      'CACHE_BYPASS_DETECTED',
      'TENANT_ISOLATION_VIOLATION',
      'DATA_LOSS_DETECTED',
      'WRITE_TO_REPLICA_DETECTED',
      'CIRCUIT_BREAKER_NOT_OPENED',
      'REQUEST_DURING_OPEN_CIRCUIT',
      'RETRY_LIMIT_EXCEEDED',
      'BACKOFF_TOO_AGGRESSIVE',
      'DROPPED_REQUESTS_DURING_FAILOVER',
      'CROSS_REGION_DATA_ACCESS',
    ]),
  )
})
