import { describe, expect, it as test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { idleOutcome, judge } from '../../shared/rules/judge/judge.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import { aggregates, groups } from '../cases/aggregates.ts'
import { bytesOf } from '../cases/bytes.ts'
import { definitions } from '../cases/definitions.ts'
import { firstSlice } from '../cases/first-slice.ts'
import { type RuleCase, span } from '../cases/span-notation.ts'
import { referenceOutcome } from '../reference/interpreter.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

function checked(rule: string) {
  const { rules, problems } = checkRules([{ file: 'case.rules', text: `// Signal: CASE (info)\n${rule}\n` }])
  expect(problems).toEqual([])
  const [only] = rules
  if (only === undefined) throw new Error(`no rule in ${rule}`)
  return only
}

function outcomes({ rule, spans }: RuleCase) {
  const one = checked(rule)
  const trace = assembleTrace(TRACE_ID, [bytesOf(TRACE_ID, spans)])
  const [verdict] = judge(compileRules([one]), trace)
  return { judged: verdict?.outcome ?? idleOutcome(one), reference: referenceOutcome(one, trace) }
}

describe.each(Object.entries({ ...firstSlice, definitions, aggregates, groups }))('%s', (_theme, cases) => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', (_name, each) => {
    expect(outcomes(each)).toEqual({ judged: each.outcome, reference: each.outcome })
  })
})

test('a case takes its spans from any order of arrival', () => {
  const spans = [
    span('a', { n: 1 }, { startMs: 5 }),
    span('b', {}, { startMs: 1 }),
    span('a', { n: 2 }, { startMs: 3 }),
  ]
  const one = checked('when { b } never { a.where(n > 0) }')
  const witness = (order: readonly (typeof spans)[number][]) =>
    judge(compileRules([one]), assembleTrace(TRACE_ID, [bytesOf(TRACE_ID, order)]))[0]?.evidence?.clauses.map(
      ({ spans: seen }) => seen.map(({ values }) => values),
    )
  expect(witness(spans)).toEqual(witness(spans.toReversed()))
})
