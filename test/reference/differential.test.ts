import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { explain } from '../../shared/rules/evidence/explain.ts'
import { idleOutcome, judge } from '../../shared/rules/judge/judge.ts'
import { boundBody, relatedBody } from './bound-rules.ts'
import { referenceOutcome } from './interpreter.ts'
import { respeltBody, respeltSpans } from './respelt.ts'
import { anyBody, rulesOf, spanTest } from './rules.ts'
import { anySpans, manyRelatedSpans, relatedSpans, type SpanSketch, spanSketch, traceOf } from './traces.ts'
import { auditEvidence } from './witness.ts'

/** Cases of a rule on a trace in each test; many by hand: `SEED=2 npm run differential`. */
const cases = Number(process.env.CASES ?? 2000)
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

test('they agree on spans that are bound', () => {
  fc.assert(
    fc.property(many(boundBody, 8), many(relatedSpans, 5), (bodies, traces) => {
      expect(differences(bodies, traces)).toEqual([])
    }),
    { numRuns: Math.ceil(cases / 40), seed },
  )
})

test('they agree on attributes that rules and spans know by different names', () => {
  const bodies = respeltBody(fc.oneof(anyBody, boundBody, relatedBody))
  fc.assert(
    fc.property(many(bodies, 8), many(respeltSpans(relatedSpans), 5), (texts, traces) => {
      expect(differences(texts, traces)).toEqual([])
    }),
    { numRuns: Math.ceil(cases / 40), seed },
  )
})

test('they read every operator alike under every name of an attribute', () => {
  const bodies = respeltBody(spanTest.map((text) => `trace.has(any).where(${text})`))
  fc.assert(
    fc.property(many(bodies, 20), many(respeltSpans(many(spanSketch, 1)), 20), (tests, traces) => {
      expect(differences(tests, traces)).toEqual([])
    }),
    { numRuns: Math.ceil(cases / 50), seed },
  )
})

test('they agree on traces of many spans, where an index leaves some out', () => {
  const body = fc.oneof(
    boundBody.filter((text) => (text.match(/ as /g) ?? []).length <= 2),
    relatedBody,
  )
  fc.assert(
    fc.property(many(body, 8), many(manyRelatedSpans, 2), (bodies, traces) => {
      expect(differences(bodies, traces)).toEqual([])
    }),
    { numRuns: Math.ceil(cases / 64), seed },
  )
})

test('a verdict depends neither on the order in which spans come nor on how often it is asked for', () => {
  const shuffled = relatedSpans.chain((sketches) =>
    fc.tuple(fc.constant(sketches), fc.shuffledSubarray(sketches, { minLength: sketches.length })),
  )
  fc.assert(
    fc.property(many(fc.oneof(boundBody, relatedBody), 8), many(shuffled, 4), (bodies, traces) => {
      const set = compileRules(rulesOf(...bodies))
      const verdicts = (sketches: readonly SpanSketch[]) =>
        judge(set, traceOf(sketches)).map(({ rule, outcome, evidence }) => ({ name: rule.name, outcome, evidence }))
      for (const [sketches, reordered] of traces) {
        const first = verdicts(sketches)
        expect(verdicts(sketches)).toEqual(first)
        const outcomes = first.map(({ name, outcome }) => ({ name, outcome }))
        expect(verdicts(reordered).map(({ name, outcome }) => ({ name, outcome }))).toEqual(outcomes)
        // Spans of one start and id have no order among themselves.
        const moments = sketches.map(({ startNanos, id }) => `${startNanos} ${id}`)
        if (new Set(moments).size === moments.length) expect(verdicts(reordered)).toEqual(first)
      }
    }),
    { numRuns: Math.ceil(cases / 80), seed },
  )
})

test('what evidence says of a trace, the reference interpreter finds as well', () => {
  let readClauses = 0
  fc.assert(
    fc.property(many(fc.oneof(boundBody, relatedBody), 8), many(relatedSpans, 5), (bodies, sketches) => {
      const set = compileRules(rulesOf(...bodies))
      for (const trace of sketches.map(traceOf)) {
        for (const { rule, outcome, evidence } of [...judge(set, trace), ...explain(set, trace)]) {
          if (evidence === undefined) continue
          // If `when` holds nowhere, its names mean nothing in the other blocks.
          const clauses = evidence.clauses.filter(({ block }) => outcome !== 'vacuous' || block === 'when')
          const audit = auditEvidence(clauses, trace)
          expect(audit.faults, rule.text).toEqual([])
          readClauses += audit.readClauses
        }
      }
    }),
    { numRuns: Math.ceil(cases / 100), seed },
  )
  expect(readClauses).toBeGreaterThan(cases / 50)
})
