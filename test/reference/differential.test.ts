import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileRules } from '../../shared/rules/compile.ts'
import { idleOutcome, judge } from '../../shared/rules/judge.ts'
import { referenceOutcome } from './interpreter.ts'
import { anyBody, rulesOf } from './rules.ts'
import { anySpans, traceOf } from './traces.ts'

/** Cases of a rule on a trace; by hand: `CASES=100000 npx vitest run test/reference`. */
const cases = Number(process.env.CASES ?? 4000)
const rulesASet = 8
const tracesASet = 5

test('the judge and the reference interpreter give equal verdicts on random rules and traces', () => {
  const bodies = fc.array(anyBody, { minLength: rulesASet, maxLength: rulesASet })
  const traces = fc.array(anySpans, { minLength: tracesASet, maxLength: tracesASet })
  fc.assert(
    fc.property(bodies, traces, (texts, sketches) => {
      const rules = rulesOf(...texts)
      const set = compileRules(rules)
      const differences = sketches.flatMap((sketch) => {
        const trace = traceOf(sketch)
        const outcomes = new Map(judge(set, trace).map((verdict) => [verdict.rule, verdict.outcome]))
        const compared = rules.map((rule) => ({
          rule: rule.text,
          sketch,
          judged: outcomes.get(rule) ?? idleOutcome(rule),
          expected: referenceOutcome(rule, trace),
        }))
        return compared.filter(({ judged, expected }) => judged !== expected)
      })
      expect(differences).toEqual([])
    }),
    { numRuns: Math.ceil(cases / (rulesASet * tracesASet)), seed: Number(process.env.SEED ?? 1) },
  )
})
