import { expect, test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { explain } from '../../../shared/rules/evidence/explain.ts'
import { renderEvidence } from '../../../shared/rules/evidence/render.ts'
import { judge } from '../../../shared/rules/judge/judge.ts'
import { rulesOf } from '../../reference/rules.ts'
import { type SpanSketch, traceOf } from '../../reference/traces.ts'

const ms = 1_000_000n

const validate: SpanSketch = {
  name: 'cart.validate',
  id: 1,
  attributes: { 'cart.id': 'c1' },
  startNanos: 0n,
  durationNanos: 5n * ms,
}
const early: SpanSketch = {
  name: 'payment.charge',
  id: 2,
  attributes: { 'cart.id': 'c1', amount: 20 },
  startNanos: ms,
  durationNanos: ms,
}
const small: SpanSketch = {
  name: 'payment.charge',
  id: 3,
  attributes: { 'cart.id': 'c2', amount: 5 },
  startNanos: 9n * ms,
  durationNanos: ms,
}

const chargeBeforeItsValidation = `
  when   { trace.has(payment.charge) as charge }
  always { trace.has(cart.validate).where(cart.id == charge.cart.id) before charge }
  except when { charge.amount < 10 }`

function evidenceLines(body: string, ...spans: readonly SpanSketch[]): readonly string[] {
  const [verdict] = judge(compileRules(rulesOf(body)), traceOf(spans))
  return verdict?.evidence === undefined ? [] : renderEvidence(verdict.evidence)
}

function explainLines(body: string, ...spans: readonly SpanSketch[]): readonly string[] {
  const [verdict] = explain(compileRules(rulesOf(body)), traceOf(spans))
  return [verdict?.outcome ?? '', ...renderEvidence(verdict?.evidence ?? { clauses: [], truncated: false })]
}

test('a violation names the span that broke the rule, the late span and by how much', () => {
  expect(evidenceLines(chargeBeforeItsValidation, validate, early, small)).toEqual([
    'when:',
    '  ✓ trace.has(payment.charge) as charge — 2 of 3 spans named payment.charge; charge is one of them',
    '      span 0000000000000002 payment.charge of shop',
    'always:',
    '  ✗ trace.has(cart.validate).where(cart.id == charge.cart.id) before charge — cart.validate ended 4ms AFTER payment.charge started',
    '      near miss: span 0000000000000001 cart.validate of shop: ended 4ms after payment.charge started',
    '      near miss: span 0000000000000002 payment.charge of shop: started 4ms before cart.validate ended',
    'except when:',
    '  ✗ charge.amount < 10 — charge.amount is 20',
    '      span 0000000000000002 payment.charge of shop: amount=20',
  ])
})

test('where no span has the value, both values are shown', () => {
  const other = { ...validate, attributes: { 'cart.id': 'c9' } }
  expect(evidenceLines(chargeBeforeItsValidation, other, early)).toContain(
    '      near miss: span 0000000000000001 cart.validate of shop: cart.id is "c9", not charge.cart.id, which is "c1"',
  )
})

test('a pattern is shown with the spans that its names are bound to, and the values compared', () => {
  const rule =
    'payment.charge as p before payment.charge as q within 1s and p.amount > q.amount and p.where(cart.id == c1)'
  expect(evidenceLines(rule, validate, early, small)).toEqual([
    '✓ trace.has(payment.charge) as p and trace.has(payment.charge) as q and p before q within 1s — all 3 hold',
    '  ✓ trace.has(payment.charge) as p — 2 of 3 spans named payment.charge; p is one of them',
    '      span 0000000000000002 payment.charge of shop',
    '  ✓ trace.has(payment.charge) as q — 2 of 3 spans named payment.charge; q is one of them',
    '      span 0000000000000003 payment.charge of shop',
    '  ✓ p before q within 1s — payment.charge ended 7ms before payment.charge started',
    '      span 0000000000000002 payment.charge of shop',
    '      span 0000000000000003 payment.charge of shop',
    '✓ p.amount > q.amount — p.amount is 20, q.amount is 5',
    '    span 0000000000000002 payment.charge of shop: amount=20',
    '    span 0000000000000003 payment.charge of shop: amount=5',
    '✓ p.where(cart.id == c1) — p is so',
    '    span 0000000000000002 payment.charge of shop: cart.id="c1"',
  ])
})

test('for a span that must not be there the nearest binding is shown', () => {
  const rule = 'payment.charge as p and not (cart.validate as v and v.cart.id == p.cart.id)'
  expect(evidenceLines(rule, validate, small)).toEqual([
    '✓ trace.has(payment.charge) as p — 1 of 2 spans named payment.charge; p is one of them',
    '    span 0000000000000003 payment.charge of shop',
    '✓ not (trace.has(cart.validate) as v and v.cart.id == p.cart.id) — 1 of 2 does not hold',
    '  ✗ v.cart.id == p.cart.id — v.cart.id is "c1", p.cart.id is "c2"',
    '      span 0000000000000001 cart.validate of shop: cart.id="c1"',
    '      span 0000000000000003 payment.charge of shop: cart.id="c2"',
  ])
})

test('counts and events of bound spans are shown', () => {
  const failing = { ...small, events: [{ name: 'exception', attributes: { 'exception.type': 'Timeout' } }] }
  const rule =
    'payment.charge as p and p.event(exception).where(exception.type == Timeout) and trace.count(cart.validate.where(cart.id != p.cart.id)) == 1'
  const lines = evidenceLines(rule, validate, failing)
  expect(lines).toContain('✓ p.event(exception).where(exception.type == Timeout) — p is so')
  expect(lines).toContain(
    '✓ trace.count(cart.validate).where(cart.id != p.cart.id) == 1 — trace.count(cart.validate).where(cart.id != p.cart.id) is 1',
  )
  expect(lines).toContain('    span 0000000000000001 cart.validate of shop: cart.id="c1" p.cart.id="c2"')
})

test('an explanation shows names also where a rule holds, or says nothing', () => {
  expect(explainLines(chargeBeforeItsValidation, small)).toEqual([
    'vacuous',
    'when:',
    '  ✓ trace.has(payment.charge) as charge — 1 of 1 span named payment.charge; charge is one of them',
    '      span 0000000000000003 payment.charge of shop',
    'always:',
    '  ✗ trace.has(cart.validate).where(cart.id == charge.cart.id) before charge — 0 of 1 span named cart.validate',
    'except when:',
    '  ✓ charge.amount < 10 — charge.amount is 5',
    '      span 0000000000000003 payment.charge of shop: amount=5',
  ])
  const late = { ...early, startNanos: 7n * ms }
  expect(explainLines(chargeBeforeItsValidation, validate, late)[0]).toBe('satisfied')
  expect(explainLines(chargeBeforeItsValidation, validate, late)).toContain(
    '  ✓ trace.has(cart.validate).where(cart.id == charge.cart.id) before charge — cart.validate ended 2ms before payment.charge started',
  )
})

test('a name that cannot be bound is shown as such', () => {
  expect(explainLines('payment.charge as p and p.where(amount > 3) and p before cart.validate', validate)).toEqual([
    'satisfied',
    '✗ trace.has(payment.charge) as p — 0 of 1 span named payment.charge',
    '✗ p.where(amount > 3) — p names no span',
    '✗ p before trace.has(cart.validate) — p names no span',
  ])
})
