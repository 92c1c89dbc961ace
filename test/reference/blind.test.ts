import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blindnessOf } from '../../shared/rules/blind/blindness.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { judgeRun, startRun } from '../../shared/rules/judge/judge.ts'
import { boundBody, relatedBody } from './bound-rules.ts'
import { referenceOutcome } from './interpreter.ts'
import { referenceIsBlind } from './kleene.ts'
import { respeltBody, respeltSpans } from './respelt.ts'
import { anyBody, rulesOf, spanTest } from './rules.ts'
import { anySpans, relatedSpans, type SpanSketch, spanSketch, traceOf } from './traces.ts'

/** Cases of a rule on a trace in each test; many by hand: `SEED=2 npm run differential`. */
const cases = Number(process.env.CASES ?? 500)
const seed = Number(process.env.SEED ?? 1)

const many = <Item>(arbitrary: fc.Arbitrary<Item>, count: number) =>
  fc.array(arbitrary, { minLength: count, maxLength: count })

/** Where the judge and three values differ about blindness, and how many traces left a rule blind. */
function compare(bodies: readonly string[], traces: readonly (readonly SpanSketch[])[]) {
  const rules = rulesOf(...bodies)
  const set = compileRules(rules)
  const blindness = blindnessOf(set)
  let blind = 0
  const differences = traces.flatMap((sketches) => {
    const trace = traceOf(sketches)
    const run = startRun(set, trace)
    const touched = new Map(judgeRun(set, run).map(({ rule, outcome }) => [rule, outcome]))
    return rules.flatMap((rule, order) => {
      const expected = referenceIsBlind(rule, trace)
      if (expected) blind++
      const outcome = touched.get(rule)
      if (outcome === 'violated' || outcome === 'inconclusive') return []
      const found = blindness(order)?.isBlind(run) === true
      // A rule that lacks the span names it needs is not asked, so it must not be exercised either.
      const isUnasked = outcome === undefined && expected && blindness(order)?.isExercised(run) === true
      const isWrong = found !== expected || isUnasked
      return isWrong ? [{ rule: rule.text, sketches, found, expected, outcome }] : []
    })
  })
  return { differences, blind }
}

function isEqualOn(bodies: fc.Arbitrary<string>, traces: fc.Arbitrary<readonly SpanSketch[]>) {
  let blind = 0
  fc.assert(
    fc.property(many(bodies, 8), many(traces, 5), (texts, sketches) => {
      const compared = compare(texts, sketches)
      expect(compared.differences).toEqual([])
      blind += compared.blind
    }),
    { numRuns: Math.ceil(cases / 40), seed },
  )
  expect(blind).toBeGreaterThan(cases / 100)
}

test('a rule is blind where three values leave open whether it is violated', () => {
  isEqualOn(anyBody, anySpans)
})

test('so it is with every operator on values of every kind', () => {
  isEqualOn(
    spanTest.map((text) => `trace.has(any).where(${text})`),
    many(spanSketch, 1),
  )
})

test('so it is with order, structure and events', () => {
  isEqualOn(relatedBody, relatedSpans)
})

test('so it is with spans that are bound', () => {
  isEqualOn(boundBody, relatedSpans)
})

test('so it is with attributes that rules and spans know by different names', () => {
  isEqualOn(respeltBody(fc.oneof(anyBody, boundBody, relatedBody)), respeltSpans(relatedSpans))
})

/** `exists` asks whether an attribute is there, which a value filled in changes; a dotted word is text where it is not. */
const ofValues = fc
  .oneof(anyBody, boundBody, relatedBody)
  .filter((text) => !text.includes('exists(') && !/attr\(|user\.id/.test(text))

test('a rule that some values of the missing attributes violate is blind without them', () => {
  const value = fc.constantFrom<string | number | boolean>(1, 2, 5, 0.5, 'EU', 'a', '5', true, false)
  const filled = fc.array(fc.tuple(value, value, value), { minLength: 8, maxLength: 8 })
  let broken = 0
  fc.assert(
    fc.property(many(ofValues, 8), many(fc.tuple(relatedSpans, filled), 5), (texts, traces) => {
      const rules = rulesOf(...texts)
      for (const [sketches, values] of traces) {
        const trace = traceOf(sketches)
        const whole = traceOf(
          sketches.map((sketch, i) => {
            const [x, y, tags] = values[i % values.length] as (typeof values)[number]
            const attributes = { x, y, tags, ...present(sketch.resource), ...present(sketch.attributes) }
            const events = sketch.events?.map((event) => ({
              ...event,
              attributes: { x, y, tags, ...present(event.attributes) },
            }))
            return { ...sketch, attributes, ...(events !== undefined && { events }) }
          }),
        )
        for (const rule of rules) {
          if (referenceOutcome(rule, trace) === 'violated' || referenceOutcome(rule, whole) !== 'violated') continue
          broken++
          expect(referenceIsBlind(rule, trace), rule.text).toBe(true)
        }
      }
    }),
    { numRuns: Math.ceil(cases / 40), seed },
  )
  expect(broken).toBeGreaterThan(0)
})

function present(attributes: SpanSketch['attributes'] = {}) {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null))
}
