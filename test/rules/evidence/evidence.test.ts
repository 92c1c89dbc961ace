import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { explain } from '../../../shared/rules/evidence/explain.ts'
import { renderEvidence } from '../../../shared/rules/evidence/render.ts'
import { judge } from '../../../shared/rules/judge/judge.ts'
import type { Evidence } from '../../../shared/rules/judge/verdict.ts'
import { referenceOutcome } from '../../reference/interpreter.ts'
import { anyBody, rulesOf } from '../../reference/rules.ts'
import { anySpans, type SpanSketch, traceOf } from '../../reference/traces.ts'

/** The evidence of the one rule's violation. */
function evidenceOf(body: string, ...spans: readonly SpanSketch[]): Evidence {
  const [verdict] = judge(compileRules(rulesOf(body)), traceOf(spans))
  if (verdict?.evidence === undefined) throw new Error(`${body}: ${verdict?.outcome}`)
  return verdict.evidence
}

/** Its text, without the span ids. */
function linesOf(body: string, ...spans: readonly SpanSketch[]): readonly string[] {
  return renderEvidence(evidenceOf(body, ...spans)).map((line) => line.replace(/[0-9a-f]{16}/g, 'ID'))
}

/** Why a filter failed on the only span. */
function reasonOf(filter: string, span: Omit<SpanSketch, 'name'>): string | undefined {
  return evidenceOf(`when { any } always { x.where(${filter}) }`, { name: 'x', ...span }).clauses[1]?.nearMisses[0]
    ?.reason
}

test('a presence and an absence show the span found, the value read and how many spans there were', () => {
  const lines = linesOf(
    'trace.has(payment.charge).where(amount > 1000) and not trace.has(cart.validate)',
    { name: 'payment.charge', attributes: { amount: 1200 }, resource: { 'service.name': 'payment' } },
    { name: 'payment.charge', attributes: { amount: 900 } },
    { name: 'stock' },
  )
  expect(lines).toEqual([
    '✓ trace.has(payment.charge).where(amount > 1000) — 1 of 2 spans named payment.charge where amount > 1000',
    '    span ID payment.charge of payment: amount=1200',
    '✓ not trace.has(cart.validate) — 0 of 3 spans named cart.validate',
  ])
})

test('an attribute that is missing where it is asked is shown with the spans that have it', () => {
  const lines = linesOf(
    'when { pay } always { pay.where(order.id == 1) }',
    { name: 'pay' },
    { name: 'request handler', attributes: { 'order.id': 1 } },
  )
  expect(lines.at(-1)).toBe('      near miss: span ID pay of shop: order.id is missing here; on span "request handler"')
})

test('a name that a span nearly has is shown', () => {
  const [line] = linesOf('not trace.has(cart.validate)', { name: 'cart.validated' }, { name: 'other' })
  expect(line).toBe(
    '✓ not trace.has(cart.validate) — 0 of 2 spans named cart.validate; the nearest name is cart.validated',
  )
})

test('a missing always shows the near misses, those that fail least first, each with its reasons', () => {
  const lines = linesOf(
    'when { pay } always { check.where(score < 0.3).where(not bypassed) } never { auto }',
    { name: 'pay' },
    { name: 'check', attributes: { score: 0.7, bypassed: true } },
    { name: 'check', attributes: { score: 0.2, bypassed: true } },
  )
  expect(lines).toEqual([
    'when:',
    '  ✓ trace.has(pay) — 1 of 3 spans named pay',
    '      span ID pay of shop',
    'always:',
    '  ✗ trace.has(check).where(score < 0.3).where(not bypassed) — 0 of 2 spans named check where score < 0.3 and not bypassed',
    '      near miss: span ID check of shop: bypassed is true',
    '      near miss: span ID check of shop: score is 0.7, not < 0.3; bypassed is true',
  ])
})

test('only the arms of an or that hold are shown, and only the blocks that led to the violation', () => {
  const lines = linesOf(
    'when { a } always { b } never { c or d } except when { e }',
    { name: 'a' },
    { name: 'b' },
    { name: 'd' },
  )
  expect(lines).toEqual([
    'when:',
    '  ✓ trace.has(a) — 1 of 3 spans named a',
    '      span ID a of shop',
    'never:',
    '  ✓ trace.has(c) or trace.has(d) — 1 of 2 holds',
    '    ✓ trace.has(d) — 1 of 3 spans named d',
    '        span ID d of shop',
    'except when:',
    '  ✗ trace.has(e) — 0 of 3 spans named e',
  ])
})

test('a negated group shows which part does not hold', () => {
  const lines = linesOf('a and not (b and c)', { name: 'a' }, { name: 'b' })
  expect(lines.slice(2)).toEqual([
    '✓ not (trace.has(b) and trace.has(c)) — 1 of 2 does not hold',
    '  ✗ trace.has(c) — 0 of 2 spans named c',
  ])
})

test('a count shows what it came to and the first spans counted', () => {
  const spans = [{ name: 'a' }, { name: 'a' }, { name: 'a' }, { name: 'a' }, { name: 'b' }]
  expect(linesOf('count(a) > count(b) * 2', ...spans)).toEqual([
    '✓ trace.count(a) > trace.count(b) * 2 — trace.count(a) is 4, trace.count(b) * 2 is 2, trace.count(b) is 1',
    ...Array(3).fill('    span ID a of shop'),
    '    … and 2 more',
  ])
})

test('a broken all shows the exceptions with their reasons, one that holds the spans that were asked', () => {
  const spans = [
    { name: 'q', attributes: { ext: true, tls: false } },
    { name: 'q', attributes: { ext: true } },
    { name: 'q', attributes: { ext: true, tls: true } },
    { name: 'q', attributes: { ext: false } },
  ]
  expect(linesOf('not trace.all(q.where(ext == true)).where(tls == true)', ...spans)).toEqual([
    '✓ not trace.all(q.where(ext == true)).where(tls == true) — 2 of 3 spans named q where ext == true fail tls == true',
    '    span ID q of shop: tls is false, not true',
    '    span ID q of shop: tls is missing',
  ])
  expect(linesOf('trace.all(q.where(tls == true)).where(ext == true)', ...spans)).toEqual([
    '✓ trace.all(q.where(tls == true)).where(ext == true) — all 1 span named q where tls == true pass ext == true',
    '    span ID q of shop: tls=true ext=true',
  ])
  expect(linesOf('trace.all(z).where(a == 1)', ...spans)[0]).toContain('0 spans named z, so none fails a == 1')
})

test('values of the trace are shown with their units', () => {
  const [line] = linesOf('trace.duration > 1s and trace.root.name == a', { name: 'a', durationNanos: 1_250_000_000n })
  expect(line).toBe('✓ trace.duration > 1s — trace.duration is 1.25s')
})

test.each([
  ['retries == 5', { attributes: { retries: '5' } }, 'retries is the string "5", not a number'],
  ['retries > 3', { attributes: { retries: 2 } }, 'retries is 2, not > 3'],
  ['retries > 3', {}, 'retries is missing'],
  ['retries > 3', { attributes: { retries: null } }, 'retries is missing'],
  ['id == 9007199254740993', { attributes: { id: 9007199254740994n } }, 'id is 9007199254740994, not 9007199254740993'],
  ['n < 5', { attributes: { n: Number.NaN } }, 'n is NaN, not < 5'],
  ['region == EU', { attributes: { region: 'US' } }, 'region is "US", not "EU"'],
  ['region != EU', { attributes: { region: 'EU' } }, 'region is "EU", the same as "EU"'],
  ['region == true', { attributes: { region: 'true' } }, 'region is the string "true", not a boolean'],
  ['path contains admin', { attributes: { path: '/x' } }, 'path is "/x", which does not contain "admin"'],
  ['path contains admin', { attributes: { path: 7 } }, 'path is the number 7, not a string'],
  ['path matches "^/api"', { attributes: { path: '/x' } }, 'path is "/x", in which "^/api" finds nothing'],
  ['path matches "^/api"', { attributes: { path: true } }, 'path is the boolean true, not a string'],
  ['c in [EUR, GBP]', { attributes: { c: 'USD' } }, 'c is "USD", not in [EUR, GBP]'],
  ['c in [404]', { attributes: { c: '404' } }, 'c is the string "404", and no such type is in [404]'],
  ['c not in [EUR]', { attributes: { c: 'EUR' } }, 'c is "EUR", which is in [EUR]'],
  ['a < b * 2', { attributes: { a: 9, b: 3 } }, 'a is 9, not < b * 2, which is 6'],
  ['a == x.y', { attributes: { a: 'v', 'x.y': 'w' } }, 'a is "v", not x.y, which is "w"'],
  ['a == x.y', { attributes: { a: 'v' } }, 'a is "v", not "x.y"'],
  ['a != x.y', { attributes: { a: 'v' } }, 'x.y is missing'],
  ['a > b', { attributes: { a: 1, b: '2' } }, 'a is the number 1 and b is the string "2"'],
  ['exists(a)', {}, 'a is missing'],
  ['not exists(a)', { attributes: { a: 1 } }, 'a is 1'],
  ['ok', { attributes: { ok: 'true' } }, 'ok is the string "true", not the boolean true'],
  ['ok', { attributes: { ok: false } }, 'ok is false'],
  ['not (c == USD)', { attributes: { c: 'USD' } }, 'c is "USD"'],
  ['span.duration > 2s', { durationNanos: 1_500_000n }, 'span.duration is 1.5ms, not > 2s'],
  ['span.status == error', { status: 0 }, 'span.status is "unset", not "error"'],
  ['tags == a', { attributes: { tags: ['b', 5] } }, 'tags is ["b", 5], not "a"'],
  ['blob == a', { attributes: { blob: new Uint8Array([1, 255]) } }, 'blob is 2 bytes: 01ff, not a string'],
  ['kv == a', { attributes: { kv: new Map([['k', 'v']]) } }, 'kv is the key-value list {"k": "v"}, not a string'],
  ['a == 1 or b == 2 and c == 3', { attributes: { b: 2, c: 4 } }, 'a is missing; c is 4, not 3'],
])('%s of %o fails because %s', (filter, span, reason) => {
  expect(reasonOf(filter, span)).toBe(reason)
})

test('a value that is not JSON has a stated rendering', () => {
  const attributes = {
    big: 2n ** 60n,
    nan: Number.NaN,
    bytes: new Uint8Array(20).fill(10),
    map: new Map([['k', [1, 2]]]),
    list: Array.from({ length: 10 }, (_, index) => index),
    long: 'x'.repeat(500),
  }
  const filter = Object.keys(attributes)
    .map((key) => `exists(${key})`)
    .join(' and ')
  const [clause] = evidenceOf(`x.where(${filter} and exists(span.duration) and not exists(gone))`, {
    name: 'x',
    attributes,
  }).clauses
  expect(clause?.spans[0]?.values).toEqual({
    big: '1152921504606846976',
    nan: 'NaN',
    bytes: `20 bytes: ${'0a'.repeat(16)}…`,
    map: '{"k": […]}',
    list: [0, 1, 2, 3, 4, 5, 6, 7, '… 10 in all'],
    long: `${'x'.repeat(120)}… (500 characters)`,
    'span.duration': '1ms',
    gone: null,
  })
})

test('text of a trace cannot break out of its line or steer a terminal', () => {
  const name = 'a\nb\u001b[31m\u202e'
  const lines = linesOf('trace.has(any).where(v starts with x)', { name, attributes: { v: 'x\r\n\u0007' } })
  expect(lines[1]).toBe('    span ID a\\nb\\u001b[31m\\u202e of shop: v="x\\r\\n\\u0007"')
})

test('evidence stays within its size whatever the trace, counts stay exact, and it says that it was cut', () => {
  const wide = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`key${index}`, '\u0000🌍'.repeat(400)]))
  const spans = Array.from({ length: 50 }, () => ({ name: '\u0001'.repeat(500), attributes: wide }))
  const filter = Object.keys(wide)
    .map((key) => `exists(${key})`)
    .join(' and ')
  const clauses = Array.from({ length: 40 }, (_, index) => `trace.count(any.where(${filter})) > ${index}`).join(' and ')
  const evidence = evidenceOf(clauses, ...spans)
  const text = renderEvidence(evidence).join('\n')
  expect(Buffer.byteLength(JSON.stringify({ text, ...evidence }))).toBeLessThanOrEqual(16 * 1024)
  expect(evidence.truncated).toBe(true)
  expect(evidence.clauses.every(({ spanCount }) => spanCount === 50)).toBe(true)
  expect(text).toContain('shortened')
})

test('the witness is taken by start, then span id, whatever order a glob finds its names in', () => {
  const spans = [
    { name: 'b.x', id: 3, startNanos: 5n },
    { name: 'a.x', id: 2, startNanos: 5n },
    { name: 'b.x', id: 1, startNanos: 9n },
    { name: 'c.x', id: 4, startNanos: 1n },
  ]
  const [clause] = evidenceOf('trace.count(*.x) == 4', ...spans).clauses
  expect(clause?.spans.map(({ spanId }) => Number.parseInt(spanId, 16))).toEqual([4, 2, 3])
})

test('explain gives every rule its verdict and every clause its truth, of parts that decided nothing too', () => {
  const rules = rulesOf('a or b', 'when { z } always { a }', 'trace.count(a) > 3')
  const verdicts = explain(compileRules(rules), traceOf([{ name: 'a' }]))
  expect(verdicts.map(({ outcome }) => outcome)).toEqual(['violated', 'vacuous', 'satisfied'])
  expect(
    verdicts.map(({ evidence }) => evidence?.clauses.map(({ block, clause, holds }) => [block, clause, holds])),
  ).toEqual([
    [
      ['pattern', 'trace.has(a) or trace.has(b)', true],
      ['pattern', 'trace.has(a)', true],
      ['pattern', 'trace.has(b)', false],
    ],
    [
      ['when', 'trace.has(z)', false],
      ['always', 'trace.has(a)', true],
    ],
    [['pattern', 'trace.count(a) > 3', false]],
  ])
})

test('on random rules and traces, evidence is JSON, agrees with the verdict and never throws', () => {
  fc.assert(
    fc.property(fc.array(anyBody, { minLength: 6, maxLength: 6 }), anySpans, (bodies, sketches) => {
      const trace = traceOf(sketches)
      for (const { rule, outcome, evidence } of explain(compileRules(rulesOf(...bodies)), trace)) {
        expect(outcome).toBe(referenceOutcome(rule, trace))
        expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence)
        if (evidence) expect(renderEvidence(evidence).length).toBeGreaterThan(0)
        if (rule.body.kind !== 'pattern') continue
        const top = evidence?.clauses.filter(({ depth }) => depth === 0) ?? []
        expect(top.every(({ holds }) => holds)).toBe(outcome === 'violated')
      }
    }),
    { numRuns: 300, seed: 5 },
  )
})
