import fc from 'fast-check'
import { expect, it as test } from 'vitest'
import type { CheckedRule } from '../../../shared/rules/ast.ts'
import { lintRules } from '../../../shared/rules/lint/lint.ts'
import type { Trace } from '../../../shared/trace/span.ts'
import { boundBody, relatedBody } from '../../reference/bound-rules.ts'
import { referenceOutcome } from '../../reference/interpreter.ts'
import { anyBody, rulesOf } from '../../reference/rules.ts'
import { anySpans, relatedSpans, type SpanSketch, traceOf } from '../../reference/traces.ts'

/** Of an array some element may be the one and some the other, which the warnings say that they leave out. */
function holdsArrays({ attributes = {}, resource = {}, events = [] }: SpanSketch): boolean {
  const ofEvents = events.flatMap((event) => Object.values(event.attributes ?? {}))
  return [...Object.values(attributes), ...Object.values(resource), ...ofEvents].some(Array.isArray)
}

const traces = fc
  .array(fc.oneof(anySpans, relatedSpans), { minLength: 12, maxLength: 12 })
  .map((all) => all.map((spans) => spans.filter((span) => !holdsArrays(span))))
  .map((all) => all.filter((spans) => spans.length > 0).map(traceOf))

const violates = (rule: CheckedRule, trace: Trace) => referenceOutcome(rule, trace) === 'violated'

test('a rule that is said never to fire does not fire, and one that another is said to imply fires with it', () => {
  let warned = 0
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyBody, relatedBody, boundBody), { minLength: 10, maxLength: 10 }),
      traces,
      (bodies, judged) => {
        const rules = rulesOf(...bodies)
        const named = new Map(rules.map((rule) => [rule.name, rule]))
        for (const { code, rule: name, message } of lintRules(rules).items) {
          const rule = named.get(name) as CheckedRule
          const firing = judged.filter((trace) => violates(rule, trace))
          if (code === 'never-fires') expect(firing, rule.text).toEqual([])
          if (code === 'implied-rule') {
            const wider = named.get(/breaks (R\d+) /.exec(message)?.[1] ?? '') as CheckedRule
            expect(
              firing.filter((trace) => !violates(wider, trace)),
              `${rule.text} but not ${wider.text}`,
            ).toEqual([])
          }
          if (code === 'fires-without-names') {
            const nameless = traceOf([{ name: '§', attributes: {} }])
            expect(violates(rule, nameless), rule.text).toBe(true)
          }
          warned += 1
        }
      },
    ),
    { numRuns: 40, seed: 1 },
  )
  expect(warned).toBeGreaterThan(20)
})
