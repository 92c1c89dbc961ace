import { describe, expect, test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { explain } from '../../../shared/rules/evidence/explain.ts'
import { renderEvidence } from '../../../shared/rules/evidence/render.ts'
import { rulesOf } from '../../reference/rules.ts'
import { type SpanSketch, traceOf } from '../../reference/traces.ts'

/** The evidence of a condition, without the span ids. */
function linesOf(condition: string, ...spans: readonly SpanSketch[]): readonly string[] {
  const [verdict] = explain(compileRules(rulesOf(condition)), traceOf(spans))
  if (verdict?.evidence === undefined) throw new Error(`${condition} has no evidence`)
  return renderEvidence(verdict.evidence).map((line) => line.replace(/[0-9a-f]{16}/g, 'ID'))
}

/** Spans by start and end, in milliseconds. */
function at(name: string, startMs: number, endMs: number, more: Partial<SpanSketch> = {}): SpanSketch {
  return {
    name,
    startNanos: BigInt(Math.round(startMs * 1e6)),
    durationNanos: BigInt(Math.round((endMs - startMs) * 1e6)),
    ...more,
  }
}

const charge = at('payment.charge', 10, 40)

describe('an order', () => {
  test('that holds names the pair and the time between', () => {
    expect(linesOf('cart.validate before payment.charge', at('cart.validate', 0, 7.5), charge)).toEqual([
      '✓ trace.has(cart.validate) before trace.has(payment.charge) — cart.validate ended 2.5ms before payment.charge started',
      '    span ID cart.validate of shop',
      '    span ID payment.charge of shop',
    ])
  })

  test('that does not hold says which order was seen, by how much, and between which spans', () => {
    expect(linesOf('cart.validate before payment.charge', at('cart.validate', 5, 22), charge)).toEqual([
      '✗ trace.has(cart.validate) before trace.has(payment.charge) — cart.validate ended 12ms AFTER payment.charge started',
      '    near miss: span ID cart.validate of shop: ended 12ms after payment.charge started',
      '    near miss: span ID payment.charge of shop: started 12ms before cart.validate ended',
    ])
  })

  test.each<readonly [string, string]>([
    ['payment.charge after cart.validate', 'payment.charge started 12ms BEFORE cart.validate ended'],
    ['payment.charge starts before cart.validate', 'payment.charge started 5ms AFTER cart.validate started'],
    ['cart.validate starts after payment.charge', 'cart.validate started 5ms BEFORE payment.charge started'],
    ['cart.validate starts before payment.charge', 'cart.validate started 5ms before payment.charge started'],
    [
      'cart.validate starts before payment.charge within 3ms',
      'cart.validate started 5ms before payment.charge started, NOT within 3ms',
    ],
  ])('%s: %s', (condition, seen) => {
    expect(linesOf(condition, at('cart.validate', 5, 22), charge)[0]?.split(' — ')[1]).toBe(seen)
  })

  test('of equal moments says so', () => {
    const spans = [at('a', 10, 11), at('b', 10, 11)]
    expect(linesOf('a starts before b', ...spans)[0]).toMatch(/ — a started at the moment b started$/)
  })

  test.each<readonly [string, string]>([
    ['fine before coarse', 'fine ended in the millisecond in which coarse started'],
    ['coarse after fine', 'coarse started in the millisecond in which fine ended'],
    ['fine starts before coarse', 'fine started in the millisecond in which coarse started, which is under it'],
    ['coarse starts after fine', 'coarse started in the millisecond in which fine started, which it is under'],
    ['coarse starts before fine', 'coarse started in the millisecond in which fine started'],
    ['far before coarse', 'far ended 1ms AFTER coarse started'],
    ['coarse before early', 'coarse ended 1.000001ms AFTER early started'],
    ['coarse before late within 5ms', 'coarse ended 5.9ms before late started (5ms in whole milliseconds)'],
    [
      'fine before next within 500us',
      'fine ended 300us before next started (1ms in whole milliseconds), NOT within 500us',
    ],
  ])('of a clock of whole milliseconds says how it was read: %s', (condition, seen) => {
    const spans = [
      at('fine', 10.6, 10.7, { id: 1 }),
      at('coarse', 10, 11, { id: 2, parent: 1 }),
      at('far', 9, 11),
      at('early', 9.999999, 11),
      at('late', 16.9, 17),
      at('next', 11, 12),
    ]
    expect(linesOf(condition, ...spans)[0]?.split(' — ')[1]).toBe(seen)
  })

  test('of many spans shows the pair that came nearest', () => {
    const spans = [at('cart.validate', 0, 60), at('cart.validate', 5, 22), charge, at('payment.charge', 2, 3)]
    expect(linesOf('cart.validate before payment.charge', ...spans)[0]?.split(' — ')[1]).toBe(
      'none of 2 spans named cart.validate before one of 2 spans named payment.charge; ' +
        'the nearest: cart.validate ended 12ms AFTER payment.charge started',
    )
  })

  test('with a limit shows the pair that is least too far apart', () => {
    const spans = [at('a', 0, 1), at('b', 10, 11), at('b', 90, 91), at('a', 80, 81)]
    expect(linesOf('a before b within 5ms', ...spans)[0]).toMatch(
      /the nearest: a ended 9ms before b started, NOT within 5ms$/,
    )
  })

  test('with an absent side counts it, with its near misses', () => {
    const spans = [at('cart.validate', 0, 1, { attributes: { ok: false } }), charge]
    expect(linesOf('cart.validate.where(ok == true) before payment.charge', ...spans)).toEqual([
      '✗ trace.has(cart.validate).where(ok == true) before trace.has(payment.charge) — 0 of 1 span named cart.validate where ok == true',
      '    near miss: span ID cart.validate of shop: ok is false, not true',
    ])
  })

  test('of one and the same span says so', () => {
    expect(linesOf('payment.charge before any', charge)[0]).toMatch(/the only span of both sides is one and the same$/)
  })

  test('shows what was read on the spans', () => {
    const lines = linesOf(
      'a.where(k == 1) before b.where(k > 1)',
      at('a', 0, 1, { attributes: { k: 1 } }),
      at('b', 2, 3, { attributes: { k: 5 } }),
    )
    expect(lines.slice(1)).toEqual(['    span ID a of shop: k=1', '    span ID b of shop: k=5'])
  })
})

describe('a structure', () => {
  const tree: readonly SpanSketch[] = [
    { name: 'POST /pay', id: 1 },
    { name: 'transaction', id: 2, parent: 1 },
    { name: 'retry', id: 3, parent: 2 },
    { name: 'payment.charge', id: 4, parent: 3, attributes: { amount: 5 } },
  ]

  test('that holds names a pair and how far apart they are', () => {
    expect(linesOf('payment.charge.where(amount > 1) under transaction', ...tree)).toEqual([
      '✓ trace.has(payment.charge).where(amount > 1) under trace.has(transaction) — 1 of 1 span named payment.charge where amount > 1 is under a span named transaction; payment.charge is 2 levels below transaction',
      '    span ID payment.charge of shop: amount=5',
      '    span ID transaction of shop',
    ])
  })

  test('that does not hold says what the spans are under instead', () => {
    const spans = [...tree, { name: 'audit', id: 5 }, { name: 'payment.charge', id: 6, parent: 99 }]
    expect(linesOf('payment.charge under audit', ...spans)).toEqual([
      '✗ trace.has(payment.charge) under trace.has(audit) — 0 of 2 spans named payment.charge are under a span named audit',
      '    near miss: span ID payment.charge of shop: it is under retry, under transaction, under "POST /pay"',
      '    near miss: span ID payment.charge of shop: its parent ID is not in the trace',
    ])
    expect(linesOf('audit under transaction', ...spans)[1]).toMatch(/: it is a root$/)
  })

  test('that is not direct says how far apart the spans are', () => {
    expect(linesOf('payment.charge directly under transaction', ...tree)).toEqual([
      '✗ trace.has(payment.charge) directly under trace.has(transaction) — 0 of 1 span named payment.charge is directly under a span named transaction',
      '    near miss: span ID payment.charge of shop: payment.charge is 2 levels below transaction',
    ])
  })
})

describe('span events', () => {
  const span: SpanSketch = {
    name: 'pay',
    attributes: { amount: 5 },
    events: [
      { name: 'exception', attributes: { 'exception.type': 'IO' } },
      { name: 'exception', attributes: { 'exception.type': 'Timeout' } },
    ],
  }

  test('are counted, with what was read on the first', () => {
    expect(linesOf('pay.where(amount > 1).event(exception).where(exception.type != none)', span)).toEqual([
      '✓ trace.has(pay).where(amount > 1).event(exception).where(exception.type != none) — 1 of 1 span named pay where amount > 1 with an event named exception where exception.type != none',
      '    span ID pay of shop: amount=5 event(exception)=2 event(exception).exception.type="IO"',
    ])
  })

  test('that are not there, or fail the filter, are near misses', () => {
    expect(linesOf('pay.event(exception).where(exception.type == Abort)', span)[1]).toBe(
      '    near miss: span ID pay of shop: event exception: exception.type is "IO", not "Abort"; event exception: exception.type is "Timeout", not "Abort"',
    )
    expect(linesOf('pay.event(retry)', span)[1]).toBe(
      '    near miss: span ID pay of shop: it does not have an event named retry',
    )
  })
})

test('the duration of a bound span is shown as one, without quotes', () => {
  const spans = [at('a', 0, 20), at('b', 30, 50)]
  expect(linesOf('a as p and b.where(span.duration == p.span.duration)', ...spans)).toContain(
    '    span ID b of shop: span.duration=20ms p.span.duration=20ms',
  )
})

test('the duration of a bound span is said as one', () => {
  const spans = [at('a', 0, 20), at('b', 30, 90)]
  expect(linesOf('a as p and b.where(span.duration == p.span.duration)', ...spans)).toContainEqual(
    expect.stringMatching(/: span\.duration is 60ms, not p\.span\.duration, which is 20ms$/),
  )
})

test('an event that is compared with a bound span is shown with the value of that span', () => {
  const call = at('call', 0, 1, { attributes: { id: 7 } })
  const failed = (id: number) => at('worker', 2, 3, { events: [{ name: 'failed', attributes: { call: id } }] })
  const rule = 'call as c and worker.event(failed).where(call == c.id)'
  expect(linesOf(rule, call, failed(7)).filter((line) => line.includes('worker'))[0]).toMatch(/^✓ .* — 1 of 1 span/)
  expect(linesOf(rule, call, failed(8)).filter((line) => line.includes('worker'))[0]).toMatch(/^✗ .* — 0 of 1 span/)
})

test('where no span can be bound, the demands on it are shown all the same', () => {
  expect(linesOf('(a as p and not (b.where(x == p.x) as q and q after p)) or not c').slice(0, 2)).toEqual([
    expect.stringMatching(/^✓/),
    expect.stringMatching(/^\s*✗ trace\.has\(a\) as p/),
  ])
})
