import { expect, test } from 'vitest'
import { type DemoOutcome, disagreements, reportTable } from '../../../cli/demo/report.ts'
import { fakeScreen } from '../fake-terminal.ts'

const agreeing: DemoOutcome = {
  rules: ['IDLE', 'RETRY_LIMIT_EXCEEDED'],
  tracesJudged: 1200,
  signalled: new Map([['RETRY_LIMIT_EXCEEDED', new Set(['t1', 't2'])]]),
  planted: new Map([['RETRY_LIMIT_EXCEEDED', new Set(['t2', 't1'])]]),
}

test('the table sets signals beside what was planted, rule by rule', () => {
  expect(reportTable(agreeing, fakeScreen())).toBe(
    [
      '  rule                  traces judged  signals  planted\n',
      '  IDLE                          1,200        0        0  ✓\n',
      '  RETRY_LIMIT_EXCEEDED          1,200        2        2  ✓\n',
    ].join(''),
  )
  expect(disagreements(agreeing)).toEqual([])
})

test('equal counts on different traces do not agree', () => {
  const outcome = { ...agreeing, planted: new Map([['RETRY_LIMIT_EXCEEDED', new Set(['t1', 't3'])]]) }
  expect(reportTable(outcome, fakeScreen())).toContain('RETRY_LIMIT_EXCEEDED          1,200        2        2  ✗')
  expect(disagreements(outcome)).toEqual([
    'RETRY_LIMIT_EXCEEDED: planted in trace t3, but no signal came',
    'RETRY_LIMIT_EXCEEDED: a signal for trace t2, where nothing was planted',
  ])
})

test('a fault whose rule is not loaded is a disagreement too', () => {
  expect(disagreements({ ...agreeing, planted: new Map([...agreeing.planted, ['MISSING', new Set(['t9'])]]) })).toEqual(
    ['MISSING: planted in trace t9, but no signal came'],
  )
})
