import { expect, test } from 'vitest'
import type { ExperimentEvent } from '../../shared/pipeline/experiment.ts'
import { experimentCalendar } from '../../shared/pipeline/experiment-calendar.ts'
import { judgingSettings } from '../../shared/pipeline/settings.ts'

const NOW = 1_764_000_000_000
const HOUR_MS = 3_600_000
const settings = judgingSettings({ maxExperimentMs: 2 * HOUR_MS })
const settleMs = settings.incompleteWaitMs + settings.verdictMarginMs
const timeAt = (startMs: number) => ({ startMs, lastStartMs: startMs, endMs: startMs + 10 })

function told(experiment: string, kind: 'started' | 'ended', atMs: number): ExperimentEvent {
  return { experiment, kind, atMs, receivedAtMs: atMs, source: 'api' }
}

/** A calendar over these events, and what was asked of the store. */
function calendarOf(events: ExperimentEvent[], cacheMs = 0) {
  const world = { nowMs: NOW, reads: 0, late: [] as string[] }
  const store = {
    eventsOf: async (id: string) => events.filter(({ experiment }) => experiment === id),
    eventsBetween: async (fromMs: number, toMs: number) => {
      world.reads++
      return events.filter(({ atMs = 0 }) => atMs >= fromMs && atMs < toMs)
    },
    noteLate: async (id: string) => void world.late.push(id),
  }
  return { world, calendar: experimentCalendar(store, () => world.nowMs, settings, cacheMs) }
}

test('experiments during which a trace ran are found, whenever they began and end', async () => {
  const { calendar } = calendarOf([
    told('b', 'started', NOW - HOUR_MS),
    told('a', 'started', NOW - HOUR_MS),
    told('a', 'ended', NOW - HOUR_MS / 2),
    told('over', 'started', NOW - 3 * HOUR_MS),
    told('ahead', 'started', NOW + 1),
  ])
  const during = async (startMs: number) => (await calendar.overlapping(timeAt(startMs))).map(({ id }) => id)
  expect(await during(NOW - HOUR_MS / 2 - 1)).toEqual(['a', 'b'])
  expect(await during(NOW - 100)).toEqual(['b'])
  expect(await during(NOW - 3 * HOUR_MS)).toEqual(['over'])
})

test('a trace older than traces are re-opened at has the store asked for its own time', async () => {
  const longAgoMs = NOW - settings.judgeWindowMs - 100 * HOUR_MS
  const events = [told('old', 'started', longAgoMs), told('old', 'ended', longAgoMs + 1_000)]
  const { calendar } = calendarOf(events)
  expect((await calendar.overlapping(timeAt(longAgoMs + 500))).map(({ id }) => id)).toEqual(['old'])
})

test('one look serves the traces of a while', async () => {
  const events: ExperimentEvent[] = []
  const { world, calendar } = calendarOf(events, 1_000)
  await calendar.overlapping(timeAt(NOW))
  events.push(told('new', 'started', NOW))
  world.nowMs += 999
  expect(await calendar.overlapping(timeAt(NOW))).toEqual([])
  world.nowMs += 1
  expect((await calendar.overlapping(timeAt(NOW))).map(({ id }) => id)).toEqual(['new'])
  expect(world.reads).toBe(2)
})

test('only a trace judged after the verdict could be given asks for a revision', async () => {
  const { world, calendar } = calendarOf([told('a', 'started', NOW - HOUR_MS), told('a', 'ended', NOW)])
  const windows = await calendar.overlapping(timeAt(NOW - 10))
  world.nowMs = NOW + settleMs - 1
  await calendar.judged(windows)
  expect(world.late).toEqual([])
  world.nowMs = NOW + settleMs
  await calendar.judged(windows)
  expect(world.late).toEqual(['a'])
})
