import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { COMPACTION_LIMITS, compactHour } from '../../shared/archive/compact.ts'
import { planReplay } from '../../shared/replay/plan.ts'
import type { ViolationSample } from '../../shared/replay/tally.ts'
import { newWorker, workOn } from '../../shared/replay/work.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { memoryStore } from '../archive/memory-store.ts'
import { rulesOf } from '../reference/rules.ts'
import { archive, ONE_DAY, recordOf, replay, START_MS } from './archived.ts'

const idOf = (index: number) => (index + 4096).toString(16).padStart(32, '0')
const hashOf = (index: number) => createHash('sha256').update(String(index)).digest('hex')
/** The bytes read of an object for its footer. */
const TAIL_BYTES = 64 * 1024
/** Times go up and down as trace ids go up. */
const timeOf = (index: number) => START_MS + ((index * 37) % 100) * 1000
const traces = (count: number, name = 'a') =>
  Array.from({ length: count }, (_, index) => {
    return recordOf({
      traceId: idOf(index),
      spans: [{ name, attributes: { index, text: hashOf(index) } }],
      atMs: timeOf(index),
    })
  })

describe('the work of a replay', () => {
  test.each([
    ['names', 'trace.has(a)'],
    ['values', 'trace.has(a).where(index >= 0)'],
  ])('keeps the earliest violations of a rule on %s as samples', async (_, body) => {
    const store = memoryStore()
    await archive(store, traces(100))
    const { rules } = await replay(store, rulesOf(body), ONE_DAY, { sampleLimit: 7 })
    expect(rules[0]?.violated).toBe(100)
    expect(rules[0]?.samples.map(({ time }) => Date.parse(time) - START_MS)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((second) => second * 1000),
    )
  })

  test('hands over every violation with its evidence, samples or not', async () => {
    const store = memoryStore()
    await archive(store, traces(20))
    const found: ViolationSample[] = []
    const worker = newWorker(store, compileRules(rulesOf('trace.has(a)')), ONE_DAY, 1, (each) => found.push(each))
    const plan = await planReplay(store, ONE_DAY, { mostItemBytes: Number.MAX_SAFE_INTEGER })
    for (const item of plan.items) await workOn(worker, item)
    expect(found.map(({ data }) => data.traceId).sort()).toEqual(traces(20).map((_, index) => idOf(index)))
    expect(found[0]?.data.evidence.text).toContain('a')
  })

  test('reads nothing of objects that lack the names a rule needs, but their footers', async () => {
    const store = memoryStore()
    const [idle = ''] = await archive(store, traces(1500, 'b'))
    const [busy = ''] = await archive(store, traces(1500, 'a'))
    const { objects, traces: judged } = await replay(store, rulesOf('trace.has(a).where(index > 3)'))
    expect(judged).toBe(3000)
    expect(objects).toMatchObject({ scanned: 1, skipped: 1, spansScanned: 1500, spansSkipped: 1500 })
    expect(store.objects.get(idle)?.length).toBeGreaterThan(TAIL_BYTES)
    expect(store.reads.get(idle)).toBe(TAIL_BYTES)
    expect(store.reads.get(busy)).toBeGreaterThan(TAIL_BYTES)
  })

  test('counts traces and spans once, however an hour is split or its items are cut', async () => {
    const store = memoryStore()
    const all = traces(90)
    await archive(store, all.slice(0, 45))
    await archive(store, all.slice(45))
    const bytes = [...store.objects.values()].reduce((sum, object) => sum + object.length, 0)
    const limits = { ...COMPACTION_LIMITS, targetBytes: Math.ceil(bytes / 3), leastNewShare: 0 }
    const uncompacted = { limits: { mostItemBytes: Math.ceil(bytes / 4) } }
    for (const body of ['trace.has(a)', 'trace.has(b)']) {
      const { traces: judged, objects } = await replay(store, rulesOf(body), ONE_DAY, uncompacted)
      expect([judged, objects.spansScanned + objects.spansSkipped]).toEqual([90, 90])
    }
    expect(await compactHour(store, START_MS, { nowMs: START_MS, token: 'run' }, limits)).toMatchObject({ written: 3 })
    for (const body of ['trace.has(a)', 'trace.has(b)']) {
      const { traces: judged, objects } = await replay(store, rulesOf(body))
      expect([judged, objects.scanned + objects.skipped, objects.spansScanned + objects.spansSkipped]).toEqual([
        90, 3, 90,
      ])
    }
  })
})
