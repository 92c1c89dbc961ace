import { expect, test } from 'vitest'
import { compileRules } from '../../shared/rules/compile.ts'
import { judge } from '../../shared/rules/judge.ts'
import { rulesOf } from '../reference/rules.ts'
import { traceOf } from '../reference/traces.ts'

test('a rule gives one verdict on a trace, however many of its spans fit the glob', () => {
  const rules = rulesOf('trace.has(http.*)')
  const trace = traceOf([{ name: 'http.get' }, { name: 'http.post' }])
  expect(judge(compileRules(rules), trace).map(({ rule, outcome }) => [rule.name, outcome])).toEqual([
    ['R0', 'violated'],
  ])
})
