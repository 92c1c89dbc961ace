import { describe, expect, test } from 'vitest'
import type { ExperimentEvent } from '../../../shared/pipeline/experiment.ts'
import type { ExperimentStore, KeptVerdict } from '../../../shared/pipeline/experiment-store.ts'

const NOW_MS = 1_764_000_000_000
const DAY_MS = 86_400_000

let made = 0
/** Stores may be shared between tests: each has experiments, and days, of its own. */
const fresh = () => ({ id: `exp-${++made}`, atMs: NOW_MS + made * 10 * DAY_MS })

function startOf(experiment: string, atMs: number): ExperimentEvent {
  return { experiment, kind: 'started', atMs, receivedAtMs: atMs, source: 'api', labels: { team: 'a' } }
}

function keptOf(sequence: number, basis: string, published = false): KeptVerdict {
  const window = { from: '2025-01-01T00:00:00.000Z', to: '2025-01-01T01:00:00.000Z' }
  const verdict = { ...window, services: [], outcome: 'held', traces: sequence, signals: 0, rules: [] } as const
  return {
    sequence,
    basis,
    published,
    verdict: { ...verdict, unknownRules: [], before: { ...window, traces: 0 }, failures: [] },
  }
}

/** What every store of experiments has to do. */
export function experimentStoreContract(where: string, open: () => ExperimentStore): void {
  describe(`experiments ${where}`, () => {
    test('an event is kept once, as it was first received', async () => {
      const store = open()
      const { id, atMs } = fresh()
      const start = startOf(id, atMs)
      await store.append({ ...start, receivedAtMs: atMs + 5_000 })
      await store.append(start)
      await store.append({ ...start, receivedAtMs: atMs + 9_000 })
      expect(await store.eventsOf(id)).toEqual([start])
      const end: ExperimentEvent = { ...start, kind: 'ended', atMs: atMs + 60_000 }
      await store.append(end)
      expect(new Set(await store.eventsOf(id))).toEqual(new Set([start, end]))
    })

    test('the events of a stretch of time are found, across days', async () => {
      const store = open()
      const { id, atMs } = fresh()
      const events = [startOf(id, atMs), { ...startOf(id, atMs + 2 * DAY_MS), kind: 'ended' as const }]
      for (const event of events) await store.append(event)
      const found = async (fromMs: number, toMs: number) =>
        (await store.eventsBetween(fromMs, toMs)).filter(({ experiment }) => experiment === id).map(({ kind }) => kind)
      expect(await found(atMs, atMs + 1)).toEqual(['started'])
      expect(new Set(await found(atMs - DAY_MS, atMs + 2 * DAY_MS + 1))).toEqual(new Set(['started', 'ended']))
      expect(await found(atMs + 4 * DAY_MS, atMs + 5 * DAY_MS)).toEqual([])
    })

    test('an event without a time is found when it was received', async () => {
      const store = open()
      const { id, atMs } = fresh()
      const event: ExperimentEvent = { experiment: id, kind: 'started', receivedAtMs: atMs, source: 'gremlin' }
      await store.append(event)
      expect(await store.eventsBetween(atMs, atMs + 1)).toContainEqual(event)
    })

    test('a verdict is kept, and revised by whoever knew the one before', async () => {
      const store = open()
      const { id } = fresh()
      expect(await store.readVerdict(id)).toBeUndefined()
      expect(await store.stateOf(id)).toEqual({ kept: undefined, lateMs: 0 })
      expect(await store.keepVerdict(id, keptOf(1, 'a'))).toBe(true)
      expect(await store.keepVerdict(id, keptOf(1, 'other'))).toBe(false)
      expect(await store.keepVerdict(id, keptOf(1, 'a', true))).toBe(true)
      expect(await store.readVerdict(id)).toEqual(keptOf(1, 'a', true))
      expect(await store.keepVerdict(id, keptOf(3, 'c'))).toBe(false)
      expect(await store.keepVerdict(id, keptOf(2, 'b'))).toBe(true)
      expect((await store.stateOf(id)).kept).toEqual({ sequence: 2, basis: 'b', published: false })
    })

    test('the latest late trace is remembered, before and after a verdict', async () => {
      const store = open()
      const { id } = fresh()
      await store.noteLate(id, 2_000)
      await store.noteLate(id, 1_000)
      expect(await store.stateOf(id)).toEqual({ kept: undefined, lateMs: 2_000 })
      expect(await store.readVerdict(id)).toBeUndefined()
      await store.keepVerdict(id, keptOf(1, 'a'))
      expect((await store.stateOf(id)).lateMs).toBe(2_000)
    })
  })
}
