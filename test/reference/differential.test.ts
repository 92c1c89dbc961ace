import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRules } from '../../shared/rules/compile.ts'
import { idleOutcome, judge } from '../../shared/rules/judge.ts'
import { relatedBody } from './bound-rules.ts'
import { referenceOutcome } from './interpreter.ts'
import { anyBody, rulesOf, spanTest } from './rules.ts'
import { anySpans, relatedSpans, type SpanSketch, spanSketch, traceOf } from './traces.ts'

/** Cases of a rule on a trace; by hand: `CASES=100000 SEED=2 npx vitest run test/reference`. */
const cases = Number(process.env.CASES ?? 5000)
const seed = Number(process.env.SEED ?? 1)

/** Where the judge and the reference interpreter differ, with what it takes to see it again. */
function differences(bodies: readonly string[], traces: readonly (readonly SpanSketch[])[]) {
  const rules = rulesOf(...bodies)
  const set = compileRules(rules)
  return traces.flatMap((sketches) => {
    const trace = traceOf(sketches)
    const outcomes = new Map(judge(set, trace).map(({ rule, outcome }) => [rule, outcome]))
    const compared = rules.map((rule) => ({
      rule: rule.text,
      sketches,
      judged: outcomes.get(rule) ?? idleOutcome(rule),
      expected: referenceOutcome(rule, trace),
    }))
    return compared.filter(({ judged, expected }) => judged !== expected)
  })
}

const many = <Item>(arbitrary: fc.Arbitrary<Item>, count: number) =>
  fc.array(arbitrary, { minLength: count, maxLength: count })

test('the judge and the reference interpreter give equal verdicts on random rules and traces', () => {
  fc.assert(
    fc.property(many(anyBody, 8), many(anySpans, 5), (bodies, traces) => {
      expect(differences(bodies, traces)).toEqual([])
    }),
    { numRuns: Math.ceil(cases / 40), seed },
  )
})

test('they read every operator alike on values of every kind', () => {
  const bodies = spanTest.map((text) => `trace.has(any).where(${text})`)
  fc.assert(
    fc.property(many(bodies, 20), many(many(spanSketch, 1), 20), (tests, traces) => {
      expect(differences(tests, traces)).toEqual([])
    }),
    { numRuns: Math.ceil(cases / 50), seed },
  )
})

test('they agree on order, structure and events', () => {
  fc.assert(
    fc.property(many(relatedBody, 8), many(relatedSpans, 5), (bodies, traces) => {
      expect(differences(bodies, traces)).toEqual([])
    }),
    { numRuns: Math.ceil(cases / 40), seed },
  )
})
