import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { judge } from '../../../shared/rules/judge/judge.ts'
import { rulesOf } from '../../reference/rules.ts'
import { type SpanSketch, traceOf } from '../../reference/traces.ts'

const SECOND = 1_000_000_000n
const at = (name: string, seconds: number, more: Partial<SpanSketch> = {}): SpanSketch => ({
  name,
  startNanos: BigInt(Math.round(seconds * 1000)) * 1_000_000n,
  durationNanos: SECOND,
  ...more,
})

function verdictOf(body: string, ...spans: readonly SpanSketch[]) {
  const trace = traceOf(spans)
  const [verdict] = judge(compileRules(rulesOf(body)), trace)
  return { verdict, trace }
}

/** Seconds after the first moment of the trace's clock until which the violation is open. */
function openUntil(body: string, ...spans: readonly SpanSketch[]): number | undefined {
  const { verdict } = verdictOf(body, ...spans)
  expect(verdict?.outcome).toBe('violated')
  const nanos = verdict?.openUntilNanos
  const epoch = traceOf([at('a', 0)]).spans[0]?.startUnixNano as bigint
  return nanos === undefined ? undefined : Number((nanos - epoch) / 1_000_000n) / 1000
}

const RECEIPT = 'when { pay as p } always { p before receipt within 20s }'

describe('a violation is open', () => {
  test.each<readonly [string, string, readonly SpanSketch[], number | undefined]>([
    ['until the span that is awaited may start', RECEIPT, [at('pay', 5)], 26],
    [
      'by the start of the earlier span, where the order is one of starts',
      'when { pay } always { pay starts before receipt within 20s }',
      [at('pay', 5)],
      25,
    ],
    [
      'after an earlier span that is written last',
      'when { pay } always { receipt after pay within 20s }',
      [at('pay', 5)],
      26,
    ],
    ['in a pattern, under not', 'pay and not (pay before receipt within 20s)', [at('pay', 5)], 26],
    [
      'where the order is an exception',
      'when { pay } always { audit } except when { pay before refund within 1m }',
      [at('pay', 5)],
      66,
    ],
    ['by the last of the spans that may be the earlier one', RECEIPT, [at('pay', 5), at('pay', 50)], 71],
    [
      'where only spans that pass the filter are awaited',
      'when { pay } always { pay.where(x == 1) before receipt within 20s }',
      [at('pay', 5, { attributes: { x: 1 } }), at('pay', 50)],
      26,
    ],
    [
      'where the other parts of a filter hold that also compares with a bound span',
      'when { cart as c } always { pay.where(x == 1 and cart.id == c.cart.id) before receipt within 20s }',
      [at('cart', 0), at('pay', 5, { attributes: { x: 1 } }), at('pay', 50)],
      26,
    ],
    [
      'not where nothing that comes can end it',
      'when { pay } always { pay before receipt within 20s and audit }',
      [at('pay', 5)],
      undefined,
    ],
    ['not where the order has no bound', 'when { pay } always { pay before receipt }', [at('pay', 5)], undefined],
    [
      'not where the order is what must not be',
      'pay before refund within 20s',
      [at('pay', 5), at('refund', 7)],
      undefined,
    ],
    [
      'not where the earlier span is not there',
      'when { pay } always { check before receipt within 20s }',
      [at('pay', 5)],
      undefined,
    ],
  ])('%s', (_, body, spans, expected) => {
    expect(openUntil(body, ...spans)).toBe(expected)
  })

  test('whenever a span that starts in time ends it', () => {
    const seconds = fc.integer({ min: 0, max: 60 })
    const spans = fc.array(fc.tuple(fc.constantFrom('pay', 'check', 'receipt'), seconds), {
      minLength: 1,
      maxLength: 5,
    })
    const order = fc.constantFrom('before', 'starts before', 'after', 'starts after')
    const rule = fc.constantFrom(
      (by: string) => `when { pay as p } always { p ${by} receipt within 20s }`,
      (by: string) => `pay and not (pay ${by} receipt within 20s)`,
      (by: string) => `when { pay as p } always { p ${by} receipt within 20s or check }`,
      (by: string) => `when { pay } never { not (check ${by} receipt within 20s) }`,
    )
    let ended = 0
    fc.assert(
      fc.property(rule, order, spans, fc.integer({ min: 0, max: 90 }), (body, by, sketches, lateSeconds) => {
        const text = body(by)
        const known = sketches.map(([name, start]) => at(name, start))
        const { verdict } = verdictOf(text, ...known)
        const later = at('receipt', lateSeconds)
        const after = verdictOf(text, ...known, later)
        if (verdict?.outcome !== 'violated' || after.verdict?.outcome === 'violated') return
        const first = by.endsWith('before')
        // The span that came is the later one of the order.
        if (!first) return
        ended++
        const start = traceOf([later]).spans[0]?.startUnixNano as bigint
        expect(verdict.openUntilNanos ?? 0n).toBeGreaterThanOrEqual(start)
      }),
      { numRuns: 1_500, seed: 1 },
    )
    expect(ended).toBeGreaterThan(25)
  })
})
