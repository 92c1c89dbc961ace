import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkRules } from '../../shared/rules/check.ts'
import { isRuleFileName } from '../../shared/rules/read.ts'
import { renderProblem } from '../../shared/rules/render.ts'

const folder = new URL('../../rules/', import.meta.url)
const packs = readdirSync(folder)
  .filter(isRuleFileName)
  .map((file) => ({ file, text: readFileSync(new URL(file, folder), 'utf8') }))

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
