import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CheckedRule } from '../../../shared/rules/ast.ts'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { idleOutcome, judge } from '../../../shared/rules/judge/judge.ts'
import type { Verdict } from '../../../shared/rules/judge/verdict.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'
import type { AttributeSource, Trace } from '../../../shared/trace/span.ts'
import { bytesOf } from '../../cases/bytes.ts'
import { span } from '../../cases/span-notation.ts'
import { anyBody, rulesOf } from '../../reference/rules.ts'
import { anySpans, traceOf } from '../../reference/traces.ts'

/** All that the verdicts say, as text. */
const told = (verdicts: readonly Verdict[]) =>
  JSON.stringify(verdicts.map(({ rule, outcome, evidence }) => [rule.name, outcome, evidence]))

const outcomesOf = (verdicts: readonly Verdict[]) => verdicts.map(({ rule, outcome }) => [rule.name, outcome])

/** The rules that are looked at on a trace of these span names. */
function touched(body: string, ...names: readonly string[]): boolean {
  return judge(compileRules(rulesOf(body)), traceOf(names.map((name) => ({ name })))).length > 0
}

describe('a rule is not looked at on a trace without the names it needs', () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['a', ['b'], ['a']],
    ['a and b', ['c'], ['a', 'b']],
    ['a or b', ['c'], ['b']],
    ['not (not a and not b)', ['c'], ['b']],
    ['a and not b', ['b'], ['a']],
    ['(a or b) and c', ['a', 'b'], ['c', 'a']],
    ['trace.has(http.*)', ['x.http.'], ['http.get']],
    ['trace.has(*a*b*)', ['ba'], ['xaxbx']],
    ['count(a) > 0', ['b'], ['a']],
    ['count(a) != count(b)', ['c'], ['b']],
    ['not (count(a) == count(b) * 2)', ['c'], ['b']],
    ['count(a) + 1 > 1 and trace.duration > 0s', ['b'], ['a']],
    ['not trace.all(a).where(x == 1)', ['b'], ['a']],
    ['when { a } always { b }', ['b'], ['a']],
    ['when { a } always { b } except when { c }', ['b', 'c'], ['a']],
  ])('%s: not on %j, but on %j', (body, idle, active) => {
    expect(touched(body, ...idle)).toBe(false)
    expect(touched(body, ...active)).toBe(true)
  })

  test.each([
    'not a',
    'count(a) == 0',
    'count(a) <= count(b)',
    'trace.all(a).where(x == 1)',
    'trace.duration < 1h',
    'count(a) < trace.spans',
    'a or not b',
    'when { not a } always { b }',
  ])('%s may be violated by any trace, so every trace is looked at', (body) => {
    expect(touched(body, 'z')).toBe(true)
    expect(touched(body)).toBe(true)
  })

  test('any needs some span', () => {
    expect(touched('trace.has(any).where(x == 1)')).toBe(false)
    expect(touched('trace.has(*)', 'z')).toBe(true)
  })

  test('rules that share a name are each triggered by the name of their own', () => {
    const set = compileRules(rulesOf('api and a', 'api and b', 'api and c'))
    expect(outcomesOf(judge(set, traceOf([{ name: 'api' }, { name: 'b' }])))).toEqual([['R1', 'violated']])
  })
})

test('verdicts come in the order of the rules', () => {
  const set = compileRules(rulesOf('b', 'not z', 'a or b', 'trace.has(*)', 'a'))
  const verdicts = judge(set, traceOf([{ name: 'a' }, { name: 'b' }]))
  expect(outcomesOf(verdicts)).toEqual(['R0', 'R1', 'R2', 'R3', 'R4'].map((name) => [name, 'violated']))
})

test('an attribute that many rules ask for is read once a span, one that none needs not at all', () => {
  const reads: string[] = []
  const counting = ({ get, entries }: AttributeSource): AttributeSource => ({
    get(key) {
      reads.push(key)
      return get(key)
    },
    entries,
  })
  const trace = traceOf([
    { name: 'a', attributes: { x: 1, y: 2 } },
    { name: 'b', attributes: { x: 1 } },
  ])
  const spans = trace.spans.map((each) => ({ ...each, attributes: counting(each.attributes) }))
  const bodies = Array.from(
    { length: 50 },
    (_, index) => `a.where(x == ${index + 5} and y == 2) and b.where(x > ${index})`,
  )
  judge(compileRules(rulesOf(...bodies, 'c.where(z == 1)')), { ...trace, spans })
  expect(reads).toEqual(['x'])
})

test('filters that say the same in another order or grouping are asked once', () => {
  let reads = 0
  const source: AttributeSource = {
    get() {
      reads++
      return 1
    },
    entries: () => [],
  }
  const trace = traceOf([{ name: 'a' }])
  const spans = trace.spans.map((each) => ({ ...each, attributes: source }))
  const bodies = [
    'a.where(x == 1 and y == 1)',
    'a.where(y == 1).where(x == 1)',
    'count(a.where((y == 1 and (x == 1)))) > 0',
  ]
  judge(compileRules(rulesOf(...bodies)), { ...trace, spans })
  expect(reads).toBe(2)
})

test('a trace without spans, and one with a name of every kind, get verdicts', () => {
  const names = ['', '\n', '__proto__', 'constructor', 'GET /users/{id}', '\ud83c', 'a'.repeat(100_000)]
  const set = compileRules(
    rulesOf('trace.spans == 0 and trace.duration == 0s', 'trace.has(*a*)', 'trace.has("__proto__")'),
  )
  expect(outcomesOf(judge(set, traceOf([])))).toEqual([['R0', 'violated']])
  const verdicts = judge(set, traceOf(names.map((name) => ({ name }))))
  expect(outcomesOf(verdicts)).toEqual([
    ['R0', 'satisfied'],
    ['R1', 'violated'],
    ['R2', 'violated'],
  ])
})

/** Every rule's outcome, judged or idle. */
function allOutcomes(rules: readonly CheckedRule[], all: readonly CheckedRule[], trace: Trace) {
  const judged = new Map(judge(compileRules(all), trace).map(({ rule, outcome }) => [rule, outcome]))
  return rules.map((rule) => judged.get(rule) ?? idleOutcome(rule))
}

const bodies = (count: number) => fc.array(anyBody, { minLength: count, maxLength: count })

test('rules added to a set change no verdict of the others', () => {
  fc.assert(
    fc.property(bodies(4), bodies(8), anySpans, (texts, more, sketches) => {
      const trace = traceOf(sketches)
      const rules = rulesOf(...texts)
      const others = rulesOf(...more)
      expect(allOutcomes(rules, [...others.slice(0, 4), ...rules, ...others.slice(4)], trace)).toEqual(
        allOutcomes(rules, rules, trace),
      )
    }),
    { numRuns: 100, seed: 4 },
  )
})

test('one set judges traces in any order, again, and from within another judging', () => {
  fc.assert(
    fc.property(bodies(6), fc.array(anySpans, { minLength: 3, maxLength: 3 }), (texts, sketches) => {
      const set = compileRules(rulesOf(...texts))
      const traces = sketches.map(traceOf)
      const once = traces.map((trace) => told(judge(set, trace)))
      const again = traces
        .toReversed()
        .map((trace) => told(judge(set, trace)))
        .toReversed()
      expect(again).toEqual(once)
      const within = traces.map((trace, index) => {
        const reentering = trace.spans.map((each) => ({ ...each, attributes: judgingSource(each.attributes) }))
        return told(judge(set, { ...trace, spans: reentering })) === once[index]
      })
      expect(within).toEqual([true, true, true])
      function judgingSource(source: AttributeSource): AttributeSource {
        return {
          ...source,
          get(key) {
            judge(set, traces[0] as Trace)
            return source.get(key)
          },
        }
      }
    }),
    { numRuns: 60, seed: 6 },
  )
})

test('a trace that grows keeps the rules that were looked at', () => {
  fc.assert(
    fc.property(bodies(8), anySpans, anySpans, (texts, sketches, late) => {
      const set = compileRules(rulesOf(...texts))
      const before = judge(set, traceOf(sketches)).map(({ rule }) => rule.name)
      const after = judge(set, traceOf([...sketches, ...late])).map(({ rule }) => rule.name)
      expect(after).toEqual(expect.arrayContaining(before))
    }),
    { numRuns: 100, seed: 8 },
  )
})

test('verdict and evidence do not depend on the order in which the spans of a trace arrive', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const sketch = fc.record({
    name: fc.constantFrom('a', 'b', 'http.get'),
    x: fc.constantFrom(1, 2, 'EU'),
    startMs: fc.integer({ min: 0, max: 2 }),
  })
  const arrivals = fc
    .array(sketch, { minLength: 1, maxLength: 6 })
    .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all.keys()], { minLength: all.length })))
  fc.assert(
    fc.property(bodies(6), arrivals, (texts, [sketches, order]) => {
      const set = compileRules(rulesOf(...texts))
      const spans = sketches.map(({ name, x, startMs }) => span(name, { x }, { startMs }))
      const upTo = (index: number) => bytesOf(traceId, spans.slice(0, index + 1))
      const arrived = assembleTrace(traceId, order.map(upTo))
      const whole = assembleTrace(traceId, [bytesOf(traceId, spans)])
      expect(told(judge(set, arrived))).toBe(told(judge(set, whole)))
    }),
    { numRuns: 60, seed: 9 },
  )
})
