import { describe, expect, test } from 'vitest'
import { fileTrace } from '../../shared/trace/filing.ts'

const ARRIVED_MS = Date.UTC(2025, 9, 15, 12)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Of a trace whose spans start between the two. */
function startingAt(startMs: number, lastStartMs = startMs) {
  return { startMs, lastStartMs, endMs: lastStartMs }
}

describe('fileTrace', () => {
  test('a trace is filed under its earliest start', () => {
    const time = startingAt(ARRIVED_MS - 5000, ARRIVED_MS)
    expect(fileTrace(time, ARRIVED_MS, DAY_MS)).toEqual({ atMs: ARRIVED_MS - 5000, by: 'start' })
  })

  test('a trace without spans is filed by its arrival', () => {
    expect(fileTrace(undefined, ARRIVED_MS, DAY_MS)).toEqual({ atMs: ARRIVED_MS, by: 'arrival' })
  })

  test.each([
    ['7 days before its arrival', -7 * DAY_MS, 'start'],
    ['1 hour after its arrival', HOUR_MS, 'start'],
    ['later still', HOUR_MS + 1, 'arrival'],
  ] as const)('a start %s (%i ms) is filed by %s', (_, offsetMs, by) => {
    const atMs = by === 'start' ? ARRIVED_MS + offsetMs : ARRIVED_MS
    expect(fileTrace(startingAt(ARRIVED_MS + offsetMs), ARRIVED_MS, DAY_MS)).toEqual({ atMs, by })
  })

  test('a trace of which all spans are older is history, and filed by its start', () => {
    const old = ARRIVED_MS - 300 * DAY_MS
    expect(fileTrace(startingAt(old), ARRIVED_MS, DAY_MS)).toEqual({ atMs: old, by: 'start' })
    expect(fileTrace(startingAt(old, ARRIVED_MS), ARRIVED_MS, DAY_MS)).toEqual({ atMs: ARRIVED_MS, by: 'arrival' })
    expect(fileTrace(startingAt(Date.UTC(2001, 1)), ARRIVED_MS, DAY_MS)).toEqual({ atMs: ARRIVED_MS, by: 'arrival' })
  })

  test('a span without a start is filed by its arrival', () => {
    expect(fileTrace(startingAt(0), ARRIVED_MS, DAY_MS)).toEqual({ atMs: ARRIVED_MS, by: 'arrival' })
  })
})
