import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRules } from '../../../shared/rules/compile/compile.ts'
import { idleOutcome, judge } from '../../../shared/rules/judge/judge.ts'
import { referenceOutcome } from '../../reference/interpreter.ts'
import { rulesOf } from '../../reference/rules.ts'
import { type SpanSketch, traceOf } from '../../reference/traces.ts'

const pick = fc.constantFrom<string[]>
const order = fc
  .tuple(
    pick('p before q', 'q after p', 'q starts before p', 'p starts after q'),
    pick('', ' within 0s', ' within 1us', ' within 3us', ' within 1ms', ' within 1.5ms', ' within 3ms'),
  )
  .map((parts) => parts.join(''))
const relation = fc.oneof(order, pick('p under q', 'q under p', 'q directly under p', 'p directly under q'))
const several = fc
  .array(fc.oneof({ weight: 4, arbitrary: relation }, { weight: 1, arbitrary: pick('p.x == q.x', 'p.x < q.x') }), {
    minLength: 2,
    maxLength: 3,
  })
  .map((parts) => parts.join(' and '))
const body = fc
  .tuple(pick('a', 'has(any)'), pick('b', 'has(any)'), several, pick('pattern', 'never', 'always'))
  .map(([p, q, parts, block]) =>
    block === 'pattern'
      ? `${p} as p and ${q} as q and ${parts}`
      : `when { ${p} as p } ${block} { ${q} as q and ${parts} }`,
  )

const micros = (min: bigint, max: bigint) => fc.bigInt(min, max).map((each) => each * 1000n)
/** In milliseconds, so that a quarter of the times are known to the millisecond only. */
const quarters = (min: bigint, max: bigint) => fc.bigInt(min, max).map((each) => each * 250_000n)

const sketch: fc.Arbitrary<SpanSketch> = fc.record({
  name: pick('a', 'b'),
  id: fc.integer({ min: 1, max: 12 }),
  parent: fc.integer({ min: 1, max: 14 }),
  startNanos: fc.oneof(micros(0n, 8n), quarters(0n, 16n)),
  durationNanos: fc.oneof(micros(-2n, 5n), quarters(-2n, 12n)),
  attributes: fc.constantFrom({}, { x: 1 }, { x: 2 }),
})
/** Half of them a forest, the others with span ids that several share. */
const spans = fc
  .tuple(fc.boolean(), fc.array(sketch, { maxLength: 14 }))
  .map(([isForest, drawn]) => (isForest ? drawn.map((each, i) => ({ ...each, id: i + 1 })) : drawn))

test('several relations between two bound spans hold as by looking at every pair', () => {
  fc.assert(
    fc.property(
      fc.array(body, { minLength: 8, maxLength: 8 }),
      fc.array(spans, { minLength: 5, maxLength: 5 }),
      (bodies, traces) => {
        const rules = rulesOf(...bodies)
        const set = compileRules(rules)
        for (const trace of traces.map(traceOf)) {
          const outcomes = new Map(judge(set, trace).map(({ rule, outcome }) => [rule, outcome]))
          for (const rule of rules) {
            const outcome = outcomes.get(rule) ?? idleOutcome(rule)
            expect([rule.text, outcome]).toEqual([rule.text, referenceOutcome(rule, trace)])
          }
        }
      },
    ),
    { seed: 14, numRuns: 60 },
  )
})

const chain = traceOf(
  Array.from({ length: 10_000 }, (_, i) => ({
    name: i % 2 === 0 ? 'a' : 'b',
    id: i + 1,
    ...(i > 0 && { parent: i }),
    startNanos: BigInt(i) * 1000n,
  })),
)

test.each([
  'any as child and any as parent and child directly under parent and child starts before parent',
  'a as p and b as q and q under p and q before p',
  'a as p and b as q and q starts after p within 5us and p under q',
  'when { a as p } never { b as q and p directly under q and q starts after p }',
])('%s is answered of a chain of 10,000 spans', (rule) => {
  expect(judge(compileRules(rulesOf(rule)), chain)[0]?.outcome).toBe('satisfied')
})
