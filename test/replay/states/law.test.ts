import fc from 'fast-check'
import { expect, test } from 'vitest'
import { replayOf } from '../../../shared/experiments/replay-store.ts'
import { giveExperimentVerdict } from '../../../shared/experiments/verdict.ts'
import { hourJudge, NO_BUDGET } from '../../../shared/replay/states/judge-hour.ts'
import { type HourRead, readHours } from '../../../shared/replay/states/read-hours.ts'
import { ruleStatesOver } from '../../../shared/replay/states/rule-states.ts'
import { summariseHours } from '../../../shared/replay/states/summarise.ts'
import type { CheckedRule } from '../../../shared/rules/ast.ts'
import { type MemoryStore, memoryStore } from '../../archive/memory-store.ts'
import { relatedBody } from '../../reference/bound-rules.ts'
import { anyBody, rulesOf } from '../../reference/rules.ts'
import { anySpans } from '../../reference/traces.ts'
import { archive, HOUR_MS, ONE_DAY, recordOf, START_MS } from '../archived.ts'

const anyTrace = fc.record({ spans: anySpans.filter((spans) => spans.length > 0), hour: fc.nat(2) })

async function statesIn(store: MemoryStore, rules: readonly CheckedRule[]) {
  const hours: HourRead[] = []
  const judge = hourJudge(store, ONE_DAY, NO_BUDGET)
  for await (const hour of readHours({ store, range: ONE_DAY, rules, judge })) hours.push(hour)
  return { states: ruleStatesOver(ONE_DAY, rules, new Set(), hours), isFresh: hours.some((hour) => hour.isFresh) }
}

test('the states of rules are the verdict on the same window, judged now or read from summaries', async () => {
  const body = fc.oneof(anyBody, relatedBody)
  const bodies = fc.array(body, { minLength: 1, maxLength: 4 })
  const property = fc.asyncProperty(
    bodies,
    fc.array(anyTrace, { minLength: 1, maxLength: 6 }),
    async (texts, traces) => {
      const rules = rulesOf(...texts)
      const store = memoryStore()
      const records = traces.map(({ spans, hour }, index) => {
        return recordOf({ traceId: `${'0'.repeat(30)}${index + 16}`, spans, atMs: START_MS + hour * HOUR_MS + index })
      })
      await archive(store, records)
      const verdict = await giveExperimentVerdict(
        { range: ONE_DAY, rules, services: [], expected: [] },
        replayOf(store, 0),
      )
      const { states } = await statesIn(store, rules)
      expect(states.traces).toBe(verdict.traces)
      expect(
        states.rules.map(({ rule, state, exercised, violated, blind, absent }) => {
          return { rule, verdict: state, exercised, violated, blind, absent }
        }),
      ).toEqual(
        verdict.rules.map(({ rule, verdict, exercised, violated, blind, absent }) => {
          return { rule, verdict, exercised, violated, blind, absent }
        }),
      )
      const judge = hourJudge(store, ONE_DAY, NO_BUDGET)
      await summariseHours({ store, range: ONE_DAY, rules, judge, hasTime: () => true })
      expect(await statesIn(store, rules)).toEqual({ states, isFresh: false })
    },
  )
  await fc.assert(property, { numRuns: 60 })
})
