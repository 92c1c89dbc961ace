import { describe, expect, test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { judge } from '../../../shared/rules/judge/judge.ts'
import { referenceOutcome } from '../../reference/interpreter.ts'
import { rulesOf } from '../../reference/rules.ts'
import { type SpanSketch, traceOf } from '../../reference/traces.ts'

/** The judge's outcome; the reference interpreter must give the same. */
function holds(condition: string, spans: readonly SpanSketch[]): boolean {
  const rules = rulesOf(condition)
  const trace = traceOf(spans)
  const isViolated = judge(compileRules(rules), trace)[0]?.outcome === 'violated'
  expect(rules.map((rule) => referenceOutcome(rule, trace))).toEqual([isViolated ? 'violated' : 'satisfied'])
  return isViolated
}

/** Spans by start and end, in milliseconds. */
function at(name: string, startMs: number, endMs: number, more: Partial<SpanSketch> = {}): SpanSketch {
  const startNanos = BigInt(startMs) * 1_000_000n
  return { name, startNanos, durationNanos: BigInt(endMs - startMs) * 1_000_000n, ...more }
}

describe('order', () => {
  const one = [at('a', 0, 10), at('b', 12, 20), at('c', 5, 30)]

  test.each<readonly [string, boolean]>([
    ['a before b', true],
    ['b before a', false],
    ['b after a', true],
    ['a after b', false],
    ['a before c', false],
    ['c after a', false],
    ['a starts before c', true],
    ['c starts after a', true],
    ['c starts before a', false],
    ['a before b within 2ms', true],
    ['a before b within 1999us', false],
    ['b after a within 2ms', true],
    ['b after a within 1ms', false],
    ['a starts before b within 12ms', true],
    ['a starts before b within 11ms', false],
    ['b starts after a within 12ms', true],
    ['any before b', true],
    ['b before any', false],
    ['* before any', true],
    ['missing before b', false],
    ['not missing before b', true],
    ['not a before b or c before c', false],
    ['a before b and not b before a', true],
  ])('%s: %j', (condition, expected) => {
    expect(holds(condition.replace('* ', 'has(*) '), one)).toBe(expected)
  })

  test('spans that touch are in order, those that start at one moment do not start one before the other', () => {
    const spans = [at('a', 0, 10), at('b', 10, 20), at('c', 10, 20)]
    expect(holds('a before b within 0s', spans)).toBe(true)
    expect(holds('b starts before c or b starts after c', spans)).toBe(false)
  })

  test('two different spans are in order, never a span and itself', () => {
    expect(holds('a before a', [at('a', 5, 5)])).toBe(false)
    expect(holds('a before a', [at('a', 5, 5), at('a', 5, 5)])).toBe(true)
    expect(holds('a starts before a', [at('a', 5, 9), at('a', 6, 9)])).toBe(true)
    expect(holds('a before any', [at('a', 5, 5), at('b', 1, 2)])).toBe(false)
  })

  test('filters on either side choose the spans that are compared', () => {
    const spans = [
      at('a', 0, 1, { attributes: { ok: false } }),
      at('b', 5, 6),
      at('a', 8, 9, { attributes: { ok: true } }),
    ]
    expect(holds('a.where(ok) before b', spans)).toBe(false)
    expect(holds('a.where(not ok) before b', spans)).toBe(true)
    expect(holds('b before a.where(ok)', spans)).toBe(true)
  })

  test('some pair within the limit is enough, wherever it is among many', () => {
    const spans = [at('a', 0, 1), at('a', 50, 51), at('b', 40, 41), at('b', 53, 54), at('b', 90, 91)]
    expect(holds('a before b within 2ms', spans)).toBe(true)
    expect(holds('a before b within 1ms', spans)).toBe(false)
  })
})

describe('structure', () => {
  const tree: readonly SpanSketch[] = [
    { name: 'root', id: 1 },
    { name: 'api', id: 2, parent: 1 },
    { name: 'db', id: 3, parent: 2 },
    { name: 'db', id: 4, parent: 1, attributes: { slow: true } },
    { name: 'lost', id: 5, parent: 99 },
  ]

  test.each<readonly [string, boolean]>([
    ['db under api', true],
    ['db under root', true],
    ['db directly under api', true],
    ['api directly under root', true],
    ['db.where(slow) under api', false],
    ['db.where(slow) directly under root', true],
    ['root under root', false],
    ['root under any', false],
    ['lost under any', false],
    ['any under db', false],
    ['db under db', false],
    ['api under missing', false],
    ['not api under missing', true],
  ])('%s: %j', (condition, expected) => {
    expect(holds(condition, tree)).toBe(expected)
  })

  test('grandchildren are under, not directly under', () => {
    const spans = [...tree, { name: 'leaf', id: 6, parent: 3 }]
    expect(holds('leaf under api', spans)).toBe(true)
    expect(holds('leaf directly under api', spans)).toBe(false)
  })

  test('spans under an id that two halves of a call share are under both, and the halves are not under each other', () => {
    const spans: readonly SpanSketch[] = [
      { name: 'client', id: 1, kind: 3 },
      { name: 'server', id: 1, kind: 2 },
      { name: 'work', id: 2, parent: 1 },
    ]
    expect(holds('work directly under client and work directly under server', spans)).toBe(true)
    expect(holds('server under client or client under server', spans)).toBe(false)
  })

  test('a cycle of parents ends', () => {
    const spans: readonly SpanSketch[] = [
      { name: 'a', id: 1, parent: 2 },
      { name: 'b', id: 2, parent: 1 },
    ]
    expect(holds('a under b and b under a', spans)).toBe(true)
    expect(holds('a under a or a.where(x) under b', spans)).toBe(false)
  })
})

describe('span events', () => {
  const spans: readonly SpanSketch[] = [
    {
      name: 'a',
      startNanos: 0n,
      durationNanos: 2_000_000n,
      attributes: { x: 1 },
      resource: { region: 'EU' },
      events: [{ name: 'retry', attributes: { n: 2 } }],
    },
    {
      name: 'b',
      startNanos: 1_000_000n,
      events: [
        { name: 'exception', attributes: { 'exception.type': 'Timeout' } },
        { name: 'exception', attributes: { 'exception.type': 'IO', escaped: true } },
      ],
    },
  ]

  test.each<readonly [string, boolean]>([
    ['b.event(exception)', true],
    ['a.event(exception)', false],
    ['any.event(retry).where(n == 2)', true],
    ['any.event(retry).where(n > 2)', false],
    ['b.event(exception).where(exception.type == Timeout)', true],
    ['b.event(exception).where(exception.type == Timeout and escaped)', false],
    ['b.event(exception).where(exception.type == Timeout).event(exception).where(escaped)', true],
    ['b.event(exception).where(exception.type == Timeout).where(escaped)', false],
    ['b.event(exc*).where(escaped)', true],
    ['b.event(any).where(escaped)', true],
    ['b.event("exc*")', false],
    ['a.event(any)', true],
    ['a.event(retry).where(x == 1)', false],
    ['a.event(retry).where(region == EU)', false],
    ['a.event(retry).where(resource.region == EU)', true],
    ['a.event(retry).where(not (x == 1))', true],
    ['a.where(x == 1).event(retry)', true],
    ['a.where(x == 2).event(retry)', false],
    ['count(any.event(exception)) == 1', true],
    ['count(any.event(any)) == 2', true],
    ['count(any.event(exception)).where(x == 1) == 0', true],
    ['trace.all(b.event(exception)).where(exists(x))', false],
    ['trace.all(b.event(none)).where(exists(x))', true],
    ['a.event(retry) and a.event(retry).where(n == 2) and not a.event(retry).where(n == 3)', true],
    ['b.event(exception) after a.event(retry)', false],
    ['b.event(exception) starts after a.event(retry)', true],
  ])('%s: %j', (condition, expected) => {
    expect(holds(condition, spans)).toBe(expected)
  })
})
