import { describe, expect, test } from 'vitest'
import { COMPACTION_LIMITS, compactHour } from '../../../shared/archive/compact.ts'
import { forgetHour } from '../../../shared/archive/forget.ts'
import {
  MAX_SUMMARY_RULES,
  type RuleHour,
  readHourSummary,
  writeHourSummary,
} from '../../../shared/replay/states/hour-summary.ts'
import { type HourBudget, hourJudge, itemsWithin, NO_BUDGET } from '../../../shared/replay/states/judge-hour.ts'
import { type HourRead, readHours } from '../../../shared/replay/states/read-hours.ts'
import { ruleStatesOver } from '../../../shared/replay/states/rule-states.ts'
import { closedHours, summariseHours } from '../../../shared/replay/states/summarise.ts'
import type { CheckedRule } from '../../../shared/rules/ast.ts'
import type { AttributeValue } from '../../../shared/trace/span.ts'
import { type MemoryStore, memoryStore } from '../../archive/memory-store.ts'
import { rulesOf } from '../../reference/rules.ts'
import { archive, HOUR_MS, ONE_DAY, recordOf, START_MS } from '../archived.ts'

const idOf = (number: number) => number.toString(16).padStart(32, '0')
const NOW_MS = START_MS + 100 * HOUR_MS

/** Stores one span `a` with these attributes, a trace in each hour; time of storage goes up. */
function newStore() {
  let nowMs = NOW_MS
  const store = memoryStore(() => nowMs++)
  const add = (number: number, hour: number, attributes: Readonly<Record<string, AttributeValue>> = {}) =>
    archive(store, [
      recordOf({
        traceId: idOf(number),
        spans: [{ name: 'a', attributes }],
        atMs: START_MS + hour * HOUR_MS + number,
      }),
    ])
  return { store, add }
}

/** Judges, and counts which rules were asked of which hours. */
function counting(store: MemoryStore, budget: HourBudget = NO_BUDGET) {
  const asked: string[] = []
  const judge = hourJudge(store, ONE_DAY, budget)
  return {
    asked,
    judge: ((hour, rules) => {
      const names = rules.map(({ name }) => name).join(' ')
      asked.push(`${(hour.hourMs - START_MS) / HOUR_MS}: ${names}`)
      return judge(hour, rules)
    }) as typeof judge,
  }
}

async function summarise(store: MemoryStore, rules: readonly CheckedRule[], hasTime = () => true) {
  const { judge, asked } = counting(store)
  const { hours, left } = await summariseHours({ store, range: ONE_DAY, rules, judge, hasTime })
  return { asked, hours, left }
}

async function statesNow(store: MemoryStore, rules: readonly CheckedRule[], budget?: HourBudget) {
  const { judge, asked } = counting(store, budget)
  const hours: HourRead[] = []
  for await (const hour of readHours({ store, range: ONE_DAY, rules, judge })) hours.push(hour)
  return { asked, states: ruleStatesOver(ONE_DAY, rules, new Set(), hours) }
}

const summariesIn = (store: MemoryStore) => [...store.objects.keys()].filter((key) => key.startsWith('states/'))

const RULES = rulesOf('trace.has(a).where(n > 5)', 'trace.has(a).where(m > 5)', 'trace.has(b) and not trace.has(a)')

describe('summaries of hours', () => {
  test('answer without any judging what judging answers', async () => {
    const { store, add } = newStore()
    for (const [number, n] of [7, 1, 9, 6].entries()) await add(number, number % 3, { n, mm: 1 })
    const judged = await statesNow(store, RULES)
    expect(judged.asked).toEqual(['2: R0 R1 R2', '1: R0 R1 R2', '0: R0 R1 R2'])
    await summarise(store, RULES)
    expect(await statesNow(store, RULES)).toEqual({ asked: [], states: judged.states })
    expect(judged.states.rules).toMatchObject([
      {
        state: 'violated',
        exercised: 4,
        violated: 3,
        lastExercised: new Date(START_MS + 2 * HOUR_MS + 2).toISOString(),
        hours: [{ violated: 2 }, { violated: 0 }, { violated: 1 }],
      },
      { state: 'blind', blind: 4, absent: [{ attribute: 'm', asked: 4 }] },
      { state: 'not-exercised', lastExercised: null },
    ])
  })

  test('are made again of an hour to which something came, and of no other', async () => {
    const { store, add } = newStore()
    await add(1, 0)
    await add(2, 1)
    await summarise(store, RULES)
    expect((await summarise(store, RULES)).asked).toEqual([])
    await add(3, 0, { n: 9 })
    expect((await statesNow(store, RULES)).states.rules[0]).toMatchObject({ exercised: 3, violated: 1 })
    expect((await summarise(store, RULES)).asked).toEqual(['0: R0 R1 R2'])
    expect(summariesIn(store)).toHaveLength(2)
  })

  test('are made again after a compaction, and hold when the merged objects are deleted', async () => {
    const { store, add } = newStore()
    for (const number of [1, 2, 3]) await add(number, 0)
    await summarise(store, RULES)
    const run = (nowMs: number) => ({ nowMs, token: String(nowMs) })
    await compactHour(store, START_MS, run(NOW_MS), { ...COMPACTION_LIMITS, leastNewShare: 0 })
    expect((await summarise(store, RULES)).asked).toEqual(['0: R0 R1 R2'])
    await compactHour(store, START_MS, run(NOW_MS + 2 * HOUR_MS))
    expect((await store.list('spans/')).length).toBe(1)
    expect((await statesNow(store, RULES)).asked).toEqual([])
  })

  test('of a rule that changed lack this rule alone', async () => {
    const { store, add } = newStore()
    await add(1, 0, { n: 3 })
    await summarise(store, RULES)
    const changed = rulesOf('trace.has(a).where(n > 2)', 'trace.has(a).where(m > 5)')
    const { asked, states } = await statesNow(store, changed)
    expect(asked).toEqual(['0: R0'])
    expect(states.rules).toMatchObject([{ state: 'violated' }, { state: 'blind' }])
    expect((await summarise(store, changed)).asked).toEqual(['0: R0'])
    expect((await statesNow(store, changed)).asked).toEqual([])
  })

  test('name an attribute that one hour has as found, whatever the others lack', async () => {
    const { store, add } = newStore()
    await add(1, 0)
    await add(2, 1, { m: 1 })
    await summarise(store, RULES)
    expect((await statesNow(store, RULES)).states.rules[1]).toMatchObject({ state: 'held', blind: 1, absent: [] })
  })

  test('add up to the nearest key of all hours', async () => {
    const rules = rulesOf('trace.has(a).where(order.id == 1)')
    const { store, add } = newStore()
    await add(1, 0, { 'my.app.order.id': 1 })
    await add(2, 1, { 'app.order.id': 1 })
    await add(3, 2, { unrelated: 1 })
    await summarise(store, rules)
    const absent = [{ attribute: 'order.id', spans: 'a', asked: 3, nearest: 'app.order.id' }]
    expect((await statesNow(store, rules)).states.rules).toMatchObject([{ state: 'blind', absent }])
  })

  test('go when a trace of their hour is forgotten', async () => {
    const { store, add } = newStore()
    await add(1, 0)
    await add(2, 1)
    await summarise(store, RULES)
    const forgotten = { kind: 'trace', traceId: idOf(1) } as const
    await forgetHour(store, START_MS, forgotten, { token: 't', dryRun: true })
    expect(summariesIn(store)).toHaveLength(2)
    await forgetHour(store, START_MS, forgotten, { token: 't', dryRun: false })
    expect(summariesIn(store)).toEqual([expect.stringContaining('hour=01')])
    expect((await statesNow(store, RULES)).states.traces).toBe(1)
  })

  test.each(['', '{', '{"version":2}', '[]', '{"version":1,"rules":[{"rule":1}]}'])(
    'that hold %j are not believed',
    async (text) => {
      const { store, add } = newStore()
      await add(1, 0, { n: 9 })
      await summarise(store, RULES)
      const [key = ''] = summariesIn(store)
      await store.put(key, Buffer.from(text))
      const { asked, states } = await statesNow(store, RULES)
      expect([asked.length, states.rules[0]?.state]).toEqual([1, 'violated'])
    },
  )

  test('are left for a later run where there is no time', async () => {
    const { store, add } = newStore()
    for (const hour of [0, 1, 2]) await add(hour, hour)
    let hours = 2
    const first = await summarise(store, RULES, () => hours-- > 0)
    expect([first.asked.length, first.left]).toEqual([2, 1])
    const second = await summarise(store, RULES)
    expect([second.asked, second.left]).toEqual([['0: R0 R1 R2'], 0])
  })

  test('of an hour that is too large say so', async () => {
    const { store, add } = newStore()
    await add(1, 0)
    const { states } = await statesNow(store, RULES, { ...NO_BUDGET, hasTime: () => false })
    expect(states.partialHours).toEqual([new Date(START_MS).toISOString()])
    const rule: RuleHour = { ...emptyRule('A'), partial: true }
    expect(await roundTrip([rule])).toEqual([expect.objectContaining({ rule: 'A', partial: true })])
  })

  test('hold 10,000 rules, and no more', async () => {
    for (const [rules, held] of [
      [MAX_SUMMARY_RULES, MAX_SUMMARY_RULES],
      [MAX_SUMMARY_RULES + 1, MAX_SUMMARY_RULES],
    ] as const) {
      const all = Array.from({ length: rules }, (_, i) => emptyRule(`RULE_WITH_A_LONG_NAME_${i}`))
      expect(await roundTrip(all)).toHaveLength(held)
    }
  })
})

function emptyRule(rule: string): RuleHour {
  return { rule, revision: 'abcdef0123456789', exercised: 0, violated: 0, inconclusive: 0, blind: 0, needs: [] }
}

async function roundTrip(rules: readonly RuleHour[]) {
  const store = memoryStore()
  const bytes = writeHourSummary({ traces: 1, covers: { objects: 1, newestMs: 1 }, failures: [], rules })
  expect(bytes.length).toBeLessThan(1_000_000)
  await store.put('states/x', bytes)
  const [object] = await store.list('states/')
  return object === undefined ? undefined : (await readHourSummary(store, object))?.rules
}

test('parts of an hour are judged up to a number of bytes, the first always', () => {
  const item = (byteLength: number) => ({
    hourMs: 0,
    slice: { from: 0, to: 1 },
    objects: [{ key: 'k', byteLength, storedAtMs: 0 }],
  })
  const items = [item(5), item(5), item(5)]
  expect(itemsWithin(items, 1)).toHaveLength(1)
  expect(itemsWithin(items, 10)).toHaveLength(2)
  expect(itemsWithin(items, 15)).toHaveLength(3)
})

test('the last 24 hours that ended ten minutes ago or longer are closed', () => {
  const at = (minutes: number) => START_MS + minutes * 60_000
  expect(closedHours(at(9))).toEqual({ fromMs: START_MS - 25 * HOUR_MS, toMs: START_MS - HOUR_MS })
  expect(closedHours(at(10))).toEqual({ fromMs: START_MS - 24 * HOUR_MS, toMs: START_MS })
})
