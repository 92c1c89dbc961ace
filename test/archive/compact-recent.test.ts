import { beforeEach, expect, test } from 'vitest'
import { COMPACTION_LIMITS, GRACE_MS } from '../../shared/archive/compact.ts'
import { type CompactionOfHours, compactHours } from '../../shared/archive/compact-recent.ts'
import { archive, HOUR_MS, recordOf, START_MS } from '../replay/archived.ts'
import { type MemoryStore, memoryStore } from './memory-store.ts'

let nowMs: number
let store: MemoryStore
let runs = 0
beforeEach(() => {
  nowMs = START_MS + 5 * HOUR_MS
  store = memoryStore(() => nowMs)
})

let traces = 0
/** An object with one trace of an hour. */
const put = async (hour: number) => {
  const traceId = (++traces).toString(16).padStart(32, '0')
  await archive(store, [recordOf({ traceId, spans: [{ name: 'a' }], atMs: START_MS + hour * HOUR_MS })])
}
const run = (options: Partial<CompactionOfHours> = {}) =>
  compactHours({
    store,
    fromMs: START_MS - 24 * HOUR_MS,
    toMs: nowMs,
    nowMs,
    newToken: () => `run ${runs++}`,
    all: false,
    mostBytes: 1_000_000,
    hasTime: () => true,
    ...options,
  })
const merged = (done: Awaited<ReturnType<typeof run>>) => done.hours.map((hour) => [hour.hourMs, hour.merged])

test('hours that are over are compacted, the one that goes on is not', async () => {
  for (const hour of [0, 0, 1, 4, 4, 5, 5]) await put(hour)
  expect(merged(await run({ nowMs: START_MS + 5 * HOUR_MS + 60_000 }))).toEqual([[START_MS, 2]])
  nowMs += 15 * 60_000
  expect(merged(await run())).toEqual([
    [START_MS, 0],
    [START_MS + 4 * HOUR_MS, 2],
  ])
})

test('what was merged is deleted by a run an hour later, then the hour is left alone until a new object arrives', async () => {
  await put(0)
  await put(0)
  await run()
  nowMs += GRACE_MS
  expect((await run()).hours.map(({ deleted }) => deleted)).toEqual([2])
  nowMs += GRACE_MS
  expect((await run()).hours).toEqual([])
  expect(store.objects.size).toBe(1)
  await put(0)
  expect(merged(await run({ limits: { ...COMPACTION_LIMITS, leastNewShare: 0 } }))).toEqual([[START_MS, 2]])
})

test('hours to which nothing came for long are looked at where all are asked for', async () => {
  await put(0)
  await put(0)
  nowMs += 10 * HOUR_MS
  expect((await run()).hours).toEqual([])
  expect(merged(await run({ all: true }))).toEqual([[START_MS, 2]])
})

test('an hour that is too large is named, and hours without time left for them are counted', async () => {
  for (const hour of [0, 0, 1, 1, 2, 2, 2]) await put(hour)
  const bytes = [...store.objects.values()].reduce((sum, object) => sum + object.length, 0)
  let looks = 0
  const done = await run({ mostBytes: (bytes * 5) / 14, hasTime: () => looks++ === 0 })
  expect(merged(done)).toEqual([[START_MS, 2]])
  expect(done).toMatchObject({ left: 1, tooLarge: ['2025-10-15T02'] })
})
