import { expect, test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { renderEvidence } from '../../../shared/rules/evidence/render.ts'
import { judge } from '../../../shared/rules/judge/judge.ts'
import { rulesOf } from '../../reference/rules.ts'
import { type SpanSketch, traceOf } from '../../reference/traces.ts'

/** The text of the violation's evidence, without the span ids. */
function linesOf(body: string, ...spans: readonly SpanSketch[]): readonly string[] {
  const [verdict] = judge(compileRules(rulesOf(body)), traceOf(spans))
  if (verdict?.evidence === undefined) throw new Error(`${body}: ${verdict?.outcome}`)
  return renderEvidence(verdict.evidence).map((line) => line.replace(/[0-9a-f]{16}/g, 'ID'))
}

test('a sum shows what it came to and the values it was taken of', () => {
  const charge = (amount: number): SpanSketch => ({ name: 'charge', attributes: { amount } })
  expect(linesOf('trace.sum(charge, amount) > 1000', charge(600), charge(500))).toEqual([
    '✓ trace.sum(charge, amount) > 1000 — trace.sum(charge, amount) is 1100',
    '    span ID charge of shop: amount=600',
    '    span ID charge of shop: amount=500',
  ])
})

test('a maximum shows the spans that have it', () => {
  const query = (durationNanos: bigint): SpanSketch => ({ name: 'query', durationNanos })
  expect(linesOf('trace.max(query, span.duration) > 1s', query(5n), query(2_000_000_000n), query(7n))).toEqual([
    '✓ trace.max(query, span.duration) > 1s — trace.max(query, span.duration) is 2s',
    '    span ID query of shop: span.duration=2s',
  ])
})

test('a grouped count names the group and shows its spans', () => {
  const query = (statement: string): SpanSketch => ({ name: 'query', attributes: { statement } })
  expect(linesOf('trace.count(query).by(statement) > 1', query('b'), query('a'), query('a'))).toEqual([
    '✓ trace.count(query).by(statement) > 1 — where statement is "a": trace.count(query).by(statement) is 2; so 1 of 2 groups',
    '    span ID query of shop: statement="a"',
    '    span ID query of shop: statement="a"',
  ])
})
